package nn

import "hinge/nn/gemm"

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
type Batch[T Float] struct {
	// Mix, if not nil, takes the place of the gates; Backward adds its gradient
	// to MixGrad, if that is not nil. Both are read at Forward and Backward.
	Mix, MixGrad GateMix[T]

	layers   []Layer
	in, out  int
	width    int
	capacity int
	rows     int        // samples of the last Forward
	gates    GateMix[T] // of the network
	params   []T        // of the last Forward, which Backward needs again

	v    []T // activation buffers: rows x width
	z    []T // pre-activations, same layout; inputs unused
	grad []T // adjoints of v, made at the first Backward
}

// NewBatch returns a batch of up to capacity samples for networks with the
// layers and gates of n. Its parameters are not read.
func NewBatch[T Float](n *Net, capacity int) *Batch[T] {
	if capacity < 1 {
		panic("nn: NewBatch: a batch needs a capacity of at least 1")
	}
	return &Batch[T]{
		layers: n.Clone().Layers, in: n.In, out: n.Out(), width: n.width, capacity: capacity,
		gates: NewGateMix[T](n),
		v:     make([]T, capacity*n.width), z: make([]T, capacity*n.width),
	}
}

// Forward evaluates rows samples x (rows x In). It keeps params, which must
// not change before Backward.
func (b *Batch[T]) Forward(params, x []T, rows int) {
	if rows < 0 || rows > b.capacity || len(x) != rows*b.in || len(params) != b.parameters() {
		panic("nn: Batch.Forward: wrong number of samples, inputs or parameters")
	}
	b.rows, b.params = rows, params
	for r := range rows {
		copy(b.v[r*b.width:], x[r*b.in:(r+1)*b.in])
	}
	for i := range b.layers {
		l := &b.layers[i]
		w, bias := split(l, params)
		z := view(b, b.z, l.at, l.at+l.Out)
		for r := range rows {
			copy(z.Row(r), bias)
		}
		gemm.AddNT(z, view(b, b.v, l.From, l.To), w)
		activate(view(b, b.v, l.at, l.at+l.Out), z, b.mix()[GateCount*l.at:])
	}
}

// Output returns the outputs of the last Forward (rows x Out), a view that the
// next one overwrites.
func (b *Batch[T]) Output() gemm.Matrix[T] { return view(b, b.v, b.width-b.out, b.width) }

// Backward adds the gradient of a loss to grad, in the layout of the
// parameters, given its gradient with respect to the outputs, dOut (rows x Out).
// With grad nil only [Batch.InputGrad] and MixGrad are computed.
func (b *Batch[T]) Backward(grad, dOut []T) {
	if len(dOut) != b.rows*b.out || (grad != nil && len(grad) != len(b.params)) {
		panic("nn: Batch.Backward: wrong number of output gradients or parameters")
	}
	b.seed(dOut)
	for i := len(b.layers) - 1; i >= 0; i-- {
		l := &b.layers[i]
		z, dz := view(b, b.z, l.at, l.at+l.Out), view(b, b.grad, l.at, l.at+l.Out)
		if b.Mix != nil && b.MixGrad != nil {
			addMixGrad(b.MixGrad[GateCount*l.at:], dz, z)
		}
		deactivate(dz, z, b.mix()[GateCount*l.at:])
		if grad != nil {
			dw, db := split(l, grad)
			gemm.AddTN(dw, dz, view(b, b.v, l.From, l.To))
			addRows(db, dz)
		}
		w, _ := split(l, b.params)
		gemm.AddNN(view(b, b.grad, l.From, l.To), dz, w)
	}
}

// InputGrad returns the gradient of the last Backward with respect to the
// inputs (rows x In), a view that the next one overwrites.
func (b *Batch[T]) InputGrad() gemm.Matrix[T] { return view(b, b.grad, 0, b.in) }

// seed clears the adjoints and puts dOut in the place of the outputs.
func (b *Batch[T]) seed(dOut []T) {
	if b.grad == nil {
		b.grad = make([]T, len(b.v))
	}
	clear(b.grad[:b.rows*b.width])
	for r := range b.rows {
		copy(b.grad[(r+1)*b.width-b.out:(r+1)*b.width], dOut[r*b.out:(r+1)*b.out])
	}
}

// view returns columns [from, to) of buf, which is b.v or has its layout.
func view[T Float](b *Batch[T], buf []T, from, to int) gemm.Matrix[T] {
	return gemm.Matrix[T]{Rows: b.rows, Cols: b.width, Stride: b.width, Data: buf}.Columns(from, to)
}

// split returns W (Out x In) and b (Out) of a layer in a slice with the layout of
// [Net.Params], sharing memory.
func split[T Float](l *Layer, params []T) (w gemm.Matrix[T], b []T) {
	end := l.offset + l.Out*l.In()
	return gemm.New(l.Out, l.In(), params[l.offset:end]), params[end : end+l.Out]
}

func (b *Batch[T]) parameters() int {
	last := &b.layers[len(b.layers)-1]
	return last.offset + last.Out*last.In() + last.Out
}

func (b *Batch[T]) mix() GateMix[T] {
	if b.Mix == nil {
		return b.gates
	}
	if len(b.Mix) != len(b.gates) || (b.MixGrad != nil && len(b.MixGrad) != len(b.gates)) {
		panic("nn: Batch: Mix or MixGrad does not fit the network")
	}
	return b.Mix
}
