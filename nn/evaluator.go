package nn

import "hinge/nn/gemm"

// Packed is a network as batched evaluation reads it fastest, for parameters that
// do not change: weights packed once, blocks of zeros left out. Any number of
// evaluators share it.
type Packed[T Float] struct {
	in, out int
	rows    rows
	layers  []packedLayer[T]
}

// packedLayer is a layer as a sum of products, one for each piece of its window
// that has weights: a residual path reads the inputs and the last hidden layer,
// and nothing of what lies between.
type packedLayer[T Float] struct {
	units        span
	bias, lo, hi []T
	pieces       []packedPiece[T]
}

// packedPiece is the weights of the activations in from.
type packedPiece[T Float] struct {
	from    span
	weights gemm.Packed[T]
}

// NewPacked returns n, whose later changes do not matter.
func NewPacked[T Float](n *Net) *Packed[T] {
	p := &Packed[T]{in: n.In, out: n.Out(), rows: newRows(n), layers: make([]packedLayer[T], len(n.Layers))}
	limits := newGateLimits[T](n)
	ends := []int{n.In} // of the inputs and of every layer, in the buffer
	for i := range n.Layers {
		l := &n.Layers[i]
		y := &p.layers[i]
		y.units, y.bias = span{l.at, l.at + l.Out}, make([]T, l.Out)
		y.lo, y.hi = limits.of(l)
		Convert(y.bias, n.Bias(i))
		w := gemm.New(l.Out, l.In(), make([]T, len(n.Weight(i))))
		Convert(w.Data, n.Weight(i))
		from := l.From
		for _, end := range ends {
			if to := min(end, l.To); to > from {
				y.add(w.Columns(from-l.From, to-l.From), span{from, to})
				from = to
			}
		}
		ends = append(ends, y.units.to)
	}
	return p
}

// add appends the piece of weights w, unless it is zero.
func (y *packedLayer[T]) add(w gemm.Matrix[T], from span) {
	for i := range w.Rows {
		for _, v := range w.Row(i) {
			if v != 0 {
				piece := packedPiece[T]{from: from}
				piece.weights.PackT(w)
				y.pieces = append(y.pieces, piece)
				return
			}
		}
	}
}

// Evaluator evaluates a network on many samples at once: the scratch memory of
// one goroutine.
type Evaluator[T Float] struct {
	net      *Packed[T]
	capacity int
	v        []T // activation buffers
}

// NewEvaluator returns scratch memory for up to capacity samples.
func (p *Packed[T]) NewEvaluator(capacity int) *Evaluator[T] {
	if capacity < 1 {
		panic("nn: NewEvaluator: an evaluator needs a capacity of at least 1")
	}
	return &Evaluator[T]{net: p, capacity: capacity, v: make([]T, capacity*p.rows.stride)}
}

// Inputs returns the inputs of the first samples (rows x In), to be written
// before Forward.
func (e *Evaluator[T]) Inputs(rows int) gemm.Matrix[T] {
	if rows < 0 || rows > e.capacity {
		panic("nn: Evaluator: more samples than its capacity")
	}
	return view(e.v, e.net.rows, rows, span{0, e.net.in})
}

// Forward evaluates the first samples and returns their outputs (rows x Out), a
// view that the next Forward overwrites.
func (e *Evaluator[T]) Forward(rows int) gemm.Matrix[T] {
	if rows < 0 || rows > e.capacity {
		panic("nn: Evaluator: more samples than its capacity")
	}
	for i := range e.net.layers {
		l := &e.net.layers[i]
		a := view(e.v, e.net.rows, rows, l.units)
		if len(l.pieces) == 0 {
			l.constant(a)
		}
		for j := range l.pieces {
			p := &l.pieces[j]
			lo, hi := l.lo, l.hi
			if j < len(l.pieces)-1 {
				lo, hi = nil, nil
			}
			from := view(e.v, e.net.rows, rows, p.from)
			if j == 0 {
				p.weights.Affine(a, from, l.bias, lo, hi)
			} else {
				p.weights.Add(a, from, lo, hi)
			}
		}
	}
	width := e.net.rows.width
	return view(e.v, e.net.rows, rows, span{width - e.net.out, width})
}

// constant writes the activations of a layer that reads nothing.
func (y *packedLayer[T]) constant(a gemm.Matrix[T]) {
	for r := range a.Rows {
		row := a.Row(r)
		for j, b := range y.bias {
			row[j] = min(max(b, y.lo[j]), y.hi[j])
		}
	}
}
