package relu

import (
	"hinge/control"
	"hinge/nn"
)

// Workspace is the scratch memory of evaluations, one per goroutine.
type Workspace struct {
	net   []*nn.Workspace // one per step, so that a gradient follows an evaluation
	x     []float64       // (H+1) x Nx
	in    []float64       // Nx+Nu
	dx    []float64       // Nx
	din   []float64       // Nx+Nu
	resid []float64       // residual of the largest term
}

// NewWorkspace returns scratch memory for p.
func (p *Program) NewWorkspace() *Workspace {
	ws := &Workspace{
		x: make([]float64, (p.Horizon+1)*p.Nx), in: make([]float64, p.Nx+p.Nu),
		dx: make([]float64, p.Nx), din: make([]float64, p.Nx+p.Nu),
	}
	for range p.Horizon {
		ws.net = append(ws.net, p.Step.NewWorkspace())
	}
	rows := 0
	for i := range p.Terms {
		rows = max(rows, p.Terms[i].Rows)
	}
	ws.resid = make([]float64, rows)
	copy(ws.x, p.X0)
	return ws
}

// States returns the states x_0..x_H of the last evaluation, (H+1) x Nx.
func (ws *Workspace) States() []float64 { return ws.x }

// PreActivations returns the pre-activations at step t of the last evaluation,
// laid out as [nn.Workspace.PreActivations].
func (ws *Workspace) PreActivations(t int) []float64 { return ws.net[t].PreActivations() }

// Objective returns J(u) for the stacked actions u (H x Nu).
func (p *Program) Objective(u []float64, ws *Workspace) float64 {
	if len(u) != p.Inputs() {
		panic("relu: Objective: wrong number of stacked actions")
	}
	nx, nu := p.Nx, p.Nu
	for t := range p.Horizon {
		copy(ws.in, ws.x[t*nx:(t+1)*nx])
		copy(ws.in[nx:], u[t*nu:(t+1)*nu])
		p.Step.Forward(ws.x[(t+1)*nx:(t+2)*nx], ws.in, ws.net[t])
	}
	var sum float64
	for i := range p.Terms {
		k := &p.Terms[i]
		k.residual(ws.resid, p, ws.x, u)
		sum += k.Factor * k.norm(ws.resid[:k.Rows])
	}
	return sum
}

// Residual writes the residual of term i to dst (its Rows) for states x
// ((H+1) x Nx) and actions u (H x Nu).
func (p *Program) Residual(dst []float64, i int, x, u []float64) {
	p.Terms[i].residual(dst, p, x, u)
}

// residual writes the residual of the term to dst for states x and actions u.
func (k *Term) residual(dst []float64, p *Program, x, u []float64) {
	nx, nu := p.Nx, p.Nu
	xt, ut := x[k.T*nx:(k.T+1)*nx], u[(k.T-1)*nu:k.T*nu]
	for i := range k.Rows {
		s := k.B[i]
		for j, w := range k.X[i*nx : (i+1)*nx] {
			s += w * xt[j]
		}
		for j, w := range k.U[i*nu : (i+1)*nu] {
			s += w * ut[j]
		}
		if k.Prev != nil {
			for j, w := range k.Prev[i*nu : (i+1)*nu] {
				s += w * u[(k.T-2)*nu+j]
			}
		}
		dst[i] = s
	}
}

// norm returns the norm of a residual of the term.
func (k *Term) norm(r []float64) float64 {
	m := control.NewMeasure()
	for _, v := range r {
		m = m.Add(v)
	}
	return m.Norm(k.Norm, k.Radius)
}

// Gradient writes dJ/du to dst (H x Nu) at the point of the last Objective with
// ws, whose actions u must be passed again. At a kink it is one element of the
// generalised derivative.
func (p *Program) Gradient(dst, u []float64, ws *Workspace) {
	nx, nu := p.Nx, p.Nu
	clear(dst)
	clear(ws.dx)
	next := len(p.Terms) - 1
	for t := p.Horizon; t >= 1; t-- {
		for ; next >= 0 && p.Terms[next].T == t; next-- {
			p.Terms[next].addGradient(dst, ws, p, u)
		}
		p.Step.VJP(ws.din, ws.dx, ws.net[t-1])
		copy(ws.dx, ws.din[:nx])
		for j, v := range ws.din[nx:] {
			dst[(t-1)*nu+j] += v
		}
	}
}

// addGradient adds the term's gradient to ws.dx (at x_T) and to dst.
func (k *Term) addGradient(dst []float64, ws *Workspace, p *Program, u []float64) {
	r := ws.resid[:k.Rows]
	k.residual(r, p, ws.x, u)
	k.Norm.Gradient(r, k.Radius)
	nx, nu := p.Nx, p.Nu
	for i, s := range r {
		if s *= k.Factor; s == 0 {
			continue
		}
		for j, w := range k.X[i*nx : (i+1)*nx] {
			ws.dx[j] += s * w
		}
		for j, w := range k.U[i*nu : (i+1)*nu] {
			dst[(k.T-1)*nu+j] += s * w
		}
		if k.Prev != nil {
			for j, w := range k.Prev[i*nu : (i+1)*nu] {
				dst[(k.T-2)*nu+j] += s * w
			}
		}
	}
}
