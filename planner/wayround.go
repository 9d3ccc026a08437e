package planner

import (
	"math"
	"slices"

	"hinge/control"
)

// Constants of ways round.
const (
	wayNodes    = 96   // of the grid, along an edge
	wallSlow    = 10.0 // how much slower a way is inside an obstacle
	sweepRounds = 50   // at most; two or three will do
)

// wayRound is how far a point is from its target if it keeps out of discs: a
// navigation function (Rimon, Koditschek 1992), read off a grid. It solves
//
//	|grad L| = slowness,   L(target) = 0
//
// by fast sweeping (Zhao, Mathematics of Computation 2005), where slowness is 1 and
// more inside the discs.
type wayRound struct {
	position [2]sparseRow // of the point, without offsets
	origin   [2]float64   // of the grid
	h        float64      // between two nodes
	lengths  []float64    // wayNodes x wayNodes
}

// disc is an obstacle as a circle in the plane of a point.
type disc struct {
	center [2]float64
	radius float64
}

// addWaysRound finds the points of the cost that have a target and must keep out of
// discs: a pair of residual rows that a disc reads as well. x0 is the start state.
func (s *stageCost) addWaysRound(c *control.Cost, x0 []float64) {
	for k := range c.Terms {
		term := &c.Terms[k]
		if term.Norm == control.Disc || term.Rate || len(term.Reference) > term.Residual.Rows {
			continue
		}
		for _, o := range discsOf(c, term) {
			way := newWayRound(term, s.terms[k].rows, o.pair, o.discs, x0)
			s.terms[k].rows[o.pair[0]].way, s.terms[k].rows[o.pair[1]].passed = way, true
		}
	}
}

// keptOut is a point, a pair of rows of a residual, with the discs it must keep out of.
type keptOut struct {
	pair  [2]int
	discs []disc
}

// discsOf returns the points of term that discs of c keep out, in the order of the discs.
func discsOf(c *control.Cost, term *control.Term) (found []keptOut) {
	for i := range c.Terms {
		d := &c.Terms[i]
		if d.Norm != control.Disc || d.Weight == 0 || d.Residual.Rows != 2 || len(d.Reference) > 2 {
			continue
		}
		pair := [2]int{rowLike(term, d.Residual.Row(0), c.Nx), rowLike(term, d.Residual.Row(1), c.Nx)}
		if pair[0] < 0 || pair[1] < 0 || pair[0] == pair[1] {
			continue
		}
		at := slices.IndexFunc(found, func(o keptOut) bool { return o.pair == pair })
		if at < 0 {
			at, found = len(found), append(found, keptOut{pair: pair})
		}
		found[at].discs = append(found[at].discs, disc{[2]float64{zeroOf(d, 0), zeroOf(d, 1)}, d.Radius})
	}
	return found
}

// rowLike returns the row of term with the coefficients w, -1 if there is none or
// if w reads actions.
func rowLike(term *control.Term, w []float64, nx int) int {
	for _, v := range w[nx:] {
		if v != 0 {
			return -1
		}
	}
	for r := range term.Residual.Rows {
		if slices.Equal(term.Residual.Row(r), w) {
			return r
		}
	}
	return -1
}

// zeroOf returns the value of W x at which row r of the residual of k is zero.
func zeroOf(k *control.Term, r int) float64 { return k.ReferenceAt(1, r) - k.Residual.B[r] }

func newWayRound(term *control.Term, rows []sparseRow, pair [2]int, discs []disc, x0 []float64) *wayRound {
	w := &wayRound{}
	var target [2]float64
	for i, r := range pair {
		w.position[i], target[i] = rows[r], zeroOf(term, r)
	}
	w.frame(discs, target, w.at(x0))
	w.lengths = w.travel(target, discs)
	return w
}

// at returns the position of the point in state x.
func (w *wayRound) at(x []float64) (p [2]float64) {
	for i := range w.position {
		row := &w.position[i]
		for j, k := range row.index {
			p[i] += row.value[j] * x[k]
		}
	}
	return p
}

// frame lays the grid over the points and the discs, with room to go round them.
func (w *wayRound) frame(discs []disc, points ...[2]float64) {
	lower, upper, room := points[0], points[0], 0.0
	for _, d := range discs {
		room = max(room, 2*d.radius)
		points = append(points, d.center)
	}
	for _, p := range points {
		for i, v := range p {
			lower[i], upper[i] = min(lower[i], v), max(upper[i], v)
		}
	}
	side := 2*room + max(upper[0]-lower[0], upper[1]-lower[1])
	w.h = side / (wayNodes - 1)
	for i := range w.origin {
		w.origin[i] = (lower[i] + upper[i] - side) / 2
	}
}

// node returns the position of the node in column i and row j.
func (w *wayRound) node(i, j int) [2]float64 {
	return [2]float64{w.origin[0] + float64(i)*w.h, w.origin[1] + float64(j)*w.h}
}

// travel returns the time from every node to the target, at speed 1 and slower
// inside the discs.
func (w *wayRound) travel(target [2]float64, discs []disc) []float64 {
	const n = wayNodes
	times, slow := make([]float64, n*n), make([]float64, n*n)
	for k := range times {
		p := w.node(k%n, k/n)
		times[k], slow[k] = math.Inf(1), w.h
		if d := math.Hypot(p[0]-target[0], p[1]-target[1]); d < 1.5*w.h {
			times[k] = d
		}
		for _, o := range discs {
			if math.Hypot(p[0]-o.center[0], p[1]-o.center[1]) < o.radius {
				slow[k] = wallSlow * w.h
			}
		}
	}
	for range sweepRounds {
		if !sweep(times, slow) {
			break
		}
	}
	return times
}

// sweep passes over the grid from each of its corners and reports whether a time
// has changed.
func sweep(times, slow []float64) (changed bool) {
	const n = wayNodes
	for corner := range 4 {
		for a := range n {
			for b := range n {
				i, j := a, b
				if corner&1 != 0 {
					i = n - 1 - a
				}
				if corner&2 != 0 {
					j = n - 1 - b
				}
				k := j*n + i
				if t := arrival(times, i, j, slow[k]); t < times[k]-1e-9*slow[k] {
					times[k], changed = t, true
				}
			}
		}
	}
	return changed
}

// arrival solves the equation at one node, upwind.
func arrival(times []float64, i, j int, slow float64) float64 {
	const n = wayNodes
	a, b := math.Inf(1), math.Inf(1)
	if i > 0 {
		a = times[j*n+i-1]
	}
	if i < n-1 {
		a = min(a, times[j*n+i+1])
	}
	if j > 0 {
		b = times[(j-1)*n+i]
	}
	if j < n-1 {
		b = min(b, times[(j+1)*n+i])
	}
	if math.IsInf(min(a, b), 1) || !(math.Abs(a-b) < slow) {
		return min(a, b) + slow
	}
	return (a + b + math.Sqrt(2*slow*slow-(a-b)*(a-b))) / 2
}

// length returns how far the point is in state x, NaN if it is nowhere. Beyond the grid
// the way leads straight to its edge.
func (w *wayRound) length(x []float64) float64 {
	const n = wayNodes
	p := w.at(x)
	var cell [2]int
	var part, out [2]float64
	for i := range p {
		raw := (p[i] - w.origin[i]) / w.h
		if math.IsNaN(raw) {
			return raw
		}
		v := min(max(raw, 0), n-1)
		out[i] = w.h * (raw - v)
		cell[i] = min(int(v), n-2)
		part[i] = v - float64(cell[i])
	}
	below := w.lengths[cell[1]*n+cell[0]:]
	above := below[n:]
	low := below[0] + part[0]*(below[1]-below[0])
	high := above[0] + part[0]*(above[1]-above[0])
	return low + part[1]*(high-low) + math.Hypot(out[0], out[1])
}
