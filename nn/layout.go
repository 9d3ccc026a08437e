package nn

import (
	"slices"

	"hinge/nn/gemm"
)

// rows is how a [Batch] or [Evaluator] lays out activation buffers in memory, one a row. Rows
// start at multiples of cacheLine elements, and so do the layers if the inputs
// are moved up to the first of them and their widths are multiples as well.
type rows struct {
	lead   int // unused elements in front of the inputs
	width  int // of the activation buffer
	stride int // from row to row
}

// cacheLine is a line of the cache in float32. Layers of other sizes, and
// float64, only miss some of the benefit.
const cacheLine = 16

func newRows(n *Net) rows {
	lead := (cacheLine - n.In%cacheLine) % cacheLine
	lines := (lead + n.width + cacheLine - 1) / cacheLine
	// An odd number of lines spreads the rows of a column over the whole cache.
	return rows{lead: lead, width: n.width, stride: (lines | 1) * cacheLine}
}

// span is the places [from, to) of the activation buffer.
type span struct{ from, to int }

// view returns the given places of the first count rows of buf.
func view[T Float](buf []T, r rows, count int, places span) gemm.Matrix[T] {
	m := gemm.Matrix[T]{Rows: count, Cols: r.stride, Stride: r.stride, Data: buf}
	return m.Columns(r.lead+places.from, r.lead+places.to)
}

// adjointOrder says which adjoints the way back through a network sets and which
// it adds to, so that they need not all be cleared before.
type adjointOrder struct {
	first []bool // layer i is the first to reach any place of its window: it sets them
	clear []span // places that are added to, or only read, without having been set
}

func newAdjointOrder(n *Net) adjointOrder {
	o := adjointOrder{first: make([]bool, len(n.Layers))}
	set := make([]bool, n.width)
	for k := n.width - n.Out(); k < n.width; k++ {
		set[k] = true
	}
	for i := len(n.Layers) - 1; i >= 0; i-- {
		window := set[n.Layers[i].From:n.Layers[i].To]
		o.first[i] = !slices.Contains(window, true)
		if !o.first[i] {
			o.clearUnset(window, n.Layers[i].From)
		}
		for k := range window {
			window[k] = true
		}
	}
	o.clearUnset(set, 0)
	return o
}

// clearUnset appends the runs of places that are not set, the first being at.
func (o *adjointOrder) clearUnset(set []bool, at int) {
	for k := 0; k < len(set); k++ {
		begin := k
		for k < len(set) && !set[k] {
			k++
		}
		if k > begin {
			o.clear = append(o.clear, span{at + begin, at + k})
		}
	}
}
