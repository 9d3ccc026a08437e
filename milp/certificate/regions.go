package certificate

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// known is what has been proven of a region.
type known struct {
	lo, hi [][]float64 // Horizon x Nx: w of x_t; entry 0 is empty
	box    []*StateBox // Horizon: the box that programs of step t are over
	cuts   []bool      // by number: proven here or above
}

// regions verifies a proof by cuts.
type regions struct {
	ctx     context.Context
	c       *Certificate
	p       *Program
	skew    []float64 // by step, see [Frame.skew]
	known   []*known  // by region
	cuts    []*Cut    // by number
	leaves  int
	refined int
}

// checkCuts writes the outcome of a proof by cuts to r.
func checkCuts(ctx context.Context, c *Certificate, m *model, r *Report) error {
	k := &regions{ctx: ctx, c: c, p: &c.Program, skew: make([]float64, c.Program.Horizon)}
	for t := 1; t < c.Program.Horizon; t++ {
		if k.skew[t] = c.Cuts.Frames[t-1].skew(); !(k.skew[t] < .5) {
			r.Reason = fmt.Sprintf("the basis of the frame of step %d is too far from orthonormal: %v, it must be below 0.5", t, k.skew[t])
			return nil
		}
	}
	defer func() { r.Leaves, r.Refined = k.leaves, k.refined }()
	root := k.root(m)
	proven := make([]float64, len(c.Cuts.Regions)) // bounds
	for i := range c.Cuts.Regions {
		y := &c.Cuts.Regions[i]
		if i > 0 {
			root = k.known[y.Parent].clone()
		}
		k.known = append(k.known, root)
		reason, err := k.region(i, y, root)
		if err != nil || reason != "" {
			if reason != "" {
				r.Reason = fmt.Sprintf("region %d: %s", i, reason)
			}
			return err
		}
		proven[i] = math.Inf(-1)
		if y.Bound != nil {
			proven[i] = y.Bound.Value
		}
	}
	k.join(proven)
	if !(proven[0] >= c.Claim.DualBound) {
		r.Reason = fmt.Sprintf("the regions prove %v, below the claimed dual bound %v", proven[0], c.Claim.DualBound)
	}
	return nil
}

// join raises the bound of every region to that of its halves, children first.
func (k *regions) join(proven []float64) {
	all := k.c.Cuts.Regions
	halves := make([][]int, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		for n, a := range halves[i] {
			for _, b := range halves[i][:n] {
				if all[a].Split.opposes(all[b].Split) {
					proven[i] = max(proven[i], min(proven[a], proven[b]))
				}
			}
		}
		if i > 0 {
			halves[all[i].Parent] = append(halves[all[i].Parent], i)
		}
	}
}

func (s *Split) opposes(t *Split) bool {
	return s.Step == t.Step && s.Direction == t.Direction && s.Point == t.Point && s.Side == -t.Side
}

// root returns what the checker's own ranges on the whole box say.
func (k *regions) root(m *model) *known {
	p, w := k.p, newWorker(m)
	r, _ := w.open(p.Lower, p.Upper)
	y := &known{lo: make([][]float64, p.Horizon), hi: make([][]float64, p.Horizon), box: make([]*StateBox, p.Horizon)}
	for t := 1; t < p.Horizon; t++ {
		f := &k.c.Cuts.Frames[t-1]
		for j := range p.Nx {
			d := f.column(j)
			s := affine(d, r.xlo[t*p.Nx:], r.xhi[t*p.Nx:], 0)
			c := affine(d, f.Center, f.Center, 0)
			y.lo[t], y.hi[t] = append(y.lo[t], down(s.lo-c.hi)), append(y.hi[t], up(s.hi-c.lo))
		}
		// w = y - D w with |D w| <= skew |w|, so |w| <= |y|/(1 - skew)
		off := up(k.skew[t] * up(largest(y.lo[t], y.hi[t])/down(1-k.skew[t])))
		for j := range p.Nx {
			y.lo[t][j], y.hi[t][j] = down(y.lo[t][j]-off), up(y.hi[t][j]+off)
		}
	}
	return y
}

func (y *known) clone() *known {
	z := &known{lo: slices.Clone(y.lo), hi: slices.Clone(y.hi), box: slices.Clone(y.box), cuts: slices.Clone(y.cuts)}
	for t := range z.lo {
		z.lo[t], z.hi[t] = slices.Clone(z.lo[t]), slices.Clone(z.hi[t])
	}
	return z
}

// region verifies what one region says, given what is known of its parent in z, and
// adds it there. Cuts are verified from the last step back.
func (k *regions) region(i int, y *Region, z *known) (string, error) {
	if s := y.Split; s != nil {
		if s.Side > 0 {
			z.hi[s.Step][s.Direction] = min(z.hi[s.Step][s.Direction], s.Point)
		} else {
			z.lo[s.Step][s.Direction] = max(z.lo[s.Step][s.Direction], s.Point)
		}
	}
	for j := range y.Boxes {
		if reason, err := k.box(&y.Boxes[j], z); reason != "" || err != nil {
			return reason, err
		}
	}
	first := len(k.cuts)
	order := make([]int, len(y.Cuts))
	for j := range y.Cuts {
		k.cuts = append(k.cuts, &y.Cuts[j])
		order[j] = first + j
	}
	z.cuts = append(z.cuts, make([]bool, len(k.cuts)-len(z.cuts))...)
	slices.SortStableFunc(order, func(a, b int) int { return k.cuts[b].Step - k.cuts[a].Step })
	for _, n := range order {
		reason, err := k.cut(n, y, z)
		if err != nil {
			return "", err
		}
		if reason != "" {
			return fmt.Sprintf("cut %d at step %d: %s", n, k.cuts[n].Step, reason), nil
		}
		z.cuts[n] = true
	}
	if y.Bound == nil {
		return "", nil
	}
	reason, err := k.bound(y.Bound, z)
	if reason != "" {
		reason = "bound: " + reason
	}
	return reason, err
}

// box verifies a box of states.
func (k *regions) box(b *StateBox, z *known) (string, error) {
	t, p := b.Step, k.p
	f := &k.c.Cuts.Frames[t-1]
	for i := range b.Sides {
		s := &b.Sides[i]
		name := fmt.Sprintf("box of step %d: side %d: ", t, i)
		d := f.column(s.Direction)
		signed := slices.Clone(d)
		for j := range signed {
			signed[j] *= float64(s.Sign)
		}
		v, reason, err := k.prove(t-1, z, []Term{p.linear(t-1, signed)}, s.Leaves, s.Ranges)
		if reason != "" || err != nil {
			return name + reason, err
		}
		// Sign d'x >= v, so Sign d'(x - center) >= v - Sign d'center
		c := affine(signed, f.Center, f.Center, 0)
		off := up(k.skew[t] * largest(z.lo[t], z.hi[t]))
		v = down(down(v-c.hi) - off)
		if s.Sign > 0 {
			z.lo[t][s.Direction] = max(z.lo[t][s.Direction], v)
		} else {
			z.hi[t][s.Direction] = min(z.hi[t][s.Direction], -v)
		}
	}
	for j := range p.Nx {
		if !(b.Lower[j] <= z.lo[t][j]) { // also where nothing is known
			return fmt.Sprintf("box of step %d: lower[%d] is %v; only %v is proven", t, j, b.Lower[j], z.lo[t][j]), nil
		}
		if !(b.Upper[j] >= z.hi[t][j]) {
			return fmt.Sprintf("box of step %d: upper[%d] is %v; only %v is proven", t, j, b.Upper[j], z.hi[t][j]), nil
		}
	}
	z.box[t] = b
	return "", nil
}

// prove verifies leaves of the program of step t and returns the smallest of their bounds.
func (k *regions) prove(t int, z *known, cost []Term, leaves []Leaf, ranges [][]Range) (float64, string, error) {
	var lower, upper []float64
	var f *Frame
	if t > 0 {
		b := z.box[t]
		if b == nil {
			return 0, fmt.Sprintf("there is no box of the states of step %d", t), nil
		}
		f, lower, upper = &k.c.Cuts.Frames[t-1], b.Lower, b.Upper
	}
	q := &Certificate{Program: *k.p.stage(t, f, lower, upper, cost), Leaves: k.p.staged(t, leaves), Ranges: k.p.stagedRanges(t, ranges)}
	q.Claim = Claim{Objective: k.c.Claim.Objective, DualBound: math.Inf(1)} // the objective gives the scale
	for i := range q.Leaves {
		q.Claim.DualBound = min(q.Claim.DualBound, q.Leaves[i].Bound)
	}
	var r Report
	err := checkLeaves(k.ctx, q, newModel(&q.Program), &r, false)
	k.leaves += len(leaves)
	k.refined += r.Refined
	return q.Claim.DualBound, r.Reason, err
}

// stageTerms returns the cost of the program of step t with the cuts used for what
// comes after.
func (k *regions) stageTerms(t int, uses []int, z *known) ([]Term, string) {
	cost := k.p.stageCost(t)
	var cuts []*Cut
	for _, n := range uses {
		if n >= len(z.cuts) || !z.cuts[n] || k.cuts[n].Step != t+1 {
			return nil, fmt.Sprintf("it uses cut %d, which is not proven at step %d in this region or one above", n, t+1)
		}
		cuts = append(cuts, k.cuts[n])
	}
	if len(cuts) > 0 {
		return append(cost, k.p.toGo(t, cuts)), ""
	}
	for i := range k.p.Cost {
		if term := &k.p.Cost[i]; term.T > t+1 && term.Norm == Max {
			return nil, fmt.Sprintf("it uses no cut at step %d, where the cost to go may be negative", t+1)
		}
	}
	return cost, ""
}

// cut verifies cut n of region y.
func (k *regions) cut(n int, y *Region, z *known) (string, error) {
	c := k.cuts[n]
	f := &k.c.Cuts.Frames[c.Step-1]
	if c.Tilt != nil {
		return k.tilt(c, y, z), nil
	}
	if z.box[c.Step] == nil {
		return "there is no box of the states of its step", nil
	}
	cost, reason := k.stageTerms(c.Step, c.Uses, z)
	if reason != "" {
		return reason, nil
	}
	b := z.box[c.Step]
	minus, off := k.p.minus(f, c.Slope, b.Lower, b.Upper)
	v, reason, err := k.prove(c.Step, z, append(cost, minus), c.Leaves, c.Ranges)
	if reason == "" && err == nil && !(c.Offset <= down(v-off)) {
		reason = fmt.Sprintf("offset is %v; its leaves prove %v", c.Offset, down(v-off))
	}
	return reason, err
}

// tilt verifies a cut that was made from another one and the split of the region.
// The difference of both,
//
//	(a + amount side d - slope)'x + b - amount side (d'center + point) - offset,
//
// must not be negative for the states of the region; and side (d'(x - center) -
// point) is at most skew |w| there.
func (k *regions) tilt(c *Cut, y *Region, z *known) string {
	s, n := y.Split, c.Tilt.Cut
	switch {
	case s == nil || s.Step != c.Step:
		return "it is tilted, but the region has no split at this step"
	case n >= len(z.cuts) || !z.cuts[n] || k.cuts[n].Step != c.Step:
		return fmt.Sprintf("it tilts cut %d, which is not proven at this step in this region or one above", n)
	case c.Tilt.Amount < 0:
		return fmt.Sprintf("tilt amount is %v; it must not be negative", c.Tilt.Amount)
	}
	f, from, p := &k.c.Cuts.Frames[s.Step-1], k.cuts[n], k.p
	d, lo, hi := f.column(s.Direction), z.lo[s.Step], z.hi[s.Step]
	amount := c.Tilt.Amount * float64(s.Side)
	dc := affine(d, f.Center, f.Center, s.Point)
	least := from.Offset - c.Offset
	least = down(least)
	least = down(least - max(up(amount*dc.lo), up(amount*dc.hi)))
	least = down(least - up(c.Tilt.Amount*up(k.skew[s.Step]*largest(lo, hi))))
	for i := range p.Nx {
		row := f.Basis[i*p.Nx : (i+1)*p.Nx]
		x := affine(row, lo, hi, f.Center[i])
		e := affine([]float64{amount, 1, -1}, []float64{d[i], from.Slope[i], c.Slope[i]}, []float64{d[i], from.Slope[i], c.Slope[i]}, 0)
		least = down(least - up(e.mag()*x.mag()))
	}
	if !(least >= 0) {
		return fmt.Sprintf("offset is too large by up to %v for the tilt of cut %d", -least, n)
	}
	return ""
}

// bound verifies a bound of J.
func (k *regions) bound(b *RegionBound, z *known) (string, error) {
	cost, reason := k.stageTerms(0, b.Uses, z)
	if reason != "" {
		return reason, nil
	}
	v, reason, err := k.prove(0, z, cost, b.Leaves, b.Ranges)
	if reason == "" && err == nil && !(b.Value <= v) {
		reason = fmt.Sprintf("its leaves prove %v, claimed %v", v, b.Value)
	}
	return reason, err
}
