package nn

import "slices"

// Fold returns a network with the same outputs whose hidden units are all ReLU.
// An identity unit is affine in what it reads, so it is substituted into its
// readers. A zero unit vanishes, and so does a ReLU that reads nothing, which is a
// constant, one that no other unit reads, and a hidden layer without ReLUs. The
// ReLUs that are left keep their order, the output layer keeps its gates.
//
// Substitution lets a layer read across the layers it used to follow. Every
// layer gets the smallest window of whole layers that holds all its non-zero
// weights: plain perceptrons stay plain, bit for bit.
func Fold(n *Net) *Net {
	f := folding{old: n, width: n.In, starts: []int{0}, columns: n.In + n.Count(ReLU) + 1}
	f.affine = make([]float64, n.width*f.columns)
	for i := range n.In {
		f.row(i)[i] = 1
	}
	for i := range n.Layers {
		f.add(i)
	}
	return f.pruned().net()
}

// Folded reports whether [Fold] has nothing to do: all hidden units are ReLU, read
// something and are read by an output, be it through others.
func Folded(n *Net) bool {
	read := make([]bool, n.Width())
	for i := len(n.Layers) - 1; i >= 0; i-- {
		l, output := &n.Layers[i], i == len(n.Layers)-1
		if l.Out == 0 {
			return false
		}
		for j := range l.Out {
			if !output && (l.Gate(j) != ReLU || !read[l.At()+j]) {
				return false
			}
			reads := false
			for k, w := range n.Weight(i)[j*l.In() : (j+1)*l.In()] {
				if w != 0 {
					read[l.From+k], reads = true, true
				}
			}
			if !output && !reads {
				return false
			}
		}
	}
	return true
}

// folding is the state of [Fold]: every activation of the old network as an
// affine function of the activations of the new one.
type folding struct {
	old     *Net
	columns int       // the new buffer, then the constant
	affine  []float64 // Width of old x columns

	width  int // of the new buffer so far
	starts []int
	layers []Layer
	rows   [][]float64 // of the new layers, one a unit
}

func (f *folding) row(activation int) []float64 {
	return f.affine[activation*f.columns : (activation+1)*f.columns]
}

// add expresses the units of old layer i, and keeps its ReLUs as a new layer.
func (f *folding) add(i int) {
	l := &f.old.Layers[i]
	output := i == len(f.old.Layers)-1
	var kept [][]float64
	for j := range l.Out {
		row := f.row(l.at + j)
		f.substitute(row, i, j)
		switch {
		case output:
			kept = append(kept, row)
		case l.Gate(j) == ReLU && f.isConstant(row):
			row[f.columns-1] = max(0, row[f.columns-1])
		case l.Gate(j) == ReLU:
			kept = append(kept, slices.Clone(row))
			clear(row)
			row[f.width+len(kept)-1] = 1
		case l.Gate(j) == Zero:
			clear(row)
		}
	}
	if output {
		f.append(kept, slices.Clone(l.Gates))
	} else if len(kept) > 0 {
		f.append(kept, nil)
	}
}

// substitute writes the pre-activation of unit j of old layer i to row.
func (f *folding) substitute(row []float64, i, j int) {
	l := &f.old.Layers[i]
	row[f.columns-1] = f.old.Bias(i)[j]
	for k, w := range f.old.Weight(i)[j*l.In() : (j+1)*l.In()] {
		if w == 0 {
			continue
		}
		for c, v := range f.row(l.From + k) {
			row[c] += w * v
		}
	}
}

func (f *folding) append(rows [][]float64, gates []Gate) {
	from, to := f.window(rows)
	f.layers = append(f.layers, Layer{From: from, To: to, Out: len(rows), Gates: gates})
	f.rows = append(f.rows, rows...)
	f.starts = append(f.starts, f.width)
	f.width += len(rows)
}

// window returns the smallest run of whole layers, the inputs counted as one,
// outside which the rows are zero; the last layer if they are zero everywhere.
func (f *folding) window(rows [][]float64) (from, to int) {
	ends := append(f.starts[1:len(f.starts):len(f.starts)], f.width)
	first, last := 0, len(ends)-1
	for first < last && allZero(rows, f.starts[first], ends[first]) {
		first++
	}
	for last > first && allZero(rows, f.starts[last], ends[last]) {
		last--
	}
	return f.starts[first], ends[last]
}

func allZero(rows [][]float64, from, to int) bool {
	for _, row := range rows {
		for _, v := range row[from:to] {
			if v != 0 {
				return false
			}
		}
	}
	return true
}

func (f *folding) isConstant(row []float64) bool { return allZero([][]float64{row}, 0, f.width) }

// pruned returns f without the hidden units that no output reads, be it through others.
func (f *folding) pruned() *folding {
	read := f.read()
	if !slices.Contains(read, false) {
		return f
	}
	g := &folding{old: f.old, width: f.old.In, starts: []int{0}}
	unit := 0
	for _, l := range f.layers {
		var kept [][]float64
		for range l.Out {
			if read[f.old.In+unit] {
				kept = append(kept, f.only(read, f.rows[unit]))
			}
			unit++
		}
		if len(kept) > 0 {
			g.append(kept, l.Gates)
		}
	}
	g.columns = len(g.rows[0])
	return g
}

// read returns the places of the new buffer that an output reads, be it through others;
// inputs and outputs stay whoever reads them.
func (f *folding) read() []bool {
	read, outputs := make([]bool, f.width), f.outputs()
	for k := range read {
		read[k] = k < f.old.In || k >= outputs
	}
	for unit := len(f.rows) - 1; unit >= 0; unit-- {
		if !read[f.old.In+unit] {
			continue
		}
		for k, w := range f.rows[unit][:outputs] {
			read[k] = read[k] || w != 0
		}
	}
	return read
}

// outputs is the place of the first output in the new buffer.
func (f *folding) outputs() int { return f.width - f.layers[len(f.layers)-1].Out }

// only returns a row without the columns of units that are gone; the constant stays last.
func (f *folding) only(read []bool, row []float64) []float64 {
	var short []float64
	for k, w := range row[:f.outputs()] {
		if read[k] {
			short = append(short, w)
		}
	}
	return append(short, row[f.columns-1])
}

// net copies the rows into a network.
func (f *folding) net() *Net {
	n := New(f.old.In, f.layers)
	unit := 0
	for i := range n.Layers {
		l := &n.Layers[i]
		for j := range l.Out {
			row := f.rows[unit]
			copy(n.Weight(i)[j*l.In():(j+1)*l.In()], row[l.From:l.To])
			n.Bias(i)[j] = row[f.columns-1]
			unit++
		}
	}
	return n
}

// Shell is what stands between a network and the units of its user:
//
//	y = Residual v + Offset + diag(Scale) net(Weight v + Bias)
//
// Normalisers, features that are affine in v and residual connections have this
// form. Weight is required, of the others nil means no effect.
type Shell struct {
	In       int       // length of v
	Weight   []float64 // net.In x In
	Bias     []float64 // net.In
	Scale    []float64 // net.Out
	Residual []float64 // net.Out x In
	Offset   []float64 // net.Out
}

// Wrap returns the folded network v -> y of n inside s.
func (n *Net) Wrap(s Shell) *Net {
	if !s.fits(n) {
		panic("nn: Wrap: the shell does not fit the network")
	}
	return Fold(n.extend(s))
}

func (s *Shell) fits(n *Net) bool {
	fits := func(v []float64, size int) bool { return v == nil || len(v) == size }
	return s.In > 0 && len(s.Weight) == n.In*s.In && fits(s.Bias, n.In) &&
		fits(s.Scale, n.Out()) && fits(s.Residual, n.Out()*s.In) && fits(s.Offset, n.Out())
}

// extend returns n with an identity layer before it, which takes the place of
// its inputs, and one behind it, which reads v and the outputs of n:
//
//	[ v | W v + b | a_1 | .. | net | y ]
func (n *Net) extend(s Shell) *Net {
	layers := make([]Layer, 0, len(n.Layers)+2)
	layers = append(layers, Layer{From: 0, To: s.In, Out: n.In, Gates: repeat(Identity, n.In)})
	for _, l := range n.Layers {
		l.From, l.To = l.From+s.In, l.To+s.In
		layers = append(layers, l)
	}
	layers = append(layers, Layer{From: 0, To: s.In + n.width, Out: n.Out(), Gates: repeat(Identity, n.Out())})
	e := New(s.In, layers)
	copy(e.Weight(0), s.Weight)
	copy(e.Bias(0), s.Bias)
	copy(e.Params[e.Layers[1].offset:], n.Params)
	last := len(layers) - 1
	for i := range n.Out() {
		row := e.Weight(last)[i*e.Layers[last].To : (i+1)*e.Layers[last].To]
		if s.Residual != nil {
			copy(row, s.Residual[i*s.In:(i+1)*s.In])
		}
		row[len(row)-n.Out()+i] = 1
		if s.Scale != nil {
			row[len(row)-n.Out()+i] = s.Scale[i]
		}
	}
	copy(e.Bias(last), s.Offset)
	return e
}
