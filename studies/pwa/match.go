package pwa

import "math"

// Matching says how a learned partition compares with the true one.
type Matching struct {
	// Paired means that there are as many learned pieces as true ones, and each true
	// one has a partner of its own that covers more than half of it.
	Paired bool
	// MaxSlope is the largest difference between a slope of a true piece and that of
	// its partner; +Inf if they are not paired.
	MaxSlope float64
	// Misplaced is the share of the area that lies in the partner of another piece;
	// 1 if they are not paired.
	Misplaced float64
}

// Tolerance is how far slopes, and the share of area that is misplaced, may be off
// in pieces that count as recovered.
const Tolerance = 1e-3

// Exact reports whether the learned pieces are the true ones, up to [Tolerance].
func (m Matching) Exact() bool {
	return m.Paired && m.MaxSlope <= Tolerance && m.Misplaced <= Tolerance
}

// Match pairs every true piece with the learned piece that covers most of it.
func Match(truth, learned []Region) Matching {
	none := Matching{MaxSlope: math.Inf(1), Misplaced: 1}
	if len(truth) != len(learned) {
		return none
	}
	m := Matching{Paired: true}
	taken := make([]bool, len(learned))
	common, total := 0.0, 0.0
	for i := range truth {
		t := &truth[i]
		j, area := largestOverlap(t, learned)
		if taken[j] || area <= t.Area()/2 {
			return none
		}
		taken[j] = true
		common, total = common+area, total+t.Area()
		l := &learned[j].Value
		m.MaxSlope = max(m.MaxSlope, math.Abs(l.A-t.Value.A), math.Abs(l.B-t.Value.B))
	}
	m.Misplaced = max(0, 1-common/total)
	return m
}

func largestOverlap(t *Region, learned []Region) (best int, area float64) {
	for j := range learned {
		if a := overlap(t.Corners, learned[j].Corners); a > area {
			best, area = j, a
		}
	}
	return best, area
}

// overlap returns the area that two convex polygons share.
func overlap(p, q []Point) float64 {
	for i, a := range q {
		b := q[(i+1)%len(q)]
		// Points left of the edge from a to b have a negative value.
		f := Affine{A: b.Y - a.Y, B: a.X - b.X}
		f.C = -f.A*a.X - f.B*a.Y
		if p = clip(p, f); len(p) < 3 {
			return 0
		}
	}
	r := Region{Corners: p}
	return r.Area()
}
