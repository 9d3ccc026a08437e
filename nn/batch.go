package nn

import (
	"hinge/internal/vec/dense"
	"hinge/nn/gemm"
)

// Float is the element type of batched evaluation.
type Float = gemm.Float

// Batch evaluates and differentiates a network on many samples at once, one
// matrix product a layer: the scratch memory of training, one per goroutine.
// It reads parameters from a slice in the layout of [Net.Params], of T, so a
// network can be trained in float32; [Convert] copies between the two.
//
// Forward keeps what Backward needs. A loss over several steps of a roll-out
// uses one Batch a step, and Backward from the last to the first, each handing
// its InputGrad on to the one before.
//
// A row of results depends on its own sample only, bit for bit; a gradient is
// summed over the rows in their order. So whoever cuts samples into shards of
// fixed size, one Batch each, and adds their gradients in order, gets the same
// bytes from any number of goroutines.
type Batch[T Float] struct {
	// Mix, if not nil, takes the place of the gates; Backward adds its gradient
	// to MixGrad, if that is not nil. Both are read at Forward and Backward.
	Mix, MixGrad GateMix[T]

	set      *dense.Set[T]
	layers   []Layer
	in, out  int
	capacity int
	rows     int         // samples of the last Forward
	rowsOf   rows        // of v, z and grad
	weights  *Weights[T] // of the last Forward, which Backward needs again
	own      *Weights[T] // made at the first Forward
	gates    gateLimits[T]
	mixed    mixScratch[T] // made when there is a Mix
	order    adjointOrder

	v    []T // activation buffers
	z    []T // pre-activations at the same places, made when there is a Mix
	grad []T // adjoints of v, made at the first Backward
	bias []T // bias gradients that nobody asked for
}

// NewBatch returns a batch of up to capacity samples for networks with the
// layers and gates of n. Its parameters are not read.
func NewBatch[T Float](n *Net, capacity int) *Batch[T] {
	if capacity < 1 {
		panic("nn: NewBatch: a batch needs a capacity of at least 1")
	}
	b := &Batch[T]{
		set: dense.Best[T](), layers: n.Clone().Layers, in: n.In, out: n.Out(), capacity: capacity, rowsOf: newRows(n),
		gates: newGateLimits[T](n), order: newAdjointOrder(n),
		bias: make([]T, n.width),
	}
	b.v = make([]T, capacity*b.rowsOf.stride)
	return b
}

// Forward evaluates rows samples x (rows x In). It keeps params, which must
// not change before Backward.
func (b *Batch[T]) Forward(params, x []T, rows int) {
	if len(params) != parameters(b.layers) {
		panic("nn: Batch.Forward: wrong number of samples, inputs or parameters")
	}
	if b.own == nil {
		b.own = newWeights[T](b.layers)
	}
	b.own.Set(params)
	b.ForwardWith(b.own, x, rows)
}

// ForwardWith is Forward with weights that many batches share. They must not be
// set anew before Backward.
func (b *Batch[T]) ForwardWith(w *Weights[T], x []T, rows int) {
	if rows < 0 || rows > b.capacity || len(x) != rows*b.in || len(w.params) != parameters(b.layers) {
		panic("nn: Batch.Forward: wrong number of samples, inputs or parameters")
	}
	b.rows, b.weights = rows, w
	inputs := b.view(b.v, 0, b.in)
	for r := range rows {
		copy(inputs.Row(r), x[r*b.in:(r+1)*b.in])
	}
	if b.Mix != nil {
		b.readMix()
	}
	for i := range b.layers {
		l := &b.layers[i]
		_, bias := split(l, w.params)
		from, a := b.view(b.v, l.From, l.To), b.view(b.v, l.at, l.at+l.Out)
		if b.Mix == nil {
			lo, hi := b.gates.of(l)
			w.packed[i].Affine(a, from, bias, lo, hi)
			continue
		}
		z := b.view(b.z, l.at, l.at+l.Out)
		w.packed[i].Affine(z, from, bias, nil, nil)
		b.mixForward(a, z, l)
	}
}

// Output returns the outputs of the last Forward (rows x Out), a view that the
// next one overwrites.
func (b *Batch[T]) Output() gemm.Matrix[T] {
	return b.view(b.v, b.rowsOf.width-b.out, b.rowsOf.width)
}

// Backward adds the gradient of a loss to grad, in the layout of the
// parameters, given its gradient with respect to the outputs, dOut (rows x Out).
// With grad nil only [Batch.InputGrad] and MixGrad are computed.
func (b *Batch[T]) Backward(grad, dOut []T) {
	if len(dOut) != b.rows*b.out || (grad != nil && len(grad) != len(b.weights.params)) {
		panic("nn: Batch.Backward: wrong number of output gradients or parameters")
	}
	b.seed(dOut)
	for i := len(b.layers) - 1; i >= 0; i-- {
		l := &b.layers[i]
		d, db := b.view(b.grad, l.at, l.at+l.Out), b.bias[l.at:l.at+l.Out]
		var dw gemm.Matrix[T]
		if grad != nil {
			dw, db = split(l, grad)
		}
		if b.Mix == nil {
			b.closeGates(d, db, l)
		} else {
			b.mixBackward(d, db, l)
		}
		if grad != nil {
			gemm.AddTN(dw, d, b.view(b.v, l.From, l.To))
		}
		w, _ := split(l, b.weights.params)
		if into := b.view(b.grad, l.From, l.To); b.order.first[i] {
			gemm.MulNN(into, d, w)
		} else {
			gemm.AddNN(into, d, w)
		}
	}
}

// closeGates turns the adjoints d of the activations of l into those of the
// pre-activations, and adds their rows to db.
func (b *Batch[T]) closeGates(d gemm.Matrix[T], db []T, l *Layer) {
	a := b.view(b.v, l.at, l.at+l.Out)
	b.set.CloseGates(d.Data, a.Data, b.gates.bar[l.at:l.at+l.Out], db, d.Rows, d.Cols, d.Stride, a.Stride)
}

// InputGrad returns the gradient of the last Backward with respect to the
// inputs (rows x In), a view that the next one overwrites.
func (b *Batch[T]) InputGrad() gemm.Matrix[T] { return b.view(b.grad, 0, b.in) }

// seed puts dOut in the place of the outputs' adjoints and clears those that are
// added to without being set before.
func (b *Batch[T]) seed(dOut []T) {
	if b.grad == nil {
		b.grad = make([]T, len(b.v))
	}
	outputs := b.view(b.grad, b.rowsOf.width-b.out, b.rowsOf.width)
	for r := range b.rows {
		copy(outputs.Row(r), dOut[r*b.out:(r+1)*b.out])
	}
	for _, s := range b.order.clear {
		unset := b.view(b.grad, s.from, s.to)
		for r := range b.rows {
			clear(unset.Row(r))
		}
	}
}

// view returns columns [from, to) of buf, which is b.v or has its layout.
func (b *Batch[T]) view(buf []T, from, to int) gemm.Matrix[T] {
	return view(buf, b.rowsOf, b.rows, span{from, to})
}
