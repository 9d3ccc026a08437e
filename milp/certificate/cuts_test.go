package certificate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// stager makes proofs by cuts: two cuts a step, one split with a tilted cut.
type stager struct {
	rng *rand.Rand
	p   *Program
	c   *Cuts
}

// leaves proves a bound of the program of a step.
func (s *stager) leaves(t int, b *StateBox, cost []Term) ([]Leaf, float64) {
	var f *Frame
	var lower, upper []float64
	if t > 0 {
		f, lower, upper = &s.c.Frames[t-1], b.Lower, b.Upper
	}
	q := s.p.stage(t, f, lower, upper, cost)
	pr := &prover{worker: newWorker(newModel(q)), rng: s.rng, p: q}
	r, _ := pr.open(q.Lower, q.Upper)
	pr.split(place{r: r, lower: q.Lower, upper: q.Upper}, 4, "", nil, true)
	least, n := math.Inf(1), s.p.ahead(t)
	for i := range pr.leaves {
		y := &pr.leaves[i]
		if y.Low != nil {
			y.Low = y.Low[n:]
		}
		if y.Split != nil {
			y.Split = y.Split[n:]
		}
		y.Phases = slices.Clone(y.Phases)
		for j := range y.Phases {
			y.Phases[j][0] -= n
		}
		least = min(least, y.Bound)
	}
	return pr.leaves, least
}

// frame returns a random rotation.
func (s *stager) frame() Frame {
	n := s.p.Nx
	var columns [][]float64
	for len(columns) < n {
		v := vectorOf(s.rng, n, 1)
		for range 2 { // Gram and Schmidt, twice
			for _, c := range columns {
				dot := 0.0
				for i := range v {
					dot += v[i] * c[i]
				}
				for i := range v {
					v[i] -= dot * c[i]
				}
			}
		}
		norm := 0.0
		for _, x := range v {
			norm += x * x
		}
		for i := range v {
			v[i] /= math.Sqrt(norm)
		}
		columns = append(columns, v)
	}
	f := Frame{Center: vectorOf(s.rng, n, .5), Basis: make([]float64, n*n)}
	for j, c := range columns {
		for i := range c {
			f.Basis[i*n+j] = c[i]
		}
	}
	return f
}

const room = 1e-9

// box proves a box of the states of step t with two sides for each direction.
func (s *stager) box(t int, before *StateBox) StateBox {
	f := &s.c.Frames[t-1]
	b := StateBox{Step: t}
	for j := range s.p.Nx {
		d := f.column(j)
		dc := 0.0
		for i := range d {
			dc += d[i] * f.Center[i]
		}
		var ends []float64
		for _, sign := range []int{1, -1} {
			signed := slices.Clone(d)
			for i := range signed {
				signed[i] *= float64(sign)
			}
			leaves, v := s.leaves(t-1, before, []Term{s.p.linear(t-1, signed)})
			b.Sides = append(b.Sides, Side{Direction: j, Sign: sign, Leaves: leaves})
			ends = append(ends, float64(sign)*v-dc)
		}
		b.Lower, b.Upper = append(b.Lower, ends[0]-room), append(b.Upper, ends[1]+room)
	}
	return b
}

// cut proves a cut of a random slope.
func (s *stager) cut(t int, b *StateBox, uses []int, all []*Cut) Cut {
	c := Cut{Step: t, Slope: vectorOf(s.rng, s.p.Nx, .5), Uses: uses}
	minus, _ := s.p.minus(&s.c.Frames[t-1], c.Slope, b.Lower, b.Upper)
	var v float64
	c.Leaves, v = s.leaves(t, b, append(s.cost(t, uses, all), minus))
	c.Offset = v - room
	return c
}

func (s *stager) cost(t int, uses []int, all []*Cut) []Term {
	cost := s.p.stageCost(t)
	var cuts []*Cut
	for _, n := range uses {
		cuts = append(cuts, all[n])
	}
	if len(cuts) > 0 {
		cost = append(cost, s.p.toGo(t, cuts))
	}
	return cost
}

// region proves everything anew, except boxes before the split, and adds it to the
// certificate. It uses the parent's cuts as well.
func (s *stager) region(y Region, boxes []*StateBox, uses [][]int, all []*Cut, bounded bool) ([]*StateBox, [][]int, []*Cut) {
	boxes, uses, first := slices.Clone(boxes), slices.Clone(uses), 1
	if y.Split != nil {
		first = y.Split.Step + 1
		b := *boxes[first-1]
		b.Sides, b.Lower, b.Upper = nil, slices.Clone(b.Lower), slices.Clone(b.Upper)
		if y.Split.Side > 0 {
			b.Upper[y.Split.Direction] = y.Split.Point
		} else {
			b.Lower[y.Split.Direction] = y.Split.Point
		}
		y.Boxes = append(y.Boxes, b)
		boxes[first-1] = &b
	}
	for t := first; t < s.p.Horizon; t++ {
		b := s.box(t, boxes[t-1])
		y.Boxes = append(y.Boxes, b)
		boxes[t] = &b
	}
	add := func(c Cut) {
		y.Cuts = append(y.Cuts, c)
		uses[c.Step] = append(slices.Clone(uses[c.Step]), len(all))
		all = append(all, &c)
	}
	for t := s.p.Horizon - 1; t >= 1; t-- {
		var later []int
		if t+1 < s.p.Horizon {
			later = uses[t+1]
		}
		if y.Split != nil && t == y.Split.Step {
			add(s.tilted(y.Split, uses[t][0], all))
		}
		for range 2 {
			add(s.cut(t, boxes[t], later, all))
		}
	}
	if bounded {
		leaves, v := s.leaves(0, nil, s.cost(0, uses[1], all))
		y.Bound = &RegionBound{Value: v, Uses: uses[1], Leaves: leaves}
	}
	s.c.Regions = append(s.c.Regions, y)
	return boxes, uses, all
}

func (s *stager) tilted(split *Split, from int, all []*Cut) Cut {
	f := &s.c.Frames[split.Step-1]
	amount := s.rng.ExpFloat64()
	c := Cut{Step: split.Step, Slope: slices.Clone(all[from].Slope), Tilt: &Tilt{Cut: from, Amount: amount}}
	c.Offset = all[from].Offset - amount*float64(split.Side)*split.Point - room
	for i, d := range f.column(split.Direction) {
		c.Slope[i] += amount * float64(split.Side) * d
		c.Offset -= amount * float64(split.Side) * d * f.Center[i]
	}
	return c
}

var stageShapes = []shape{
	{nx: 2, nu: 1, horizon: 3, hidden: []int{4, 3}, norms: []string{L1}, skip: true},
	{nx: 2, nu: 2, horizon: 2, hidden: []int{5}, norms: []string{SquaredL2, Max}, skip: true},
	{nx: 3, nu: 1, horizon: 4, hidden: []int{3}, norms: []string{LInf}, mixed: true, skip: true},
}

// proveByCuts returns a certificate by cuts with three regions.
func proveByCuts(rng *rand.Rand, p *Program) *Certificate {
	c := prove(rng, p, 1, false) // for its incumbent
	c.Leaves, c.Cuts = nil, &Cuts{}
	s := &stager{rng: rng, p: p, c: c.Cuts}
	for range p.Horizon - 1 {
		s.c.Frames = append(s.c.Frames, s.frame())
	}
	boxes, uses, all := s.region(Region{Parent: -1}, make([]*StateBox, p.Horizon), make([][]int, p.Horizon), nil, rng.IntN(2) == 0)
	split := Split{Step: 1 + rng.IntN(p.Horizon-1), Direction: rng.IntN(p.Nx), Side: 1}
	b := boxes[split.Step]
	split.Point = b.Lower[split.Direction] + (.2+.6*rng.Float64())*(b.Upper[split.Direction]-b.Lower[split.Direction])
	c.Claim.DualBound = math.Inf(1)
	for range 2 {
		half := split
		_, _, grown := s.region(Region{Parent: 0, Split: &half}, boxes, uses, all, true)
		all = grown
		c.Claim.DualBound = min(c.Claim.DualBound, s.c.Regions[len(s.c.Regions)-1].Bound.Value)
		split.Side = -1
	}
	if root := s.c.Regions[0].Bound; root != nil {
		c.Claim.DualBound = max(c.Claim.DualBound, root.Value)
	}
	return c
}

// TestCuts: an honest proof by cuts holds; no sampled plan lies below its bound, no
// sampled cost to go below its cuts.
func TestCuts(t *testing.T) {
	judged, compared := 0, 0
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 10))
		p := randomProgram(rng, stageShapes[int(seed)%len(stageShapes)])
		c := clone(t, proveByCuts(rng, p))
		r := check(t, c)
		if !r.Valid {
			t.Errorf("seed %d: an honest certificate is rejected: %s", seed, r.Reason)
			continue
		}
		u := make([]float64, len(p.Lower))
		for range 5000 {
			sample(rng, u, p.Lower, p.Upper)
			v, _ := naive(p, u)
			judged++
			if v < r.DualBound-1e-12*(1+math.Abs(v)) {
				t.Fatalf("seed %d: J(%v) = %v is below the dual bound %v", seed, u, v, r.DualBound)
			}
			compared += compareCuts(t, c, u)
		}
	}
	if judged < 100_000 || compared < 100_000 {
		t.Errorf("only %d plans and %d cuts were judged", judged, compared)
	}
}

// compareCuts compares the cost to go of a plan with all cuts of the regions it is in.
func compareCuts(t *testing.T, c *Certificate, u []float64) (compared int) {
	p := &c.Program
	states, after := [][]float64{p.X0}, make([]float64, p.Horizon+1)
	for s := 1; s <= p.Horizon; s++ {
		q := *p
		q.Horizon, q.X0, q.Cost = 1, states[s-1], nil
		for _, k := range p.Cost {
			if k.T == s {
				k.T = 1
				q.Cost = append(q.Cost, k)
			}
		}
		v, _ := naive(&q, u[(s-1)*p.Nu:s*p.Nu])
		for a := range s {
			after[a] += v
		}
		states = append(states, step(p, states[s-1], u[(s-1)*p.Nu:s*p.Nu]))
	}
	inside := make([]bool, len(c.Cuts.Regions))
	for i, y := range c.Cuts.Regions {
		inside[i] = true
		if s := y.Split; s != nil {
			w := along(&c.Cuts.Frames[s.Step-1], s.Direction, states[s.Step])
			inside[i] = inside[y.Parent] && float64(s.Side)*(w-s.Point) < -1e-9
		}
		if !inside[i] {
			continue
		}
		for _, b := range y.Boxes {
			for j := range p.Nx {
				if w := along(&c.Cuts.Frames[b.Step-1], j, states[b.Step]); w < b.Lower[j] || w > b.Upper[j] {
					t.Fatalf("region %d: state %v of step %d is outside its box", i, states[b.Step], b.Step)
				}
			}
		}
		for j, k := range y.Cuts {
			v := k.Offset
			for n, a := range k.Slope {
				v += a * states[k.Step][n]
			}
			compared++
			if v > after[k.Step]+1e-10 {
				t.Fatalf("region %d, cut %d: %v is above the cost to go %v", i, j, v, after[k.Step])
			}
		}
	}
	return compared
}

// along is the coordinate of x in direction j of a frame.
func along(f *Frame, j int, x []float64) float64 {
	w := 0.0
	for i, d := range f.column(j) {
		w += d * (x[i] - f.Center[i])
	}
	return w
}

// step is the next state, written out.
func step(p *Program, x, u []float64) []float64 {
	dst := make([]float64, p.Nx)
	q := *p
	q.Horizon, q.X0 = 1, x
	for i := range dst { // a max term reads it
		row := make([]float64, p.Nx)
		row[i] = 1
		q.Cost = []Term{{T: 1, Norm: Max, Factor: 1, X: row, U: make([]float64, p.Nu), B: []float64{0}}}
		dst[i], _ = naive(&q, u)
	}
	return dst
}
