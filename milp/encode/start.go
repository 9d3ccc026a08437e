package encode

import (
	"math"
	"slices"

	"hinge/control"
	"hinge/milp/relu"
)

// Start returns the point of the encoding that belongs to the actions u (H x Nu):
// the roll-out with all activations, phases and norms. It is feasible up to
// rounding if u keeps the constraints, so no solver need search for its first plan.
func (e *Encoding) Start(u []float64, ws *relu.Workspace) []float64 {
	p := e.p
	p.Objective(u, ws)
	x := make([]float64, e.Problem.Vars())
	for i, v := range e.Actions {
		x[v] = u[i]
	}
	for i, v := range e.States {
		x[v] = ws.States()[p.Nx+i]
	}
	perStep := len(e.units) / p.Horizon
	for i, h := range e.units {
		z := ws.PreActivations(i / perStep)[h.at]
		if h.active == none {
			continue
		}
		x[h.active] = max(0, z)
		if h.binary && z > 0 {
			x[h.phase] = 1
		}
	}
	e.startNorms(x, u, ws)
	return x
}

func (e *Encoding) startNorms(x, u []float64, ws *relu.Workspace) {
	for i, cols := range e.norms {
		k := &e.p.Terms[i]
		r := make([]float64, k.Rows)
		e.p.Residual(r, i, ws.States(), u)
		if k.Norm == control.Polygon {
			startPolygon(x, cols, r)
			continue
		}
		for j, v := range cols {
			switch k.Norm {
			case control.LInf:
				x[v] = max(x[v], math.Abs(r[j]))
			case control.Max:
				x[v] = slices.Max(r)
			case control.Hinge:
				x[v] = max(0, r[j])
			default:
				x[v] = math.Abs(r[j])
			}
		}
	}
}

// ActionsOf writes the actions of a point of the encoding to dst (H x Nu), clamped to the
// box, whole ones rounded: the solver's tolerance may have left both.
func (e *Encoding) ActionsOf(dst, x []float64) {
	for i, v := range e.Actions {
		dst[i] = x[v]
	}
	e.p.Box.Clamp(dst, dst)
	e.p.Round(dst) // a point proves that there are whole numbers
}

// StatesOf writes the states x_1..x_H of a point of the encoding to dst (H x Nx). States that
// nobody reads have no rows: they follow from a roll-out of the actions u.
func (e *Encoding) StatesOf(dst, x, u []float64, ws *relu.Workspace) {
	e.p.Objective(u, ws)
	copy(dst, ws.States()[e.p.Nx:])
	for i, v := range e.States {
		if e.live.States[e.p.Nx+i] {
			dst[i] = x[v]
		}
	}
}
