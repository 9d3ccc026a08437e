package certificate

// neuron is one unit of the step network: it reads the window [from, to) of the
// activation buffer.
type neuron struct {
	from, to int
	w        []float64 // to - from
	b        float64
	gate     string
	slack    float64 // what the rounding of its weights may add, see Program.Rounded
	composed bool    // it reads identities, see composedInterval
}

// model is a program, prepared: the network as a list of units in the order of the
// activation buffer [x_t; u_t; hidden units].
type model struct {
	p      *Program
	in     int // Nx + Nu
	hidden []neuron
	out    []neuron // the next state
	rows   int      // residuals of the cost
	signed bool     // a term may be negative

	hard     [][]hardRow // of the constraints, by step
	hardRows int
	follows  bool // not every u of the box is a plan: see follow.go
}

func newModel(p *Program) *model {
	m := &model{p: p, in: p.Nx + p.Nu}
	last := len(p.Network.Layers) - 1
	for l := range p.Network.Layers {
		y := &p.Network.Layers[l]
		n := y.To - y.From
		for i, b := range y.Bias {
			u := neuron{from: y.From, to: y.To, w: y.Weights[i*n : (i+1)*n], b: b, gate: y.Gates[i]}
			if p.Rounded != nil {
				u.slack = up(float64(n+2) * unit * p.Rounded[len(m.hidden)+len(m.out)])
			}
			u.composed = m.readsIdentities(u.from, u.to)
			if l < last {
				m.hidden = append(m.hidden, u)
			} else {
				m.out = append(m.out, u)
			}
		}
	}
	for i := range p.Cost {
		m.rows += len(p.Cost[i].B)
		m.signed = m.signed || p.Cost[i].Norm == Max
	}
	m.setHard()
	return m
}

// readsIdentities reports whether the window [from, to) of the activation buffer holds
// identities.
func (m *model) readsIdentities(from, to int) bool {
	for h := max(from-m.in, 0); h < to-m.in; h++ {
		if m.hidden[h].gate == Identity {
			return true
		}
	}
	return false
}

// inputs returns the number of stacked action coordinates.
func (m *model) inputs() int { return m.p.Horizon * m.p.Nu }

// units returns the number of hidden units of all steps.
func (m *model) units() int { return m.p.Horizon * len(m.hidden) }

// interval encloses the pre-activation of u for activations in [lo, hi].
func (u *neuron) interval(lo, hi []float64) span {
	return affine(u.w, lo[u.from:u.to], hi[u.from:u.to], u.b).widen(u.slack)
}

// activate encloses the activation of a unit whose pre-activation is in z.
func (u *neuron) activate(z span) span {
	switch u.gate {
	case ReLU:
		return span{max(0, z.lo), max(0, z.hi)}
	case Identity:
		return z
	}
	return span{}
}

// residual encloses entry j of the residual of term k, for states in [xl, xh] (all
// steps, (Horizon+1) x Nx) and stacked actions in [ul, uh].
func (m *model) residual(k *Term, j int, xl, xh, ul, uh []float64) span {
	nx, nu := m.p.Nx, m.p.Nu
	s := affine(k.X[j*nx:(j+1)*nx], xl[k.T*nx:], xh[k.T*nx:], k.B[j])
	at := (k.T - 1) * nu
	s = s.plus(affine(k.U[j*nu:(j+1)*nu], ul[at:], uh[at:], 0))
	if k.Prev == nil {
		return s
	}
	w := k.Prev[j*nu : (j+1)*nu]
	if k.T == 1 {
		return s.plus(affine(w, m.p.Before, m.p.Before, 0))
	}
	return s.plus(affine(w, ul[at-nu:], uh[at-nu:], 0))
}

func (s span) plus(r span) span { return span{down(s.lo + r.lo), up(s.hi + r.hi)} }
