package nn

import "hinge/nn/gemm"

// Weights are parameters as batches multiply with them. Whoever evaluates the
// same parameters in several batches, shards of samples or steps of a roll-out,
// sets them once for all; any number of goroutines may then read them.
type Weights[T Float] struct {
	layers []Layer
	params []T
	packed []gemm.Packed[T] // W' of every layer
}

// NewWeights returns memory for the parameters of networks with the layers of n,
// to be set before use.
func NewWeights[T Float](n *Net) *Weights[T] { return newWeights[T](n.Clone().Layers) }

func newWeights[T Float](layers []Layer) *Weights[T] {
	return &Weights[T]{layers: layers, packed: make([]gemm.Packed[T], len(layers))}
}

// Set takes params, in the layout of [Net.Params]. It keeps the slice; after a
// change in it the parameters must be set again.
func (w *Weights[T]) Set(params []T) {
	if len(params) != parameters(w.layers) {
		panic("nn: Weights.Set: wrong number of parameters")
	}
	w.params = params
	for i := range w.layers {
		m, _ := split(&w.layers[i], params)
		w.packed[i].PackT(m)
	}
}

// split returns W (Out x In) and b (Out) of a layer in a slice with the layout of
// [Net.Params], sharing memory.
func split[T Float](l *Layer, params []T) (w gemm.Matrix[T], b []T) {
	end := l.offset + l.Out*l.In()
	return gemm.New(l.Out, l.In(), params[l.offset:end]), params[end : end+l.Out]
}

// parameters returns the number of parameters of layers.
func parameters(layers []Layer) int {
	last := &layers[len(layers)-1]
	return last.offset + last.Out*last.In() + last.Out
}
