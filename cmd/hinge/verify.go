package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"hinge/internal/atomicfile"
	"hinge/internal/cputime"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/nn/file"
	"hinge/problems"
	"hinge/report"
)

type verifyFlags struct {
	net, property string
	time          float64
	nodes         int
	workers       int
	results       string
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify --net NET.onnx --property PROPERTY.vnnlib",
		Short: "Prove or refute a property of a network",
		Long: `Decide whether a network has an input that makes a property true: sat comes with
such an input, unsat is proven. The proof holds for the network in real arithmetic
with the weights of the file, and covers rounding. The input is evaluated again by
other code, in float64 and in float32. The exit status is 0 with either verdict,
and 4 if a limit was reached before.`,
		Example: `  hinge verify --net ../shared/data/acasxu/ACASXU_run2a_1_1_batch_2000.onnx --property ../shared/data/acasxu/prop_1.vnnlib
  hinge verify --net net.onnx --property p.vnnlib --time 60 --results result.txt`,
		Args: exactArgs(),
	}
	fl := c.Flags()
	fl.StringVar(&f.net, "net", "", "the network, an ONNX file")
	fl.StringVar(&f.property, "property", "", "the property, a VNN-LIB file")
	fl.Float64Var(&f.time, "time", 0, "time limit in seconds, 0 for none")
	fl.IntVar(&f.nodes, "nodes", 0, "node limit, 0 for none")
	fl.IntVar(&f.workers, "workers", 1, "goroutines; they never change the answer without time limit")
	fl.StringVar(&f.results, "results", "", "also write the verdict to this file, in the format of VNN-COMP")
	return a.command(c, outForResult, func(ctx context.Context, _ *cobra.Command, _ []string) (result, error) {
		if err := f.validate(); err != nil {
			return nil, err
		}
		r, err := a.verify(ctx, f)
		if err != nil {
			return nil, err
		}
		saved, err := a.saved("verify", r)
		if err == nil && r.Verdict == verdictTimeout {
			err = withStatus(statusLimit, fmt.Errorf("undecided: %s", r.Reason))
		}
		return saved, err
	})
}

func (f verifyFlags) validate() error {
	if err := joined(checkSeconds(f.time), checkWorkers(f.workers, 1)); err != nil {
		return err
	}
	switch {
	case f.net == "":
		return badInputf("--net is missing; it must be an ONNX file")
	case f.property == "":
		return badInputf("--property is missing; it must be a VNN-LIB file")
	case f.nodes < 0:
		return badInputf("--nodes %d: must be at least 0", f.nodes)
	case f.results != "":
		return checkOutFile("--results", f.results, filepath.Ext(f.results))
	}
	return nil
}

// verdictTimeout stands for every reason to have no verdict.
const verdictTimeout = "timeout"

func (a *app) verify(ctx context.Context, f verifyFlags) (*verifyResult, error) {
	start, used := time.Now(), cputime.Process()
	if f.time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(f.time*float64(time.Second)))
		defer cancel()
	}
	net, property, err := readVerification(f.net, f.property)
	if err != nil {
		return nil, badInput(err)
	}
	programs, err := property.Programs(net.Net, net.Rounded)
	if err != nil {
		return nil, badInputf("--net %s: %w", f.net, plain(err))
	}
	var nodes, open atomic.Int64
	stop := a.watching("verify", f.time, func() string { return fmt.Sprintf("%d nodes, %d open", nodes.Load(), open.Load()) })
	d, err := bnb.Decide(ctx, programs, bnb.DecideOptions{NodeLimit: f.nodes, Workers: f.workers, Seed: a.seed, OnProgress: func(n, left int) {
		nodes.Store(int64(n))
		open.Store(int64(left))
	}})
	stop()
	if err != nil {
		return nil, badInputf("--net %s: %w", f.net, plain(err))
	}
	if d.Status == milp.Interrupted {
		return nil, context.Cause(ctx)
	}
	r := &verifyResult{Net: f.net, Property: f.property, Nodes: d.NodeCount, Seed: a.seed}
	r.judge(property, net, d)
	r.Time, r.CPU = time.Since(start).Seconds(), (cputime.Process() - used).Seconds()
	return r, r.write(f.results)
}

func readVerification(net, property string) (*file.ONNX, *problems.Property, error) {
	for _, input := range [][2]string{{"--net", net}, {"--property", property}} {
		if err := needFile(input[0], input[1]); err != nil {
			return nil, nil, err
		}
	}
	o, err := file.LoadONNX(net)
	if err != nil {
		return nil, nil, err
	}
	p, err := problems.ReadProperty(property)
	return o, p, err
}

// judge states the decision, if a second forward pass agrees with it.
func (r *verifyResult) judge(p *problems.Property, net *file.ONNX, d *bnb.Decision) {
	r.Verdict = d.Verdict.String()
	switch d.Verdict {
	case bnb.Sat:
		w := p.Witness(net.Net, d.U)
		if w.Margin > 0 {
			r.Verdict = verdictTimeout
			r.Reason = fmt.Sprintf("a counterexample misses by %.3g in a second forward pass: rounding decides", w.Margin)
			return
		}
		r.witness = w
		r.Counterexample = &counterexample{w.X, w.Y, report.Number(w.Margin), report.Number(w.Margin32)}
	case bnb.Undecided:
		r.Verdict = verdictTimeout
		r.Reason = fmt.Sprintf("stopped with %v after %d nodes; raise the limit", d.Status, d.NodeCount)
		if d.Status == milp.NumericalFailure {
			r.Reason = "what is left are boxes in which rounding decides"
		}
	}
}

type verifyResult struct {
	Net            string          `json:"net"`
	Property       string          `json:"property"`
	Verdict        string          `json:"verdict"`
	Reason         string          `json:"reason,omitempty"` // of a timeout
	Counterexample *counterexample `json:"counterexample"`
	Nodes          int             `json:"nodes"`
	Time           float64         `json:"time_s"`
	CPU            float64         `json:"cpu_s"`
	Seed           uint64          `json:"seed"`

	witness *problems.Witness
}

type counterexample struct {
	X        []float64     `json:"x"`
	Y        []float64     `json:"y"`
	Margin   report.Number `json:"margin"`
	Margin32 report.Number `json:"margin_float32"`
}

// write leaves the verdict at path, if there is one.
func (r *verifyResult) write(path string) error {
	if path == "" {
		return nil
	}
	return atomicfile.Write(path, func(w io.Writer) error { return problems.WriteResult(w, r.Verdict, r.witness) })
}

func (r *verifyResult) text(w io.Writer) {
	fmt.Fprintln(w, r.Verdict)
	if c := r.Counterexample; c != nil {
		for i, v := range c.X {
			fmt.Fprintf(w, "X_%d = %v\n", i, v)
		}
		for i, v := range c.Y {
			fmt.Fprintf(w, "Y_%d = %v\n", i, v)
		}
		fmt.Fprintf(w, "met with %.3g to spare", -float64(c.Margin))
		if c.Margin32 > 0 {
			fmt.Fprintf(w, ", but missed by %.3g in float32", float64(c.Margin32))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%d nodes, %.3g s\n", r.Nodes, r.Time)
}
