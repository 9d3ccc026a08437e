package dynamics

import "slices"

// Windows cuts the episodes of d into such of a few steps, one every stride steps.
// It panics if the episodes are shorter.
func (d *Dataset) Windows(steps, stride int) *Dataset {
	if steps < 1 || steps > d.Steps || stride < 1 {
		panic("dynamics: Windows: windows do not fit into the episodes")
	}
	each := (d.Steps-steps)/stride + 1
	w := NewDataset(d.Episodes*each, steps, d.Nx, d.Nu)
	w.Meta, w.Align = d.Meta, d.Align
	for i := range w.Episodes {
		e, t := i/each, i%each*stride
		for k := range steps {
			copy(w.State(i, k), d.State(e, t+k))
			copy(w.Action(i, k), d.Action(e, t+k))
		}
		copy(w.State(i, steps), d.State(e, t+steps))
	}
	return w
}

// Join returns the episodes of d, and times those of other, which has the same
// sizes; it panics if not. The metadata are those of d.
func (d *Dataset) Join(other *Dataset, times int) *Dataset {
	if d.Nx != other.Nx || d.Nu != other.Nu || d.Steps != other.Steps {
		panic("dynamics: Join: the data sets differ in size")
	}
	j := *d
	j.Episodes = d.Episodes + times*other.Episodes
	j.X, j.U = slices.Concat(d.X, slices.Repeat(other.X, times)), slices.Concat(d.U, slices.Repeat(other.U, times))
	return &j
}
