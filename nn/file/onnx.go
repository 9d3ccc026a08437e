package file

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"

	"hinge/internal/atomicfile"
	"hinge/nn"
)

// ONNX is a network that came from an ONNX file.
//
// A file computes in float32 or float64, layer by layer; Net stands for the same
// graph in real arithmetic with the stored weights. Only a Relu makes units.
// What lies between (a product, a sum, a subtracted mean, a skip, a Concat) is
// affine and becomes part of the next Relu, or of the one output layer, which is
// affine always. So the hidden units of Net are all ReLU.
//
// A weight that a file applies to inputs or to outputs of a Relu is kept bit by
// bit. Where affine maps follow each other their product is computed in float64,
// and Error says by how much it may be off.
type ONNX struct {
	Net  *nn.Net
	Meta map[string]string // metadata_props

	// Error, when not nil, bounds for every parameter its distance from the value
	// that real arithmetic gives. nil: every parameter of Net is exact.
	Error []float64

	Opset    int
	Producer string // name and version of the tool that wrote the file
}

// Exact reports whether Net is the graph of the file without any rounding.
func (o *ONNX) Exact() bool { return o.Error == nil }

// Rounded returns for every unit (hidden units, then outputs) the mass that the
// rounding of its weights adds where the inputs are in [lower, upper]: at most
// mass * 2^-53 is between the pre-activation that Net gives and the exact one of
// the same activations. It has the form of relu.Program.Rounded, and is nil if
// Net is exact.
func (o *ONNX) Rounded(lower, upper []float64) []float64 {
	n := o.Net
	if len(lower) != n.In || len(upper) != n.In {
		panic("nn/file: Rounded: limits of other length than the input")
	}
	if o.Exact() {
		return nil
	}
	const eps = 1.0 / (1 << 53)
	mag := make([]float64, n.In, n.Width())
	for i := range mag {
		mag[i] = max(math.Abs(lower[i]), math.Abs(upper[i]))
	}
	var rounded []float64
	at := 0 // in Params
	for i := range n.Layers {
		l := &n.Layers[i]
		off, in := at, l.In()
		up := 1 + 4*eps*float64(in+4) // covers the rounding of the sums below
		for j := range l.Out {
			sum, err := math.Abs(n.Bias(i)[j]), o.Error[off+l.Out*in+j]
			for k := range in {
				sum += math.Abs(n.Weight(i)[j*in+k]) * mag[l.From+k]
				err += o.Error[off+j*in+k] * mag[l.From+k]
			}
			rounded = append(rounded, err*up/eps)
			mag = append(mag, (sum+err)*up)
		}
		at += l.Out*in + l.Out
	}
	return rounded
}

// SaveONNX writes n and meta to the file at path, which is replaced as a whole
// or stays as it was.
func SaveONNX(path string, n *nn.Net, meta map[string]string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		if err := WriteONNX(w, n, meta); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

// LoadONNX reads the ONNX file at path; see [ReadONNX].
func LoadONNX(path string) (*ONNX, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the file already
	}
	defer f.Close()
	o, err := ReadONNX(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// ReadONNX reads an ONNX model to the end of r: one float input, one output,
// operators of the default domain in versions 7 to 23,
//
//	Add Concat Constant Dropout Flatten Gemm Identity MatMul Relu Reshape Sub
//
// where of two factors one is constant. Any other operator is an error. A first
// dimension without a number is the batch, and taken as 1. Nodes that the output
// does not depend on are not looked at.
func ReadONNX(r io.Reader) (*ONNX, error) {
	var data bytes.Buffer
	if _, err := data.ReadFrom(io.LimitReader(r, maxData+1)); err != nil {
		return nil, err
	}
	if data.Len() > maxData {
		return nil, fmt.Errorf("more than %d bytes; this program reads no larger ONNX files", maxData)
	}
	m, err := parseONNX(data.Bytes())
	if err != nil {
		return nil, err
	}
	o := &ONNX{Meta: m.meta, Opset: int(m.opset), Producer: m.producerText()}
	if o.Net, o.Error, err = m.graph.net(); err != nil {
		return nil, err
	}
	return o, nil
}
