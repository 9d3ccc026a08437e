package planner

import (
	"math"

	"hinge/control"
)

// feedback holds roll-outs near a nominal one:
//
//	u_t = clamp(nominal u_t + v_t + K_t (x_t - nominal x_t))
//
// Where a plan keeps contact, what an early action changes grows from step to step,
// and so does the cost of any other than a tiny change. The gains K_t of a linear
// quadratic regulator (Kalman 1960) take back what v does not ask for: the cost is a
// tame function of v where it is a wild one of u.
//
//	K_t = -(B'PB + R)^-1 B'PA,   P <- Q + A'P(A + BK),   P_H = Q
//
// Q and R are 1 over the square of a usual change of each coordinate. A and B are
// differences over a small part of it: they smooth kinks, and need no derivative.
type feedback struct {
	nx, nu, horizon int
	stride          []float64 // Nx: usual change of a coordinate of the state in a step
	box             control.Box
	half            []float64 // Nu: half the width of the box

	u    []float64 // H x Nu: nominal
	x    []float64 // (H+1) x Nx: its states
	gain []float64 // H x Nu x Nx

	from, actions []float64 // scratch: H (2 Nx + 2 Nu) states and actions
	jac           []float64 // scratch: H x (Nx+Nu) x Nx, derivatives of the next state
	p, pj         []float64 // scratch: P, and P [A B]'
	s, k          []float64 // scratch: B'PB + R, a column of the gain
}

// differenceShare is the part of a usual change over which differences are taken.
const differenceShare = 0.01

func newFeedback(p *Problem) *feedback {
	nx, nu, h := p.Cost.Nx, p.Cost.Nu, p.Cost.Horizon
	f := &feedback{nx: nx, nu: nu, horizon: h, box: p.Action, half: make([]float64, nu), u: make([]float64, h*nu), x: make([]float64, (h+1)*nx),
		gain: make([]float64, h*nu*nx), from: make([]float64, 2*h*(nx+nu)*nx), actions: make([]float64, 2*h*(nx+nu)*nu),
		jac: make([]float64, h*(nx+nu)*nx), p: make([]float64, nx*nx), pj: make([]float64, (nx+nu)*nx),
		s: make([]float64, nu*nu), k: make([]float64, nu)}
	for a := range f.half {
		f.half[a] = (p.Action.Upper[a] - p.Action.Lower[a]) / 2
	}
	return f
}

// around makes u the nominal actions. stride is kept.
func (f *feedback) around(w *rolloutWorker, x0, u, stride []float64) {
	copy(f.u, u)
	f.stride = stride
	copy(f.x, x0)
	for t := range f.horizon {
		next := f.x[(t+1)*f.nx : (t+2)*f.nx]
		copy(next, f.x[t*f.nx:(t+1)*f.nx])
		w.steps(next, f.u[t*f.nu:(t+1)*f.nu], 1)
	}
	f.differentiate(w)
	f.regulate()
}

// differentiate fills jac with central differences.
func (f *feedback) differentiate(w *rolloutWorker) {
	nx, nu, m := f.nx, f.nu, f.nx+f.nu
	for t := range f.horizon {
		for i := range 2 * m {
			k := t*2*m + i
			x, u := f.from[k*nx:(k+1)*nx], f.actions[k*nu:(k+1)*nu]
			copy(x, f.x[t*nx:(t+1)*nx])
			copy(u, f.u[t*nu:(t+1)*nu])
			d := f.difference(i / 2)
			if i%2 == 1 {
				d = -d
			}
			if j := i / 2; j < nx {
				x[j] += d
			} else {
				u[j-nx] += d
			}
		}
	}
	w.steps(f.from, f.actions, 2*m*f.horizon)
	for k := range m * f.horizon {
		d := 2 * f.difference(k%m)
		up, down := f.from[2*k*nx:(2*k+1)*nx], f.from[(2*k+1)*nx:(2*k+2)*nx]
		for i := range nx {
			f.jac[k*nx+i] = 0
			if d > 0 {
				f.jac[k*nx+i] = (up[i] - down[i]) / d
			}
		}
	}
}

// difference returns the step of coordinate j of [x; u].
func (f *feedback) difference(j int) float64 {
	if j < f.nx {
		return differenceShare * f.stride[j]
	}
	return differenceShare * f.half[j-f.nx]
}

// regulate computes the gains, from the last step to the first.
func (f *feedback) regulate() {
	nx, nu := f.nx, f.nu
	clear(f.p)
	f.addWeights()
	for t := f.horizon - 1; t >= 0; t-- {
		jac := f.jac[t*(nx+nu)*nx : (t+1)*(nx+nu)*nx]
		f.multiply(jac)
		gain := f.gain[t*nu*nx : (t+1)*nu*nx]
		if !f.solve(gain, jac) {
			clear(gain)
		}
		f.carry(gain, jac)
		f.addWeights()
	}
}

// addWeights adds Q to P. A coordinate that never changes has none.
func (f *feedback) addWeights() {
	for i, s := range f.stride {
		if s > 0 {
			f.p[i*f.nx+i] += 1 / (s * s)
		}
	}
}

// multiply sets pj to P times every column of [A B], which is a row of jac.
func (f *feedback) multiply(jac []float64) {
	for c := range f.nx + f.nu {
		for i := range f.nx {
			f.pj[c*f.nx+i] = dot(f.p[i*f.nx:(i+1)*f.nx], jac[c*f.nx:])
		}
	}
}

// solve sets gain to -(B'PB + R)^-1 B'PA, false if that is singular.
func (f *feedback) solve(gain, jac []float64) bool {
	nx, nu := f.nx, f.nu
	for a := range nu {
		for b := range nu {
			f.s[a*nu+b] = dot(f.pj[(nx+a)*nx:(nx+a+1)*nx], jac[(nx+b)*nx:])
		}
		if f.half[a] > 0 {
			f.s[a*nu+a] += 1 / (f.half[a] * f.half[a])
		}
	}
	if !cholesky(f.s, f.s, nu) {
		return false
	}
	for j := range nx {
		for a := range nu {
			f.k[a] = -dot(f.pj[(nx+a)*nx:(nx+a+1)*nx], jac[j*nx:])
		}
		f.substitute()
		for a := range nu {
			gain[a*nx+j] = f.k[a]
		}
	}
	return true
}

// substitute solves S S' k = k, S the factor in s.
func (f *feedback) substitute() {
	nu := f.nu
	for a := range nu {
		for b := range a {
			f.k[a] -= f.s[a*nu+b] * f.k[b]
		}
		f.k[a] /= f.s[a*nu+a]
	}
	for a := nu - 1; a >= 0; a-- {
		for b := a + 1; b < nu; b++ {
			f.k[a] -= f.s[b*nu+a] * f.k[b]
		}
		f.k[a] /= f.s[a*nu+a]
	}
}

// carry sets P to A'P(A + BK), made symmetric.
func (f *feedback) carry(gain, jac []float64) {
	nx := f.nx
	for i := range nx {
		for j := range nx {
			v := dot(f.pj[i*nx:(i+1)*nx], jac[j*nx:])
			for a := range f.nu {
				v += dot(f.pj[i*nx:(i+1)*nx], jac[(nx+a)*nx:]) * gain[a*nx+j]
			}
			f.p[i*nx+j] = v
		}
	}
	for i := range nx {
		for j := range i {
			v := (f.p[i*nx+j] + f.p[j*nx+i]) / 2
			f.p[i*nx+j], f.p[j*nx+i] = v, v
		}
	}
}

// dot returns the product of a with the first entries of b.
func dot(a, b []float64) float64 {
	var s float64
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

// run turns every row of rows (H x Nu each), which holds v + nominal u, into the
// actions applied, and writes their costs.
func (f *feedback) run(w *rolloutWorker, r *rollouts, costs, rows []float64) {
	for size := r.size(); len(costs) > 0; {
		n := min(len(costs), batchRows)
		f.runBatch(w, r, costs[:n], rows[:n*size])
		costs, rows = costs[n:], rows[n*size:]
	}
}

func (f *feedback) runBatch(w *rolloutWorker, r *rollouts, costs, rows []float64) {
	w.roll(r, costs, rows, func(t, i int, u []float64) {
		f.react(t, u, w.x[i*f.nx:(i+1)*f.nx])
		f.box.Clamp(u, u)
	})
}

// react adds what the gains say about state x to the action u of step t.
func (f *feedback) react(t int, u, x []float64) {
	nominal := f.x[t*f.nx : (t+1)*f.nx]
	for a := range u {
		row := f.gain[(t*f.nu+a)*f.nx : (t*f.nu+a+1)*f.nx]
		for j, k := range row {
			u[a] += k * (x[j] - nominal[j])
		}
		if math.IsNaN(u[a]) {
			u[a] = f.u[t*f.nu+a]
		}
	}
}
