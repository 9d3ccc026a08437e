package certificate

import (
	"math"
	"math/rand/v2"
	"slices"
)

// shape is the size of a random program.
type shape struct {
	nx, nu, horizon int
	hidden          []int
	norms           []string
	skip            bool // the output reads everything
	mixed           bool // some units are identity or zero
	rate            bool // a term that reads two actions
}

var shapes = []shape{
	{nx: 2, nu: 1, horizon: 2, hidden: []int{5}, norms: []string{L1}, skip: true},
	{nx: 2, nu: 1, horizon: 3, hidden: []int{4, 3}, norms: []string{SquaredL2}, rate: true},
	{nx: 3, nu: 2, horizon: 2, hidden: []int{4, 4}, norms: []string{LInf, L1}, skip: true, mixed: true},
	{nx: 2, nu: 2, horizon: 1, hidden: []int{6}, norms: []string{Max, Disc}, skip: true, rate: true},
	{nx: 1, nu: 1, horizon: 3, hidden: []int{3, 3}, norms: []string{L1, LInf, SquaredL2, Disc, Max, Hinge, Polygon}, skip: true, mixed: true, rate: true},
}

func vectorOf(rng *rand.Rand, n int, scale float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = scale * rng.NormFloat64()
	}
	return v
}

func randomProgram(rng *rand.Rand, s shape) *Program {
	p := &Program{Nx: s.nx, Nu: s.nu, Horizon: s.horizon, X0: vectorOf(rng, s.nx, 1), Before: vectorOf(rng, s.nu, 1)}
	for range s.nu * s.horizon {
		p.Lower, p.Upper = append(p.Lower, -1), append(p.Upper, .5+rng.Float64())
	}
	from, to := 0, s.nx+s.nu
	for i, n := range append(slices.Clone(s.hidden), s.nx) {
		last := i == len(s.hidden)
		if last && s.skip {
			from = 0
		}
		y := Layer{From: from, To: to, Bias: vectorOf(rng, n, .3), Weights: vectorOf(rng, n*(to-from), 1.2/math.Sqrt(float64(to-from)))}
		for range n {
			g := ReLU
			if last || s.mixed && rng.IntN(4) == 0 {
				g = Identity
			} else if s.mixed && rng.IntN(8) == 0 {
				g = Zero
			}
			y.Gates = append(y.Gates, g)
		}
		p.Network.Layers = append(p.Network.Layers, y)
		from, to = to, to+n
	}
	for t := 1; t <= s.horizon; t++ {
		for _, norm := range s.norms {
			k := Term{T: t, Norm: norm, Factor: .2 + rng.Float64(), X: vectorOf(rng, 2*s.nx, 1), U: vectorOf(rng, 2*s.nu, .3), B: vectorOf(rng, 2, 1)}
			if norm == Disc {
				k.Radius = 1
			}
			if s.rate {
				k.Prev = vectorOf(rng, 2*s.nu, .3)
			}
			p.Cost = append(p.Cost, k)
		}
	}
	return p
}

// naive is J(u) and the pre-activations, written out from the definition.
func naive(p *Program, u []float64) (float64, []float64) {
	x, sum := slices.Clone(p.X0), 0.0
	var pre []float64
	for t := range p.Horizon {
		buf := append(slices.Clone(x), u[t*p.Nu:(t+1)*p.Nu]...)
		for l, y := range p.Network.Layers {
			in := slices.Clone(buf[y.From:y.To])
			for i := range y.Bias {
				z := y.Bias[i]
				for j, v := range in {
					z += y.Weights[i*len(in)+j] * v
				}
				if l < len(p.Network.Layers)-1 {
					pre = append(pre, z)
				}
				switch y.Gates[i] {
				case ReLU:
					z = max(0, z)
				case Zero:
					z = 0
				}
				buf = append(buf, z)
			}
		}
		x = slices.Clone(buf[len(buf)-p.Nx:])
		for _, k := range p.Cost {
			if k.T == t+1 {
				sum += k.Factor * naiveNorm(p, &k, x, u)
			}
		}
	}
	return sum, pre
}

func naiveNorm(p *Program, k *Term, x, u []float64) float64 {
	var l1, linf, squares, over float64
	top := math.Inf(-1)
	for i, r := range k.B {
		for j := range p.Nx {
			r += k.X[i*p.Nx+j] * x[j]
		}
		for j := range p.Nu {
			r += k.U[i*p.Nu+j] * u[(k.T-1)*p.Nu+j]
			if k.Prev != nil && k.T == 1 {
				r += k.Prev[i*p.Nu+j] * p.Before[j]
			} else if k.Prev != nil {
				r += k.Prev[i*p.Nu+j] * u[(k.T-2)*p.Nu+j]
			}
		}
		l1, linf, squares, top = l1+math.Abs(r), max(linf, math.Abs(r)), squares+r*r, max(top, r)
		over += max(0, r)
	}
	return map[string]float64{L1: l1, LInf: linf, SquaredL2: squares, Max: top, Disc: max(0, k.Radius*k.Radius-squares),
		Hinge: over, Polygon: max(0, -top)}[k.Norm]
}

// prover makes certificates by bisection. It bounds with the checker's own
// functions: whether those are right is for samples and other provers to say.
type prover struct {
	*worker
	rng    *rand.Rand
	p      *Program
	leaves []Leaf
}

// prove returns a certificate with about 2^depth leaves.
func prove(rng *rand.Rand, p *Program, depth int, phases bool) *Certificate {
	pr := &prover{worker: newWorker(newModel(p)), rng: rng, p: p}
	r, _ := pr.open(p.Lower, p.Upper)
	root := place{r: r, lower: p.Lower, upper: p.Upper}
	pr.split(root, depth, "", nil, phases)
	c := &Certificate{Program: *p, Leaves: pr.leaves}
	if hinted(c, p.Lower, p.Upper) == nil {
		panic("the paths are not those of a tree")
	}
	c.Claim.DualBound = math.Inf(1)
	for _, y := range pr.leaves {
		c.Claim.DualBound = min(c.Claim.DualBound, y.Bound)
	}
	best, u := math.Inf(1), make([]float64, len(p.Lower))
	for range 200 {
		sample(rng, u, p.Lower, p.Upper)
		if v, _ := naive(p, u); v < best {
			best, c.Incumbent = v, nil
			for t := range p.Horizon {
				c.Incumbent = append(c.Incumbent, slices.Clone(u[t*p.Nu:(t+1)*p.Nu]))
			}
		}
	}
	c.Claim.Objective = CostAbove(p, c.Incumbent)
	return c
}

func sample(rng *rand.Rand, u, lower, upper []float64) {
	for k := range u {
		switch rng.IntN(4) {
		case 0:
			u[k] = lower[k]
		case 1:
			u[k] = upper[k]
		default:
			u[k] = lower[k] + rng.Float64()*(upper[k]-lower[k])
		}
	}
}

func (p *prover) split(at place, depth int, path string, fixed [][2]int, phases bool) {
	if depth == 0 {
		p.leaf(at, fixed)
		p.leaves[len(p.leaves)-1].Path = path
		return
	}
	if unit := p.undecided(at.r, fixed); phases && unit >= 0 && p.rng.IntN(2) == 0 {
		for n, sign := range []int{1, -1} {
			path := path + string(rune('0'+n))
			next := at
			next.r = at.r.clone()
			if next.r.fix(unit, sign) && p.tighten(next.r, at.lower, at.upper, unit/len(p.m.hidden)) {
				p.split(next, depth-1, path, append(slices.Clone(fixed), [2]int{unit, sign}), phases)
			} else { // no such point: whatever is claimed holds
				p.leaves = append(p.leaves, Leaf{Lower: at.lower, Upper: at.upper, Bound: 1e6, Path: path, Phases: append(slices.Clone(fixed), [2]int{unit, sign})})
			}
		}
		return
	}
	k := p.rng.IntN(len(at.lower))
	if p.rng.IntN(6) == 0 { // clip a slab off
		slab, rest := at, at
		slab.upper, rest.lower = slices.Clone(at.upper), slices.Clone(at.lower)
		slab.upper[k] = at.lower[k] + .1*(at.upper[k]-at.lower[k])
		rest.lower[k] = slab.upper[k]
		p.leaf(slab, fixed)
		y := &p.leaves[len(p.leaves)-1]
		y.Slab, y.Path = true, path+"0"
		p.split(rest, depth-1, path+"1", fixed, phases)
		return
	}
	share := .5
	if p.rng.IntN(4) == 0 {
		share = p.rng.Float64()
	}
	point := at.lower[k] + share*(at.upper[k]-at.lower[k])
	for side := range 2 {
		next := place{r: at.r.clone(), lower: slices.Clone(at.lower), upper: slices.Clone(at.upper)}
		if side == 0 {
			next.upper[k] = point
		} else {
			next.lower[k] = point
		}
		p.tighten(next.r, next.lower, next.upper, k/p.p.Nu)
		p.split(next, depth-1, path+string(rune('0'+side)), fixed, phases)
	}
}

func (p *prover) undecided(r *ranges, fixed [][2]int) int {
	for _, at := range p.rng.Perm(len(r.lo)) {
		if r.lo[at] < 0 && r.hi[at] > 0 && p.m.hidden[at%len(p.m.hidden)].gate == ReLU &&
			!slices.ContainsFunc(fixed, func(q [2]int) bool { return q[0] == at }) {
			return at
		}
	}
	return -1
}

// leaf records the best of a few multipliers.
func (p *prover) leaf(at place, fixed [][2]int) {
	best := Leaf{Lower: at.lower, Upper: at.upper, Bound: math.Inf(-1)}
	for try := range 12 {
		y := Leaf{Lower: at.lower, Upper: at.upper, Phases: fixed}
		if try > 0 {
			y.Mult = slices.Clone(p.tangents(at.lower, at.upper))
			for range p.m.units() {
				y.Low = append(y.Low, p.rng.Float64())
			}
			p.perturb(y.Mult)
		}
		if try > 6 { // of the phases, and now and then of any range
			y.Split = make([]float64, p.m.units())
			for _, q := range fixed {
				y.Split[q[0]] = .2 * p.rng.ExpFloat64() * float64(q[1])
			}
			if try > 9 {
				y.Split[p.rng.IntN(len(y.Split))] += .02 * p.rng.NormFloat64()
			}
		}
		y.Bound = p.bound(&y, at)
		if y.Bound > best.Bound {
			best = y
		}
	}
	p.leaves = append(p.leaves, best)
}

// perturb moves multipliers within their domains.
func (p *prover) perturb(mult []float64) {
	at := 0
	for i := range p.p.Cost {
		k := &p.p.Cost[i]
		m := mult[at : at+len(k.B)]
		at += len(m)
		switch v := p.rng.Float64(); k.Norm {
		case L1, Hinge:
			for j := range m {
				m[j] *= p.rng.Float64()
			}
		case LInf, Max:
			sum := 0.0
			for j := range m {
				m[j] = v * p.rng.ExpFloat64()
				sum += m[j]
			}
			for j := range m {
				if m[j] /= sum; k.Norm == LInf {
					m[j] = math.Copysign(m[j], p.rng.NormFloat64())
				}
			}
		case SquaredL2:
			for j := range m {
				m[j] += .1 * p.rng.NormFloat64()
			}
		}
	}
}
