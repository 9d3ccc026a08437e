package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hinge/dynamics"
	"hinge/internal/strictyaml"
	"hinge/nn"
	"hinge/nn/file"
	"hinge/report"
)

func (a *app) convertCommand() *cobra.Command {
	var single, step bool
	var log string
	c := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert a network between safetensors and ONNX, or a log to a data set",
		Long: `Convert a network between safetensors and ONNX; the names of the files say which.
Metadata go along. OUT is read again and compared with IN at random inputs.

From ONNX: Gemm, MatMul, Add, Sub, Relu, Concat, Flatten, Reshape, Constant,
Identity and Dropout. What is affine between two Relus is joined into one layer.

A model of hinge is a network between normalisers, which are in its metadata;
--step joins them, for the network from state and action to the next state.

With --log, IN is the log of a robot, .csv with a line of column names or .npz with
an array a column, and OUT a data set (.npz) for hinge train. The YAML file says
what the columns mean, by the keys

` + strings.TrimRight(string(strictyaml.Encode(new(defaultLogConfig()))), "\n"),
		Example: `  hinge convert model.safetensors model.onnx
  hinge convert model.safetensors step.onnx --step --float32
  hinge convert network.onnx network.safetensors --json
  hinge convert log.csv data.npz --log robot.yaml`,
		Args: exactArgs("the file to read, .safetensors or .onnx", "the file to write, .onnx or .safetensors"),
	}
	c.Flags().BoolVar(&single, "float32", false, "round the parameters to float32, which every tool computes with")
	c.Flags().BoolVar(&step, "step", false, "of a model, convert the whole step with features and normalisers")
	c.Flags().StringVar(&log, "log", "", "YAML file that says what the columns of a log mean")
	return a.command(c, outForResult, func(_ context.Context, _ *cobra.Command, args []string) (result, error) {
		if log != "" {
			return a.convertLog(args[0], args[1], log)
		}
		return a.convertNetwork(args[0], args[1], single, step)
	})
}

// convertNetwork converts a network, or with step the step of a model; with single its
// parameters are rounded.
func (a *app) convertNetwork(in, out string, single, step bool) (result, error) {
	if err := checkFormats(in, out); err != nil {
		return nil, err
	}
	load := loadNetwork
	if step {
		load = loadStep
	}
	from, err := load(in)
	if err != nil {
		return nil, badInput(err)
	}
	original := from.net
	if single {
		if err := from.round(); err != nil {
			return nil, badInputf("--float32: %s: %w", in, err)
		}
	}
	r, err := a.convert(from, original, in, out)
	if err != nil {
		return nil, err
	}
	return a.saved("convert", r)
}

// formats are the files of networks; either is converted to the other.
var formats = map[string]string{".safetensors": ".onnx", ".onnx": ".safetensors"}

func checkFormats(in, out string) error {
	if ext := filepath.Ext(in); ext == ".csv" || ext == ".npz" {
		return badInputf("IN %s: networks are .safetensors or .onnx; for a log, --log is missing: a YAML file that says what its columns mean", in)
	}
	other, known := formats[filepath.Ext(in)]
	if !known {
		return badInputf("IN %s: unknown kind of file; its name must end in .safetensors or .onnx", in)
	}
	if err := checkOutFile("OUT", out, other); err != nil {
		return err
	}
	return needFile("IN", in)
}

// network is a network of either format.
type network struct {
	net   *nn.Net
	meta  map[string]string
	exact bool       // nothing was rounded since the file it came from
	onnx  *file.ONNX // nil for safetensors
}

// loadNetwork reads a network by the name of its file.
func loadNetwork(path string) (*network, error) {
	if filepath.Ext(path) == ".onnx" {
		o, err := file.LoadONNX(path)
		if err != nil {
			return nil, err
		}
		return &network{net: o.Net, meta: o.Meta, exact: o.Exact(), onnx: o}, nil
	}
	n, meta, err := file.Load(path)
	return &network{net: n, meta: meta, exact: true}, err
}

// loadStep reads a model as the network [x; u] -> x'. Its metadata speak of
// another network and stay behind.
func loadStep(path string) (*network, error) {
	if filepath.Ext(path) == ".onnx" {
		return nil, fmt.Errorf("--step: %s is an ONNX file; only a model in .safetensors has normalisers to join", path)
	}
	m, err := dynamics.Load(path)
	if err != nil {
		return nil, fmt.Errorf("--step: %w", err)
	}
	return &network{net: m.Stepping()}, nil
}

// round makes every parameter a float32.
func (n *network) round() error {
	n.net = n.net.Clone()
	for i, v := range n.net.Params {
		n.net.Params[i] = float64(float32(v))
		n.exact = n.exact && n.net.Params[i] == v
	}
	return n.net.Validate() // too large ones are infinite now
}

func (n *network) save(path string) error {
	if filepath.Ext(path) == ".onnx" {
		return file.SaveONNX(path, n.net, n.meta)
	}
	return file.Save(path, n.net, n.meta)
}

// compared is the number of inputs at which a file is checked.
const compared = 100

// convert writes a network, reads it again and compares with the original.
func (a *app) convert(from *network, original *nn.Net, in, out string) (*convertResult, error) {
	if err := from.save(out); err != nil {
		return nil, err
	}
	to, err := loadNetwork(out)
	if err != nil {
		return nil, fmt.Errorf("what was written cannot be read: %w", err)
	}
	return &convertResult{
		In: in, Out: out, Inputs: to.net.In, Outputs: to.net.Out(), ReLUs: to.net.Count(nn.ReLU),
		Parameters:    len(to.net.Params),
		Exact:         from.exact, // writing rounds nothing
		MaxDifference: report.Number(difference(original, to.net, a.seed)), Samples: compared, Seed: a.seed,
	}, nil
}

// difference returns the largest difference of the outputs of two networks at
// random inputs, relative to the largest output where that is above 1.
func difference(p, q *nn.Net, seed uint64) float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	wp, wq := p.NewWorkspace(), q.NewWorkspace()
	x, yp, yq := make([]float64, p.In), make([]float64, p.Out()), make([]float64, p.Out())
	worst := 0.0
	for range compared {
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		p.Forward(yp, x, wp)
		q.Forward(yq, x, wq)
		size, d := 1.0, 0.0
		for i := range yp {
			size, d = max(size, math.Abs(yp[i])), max(d, math.Abs(yp[i]-yq[i]))
		}
		worst = max(worst, d/size)
	}
	return worst
}

type convertResult struct {
	In            string        `json:"in"`
	Out           string        `json:"out"`
	Inputs        int           `json:"inputs"`
	Outputs       int           `json:"outputs"`
	ReLUs         int           `json:"relus"`
	Parameters    int           `json:"parameters"`
	Exact         bool          `json:"exact"`          // no parameter of OUT is rounded
	MaxDifference report.Number `json:"max_difference"` // of the outputs, relative where they are above 1
	Samples       int           `json:"samples"`
	Seed          uint64        `json:"seed"`
}

func (r *convertResult) text(w io.Writer) {
	fmt.Fprintf(w, "%d inputs, %d outputs, %d ReLUs, %d parameters\n", r.Inputs, r.Outputs, r.ReLUs, r.Parameters)
	fmt.Fprintf(w, "largest difference at %d random inputs: %.2g\n%s\n", r.Samples, float64(r.MaxDifference), r.Out)
}
