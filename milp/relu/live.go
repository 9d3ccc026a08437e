package relu

// Live says what a term or a constraint reads, be it through later steps. What is not live
// may take any value; no bound need know it.
type Live struct {
	Units  []bool // Horizon x hidden units, step by step
	States []bool // (Horizon+1) x Nx
}

// Live returns what is live in p, all of it if p is [Unfolded].
func (p *Program) Live() Live {
	units := p.ReLUs() / p.Horizon
	y := Live{Units: make([]bool, p.Horizon*units), States: make([]bool, (p.Horizon+1)*p.Nx)}
	if p.unfolded {
		for _, all := range [][]bool{y.Units, y.States} {
			for i := range all {
				all[i] = true
			}
		}
		return y
	}
	for i := range p.Terms {
		k := &p.Terms[i]
		y.read(k.X, y.States[k.T*p.Nx:(k.T+1)*p.Nx])
	}
	for i := range p.Constraints {
		if k := &p.Constraints[i]; k.X != nil {
			y.read(k.X, y.States[k.T*p.Nx:(k.T+1)*p.Nx])
		}
	}
	buffer := make([]bool, p.Step.Width())
	for t := p.Horizon - 1; t >= 0; t-- {
		clear(buffer)
		copy(buffer[p.Step.Width()-p.Nx:], y.States[(t+1)*p.Nx:])
		p.readBack(buffer)
		for i, live := range buffer[:p.Nx] {
			y.States[t*p.Nx+i] = y.States[t*p.Nx+i] || live
		}
		copy(y.Units[t*units:(t+1)*units], buffer[p.Nx+p.Nu:])
	}
	return y
}

// read marks the columns of w that are not zero.
func (y *Live) read(w []float64, columns []bool) {
	for i, v := range w {
		columns[i%len(columns)] = columns[i%len(columns)] || v != 0
	}
}

// readBack marks all activations of a step that the marked ones read.
func (p *Program) readBack(buffer []bool) {
	for l := len(p.Step.Layers) - 1; l >= 0; l-- {
		y := &p.Step.Layers[l]
		for j := range y.Out {
			if !buffer[y.At()+j] {
				continue
			}
			for k, w := range p.Step.Weight(l)[j*y.In() : (j+1)*y.In()] {
				buffer[y.From+k] = buffer[y.From+k] || w != 0
			}
		}
	}
}
