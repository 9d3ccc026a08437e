package planner

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// beamSearch is one pass of [Beam] and its memory: the states kept after a step,
// their children, and how to get back to the start.
type beamSearch struct {
	*Problem
	r         *rollouts
	cost      *stageCost // with detours
	keep      int        // states kept after a step
	branching int
	cell      float64 // width of a cell, see select

	kept     []beamState
	children []beamState
	states   [2][]float64 // of kept and children, keep and keep*branching rows of Nx
	actions  []float64    // of the children
	parents  [][]int32    // H x keep
	moves    [][]float64  // H x keep*Nu
	stride   []float64    // Nx: the largest change of a coordinate in one step so far
	order    []int32
	taken    map[uint64]struct{}
}

// beamState is a state by its number in the memory of the search.
type beamState struct {
	spent float64 // cost so far
	score float64 // and with what standing still from here on would cost
}

func newBeamSearch(p *Problem, r *rollouts, o BeamOptions) *beamSearch {
	nx, nu := p.Cost.Nx, p.Cost.Nu
	n := o.Keep * o.Branching
	b := &beamSearch{Problem: p, r: r, keep: o.Keep, branching: o.Branching, cell: o.Cell,
		kept: make([]beamState, o.Keep), children: make([]beamState, n),
		states: [2][]float64{make([]float64, o.Keep*nx), make([]float64, n*nx)}, actions: make([]float64, n*nu),
		stride: make([]float64, nx), order: make([]int32, 0, n), taken: make(map[uint64]struct{}, o.Keep)}
	for range p.Cost.Horizon {
		b.parents = append(b.parents, make([]int32, o.Keep))
		b.moves = append(b.moves, make([]float64, o.Keep*nu))
	}
	return b
}

// start prepares passes from x0.
func (b *beamSearch) start(x0 []float64) {
	b.cost = newStageCost(b.Cost)
	b.cost.addWaysRound(b.Cost, x0)
	clear(b.stride)
}

// run makes pass k and reports whether it has come to the end of the horizon.
func (b *beamSearch) run(ctx context.Context, k int, seed uint64) bool {
	copy(b.states[0], b.r.x0)
	b.kept = append(b.kept[:0], beamState{})
	for t := range b.Cost.Horizon {
		b.expand(ctx, t, uint64(k), seed)
		if ctx.Err() != nil {
			return false
		}
		b.measure()
		b.selectFrom(t)
		if len(b.kept) == 0 {
			return false
		}
	}
	return true
}

// expand steps every kept state with branching actions.
func (b *beamSearch) expand(ctx context.Context, t int, pass, seed uint64) {
	nx, nu := b.Cost.Nx, b.Cost.Nu
	n := len(b.kept) * b.branching
	b.children = b.children[:n]
	b.r.chunks(n, func(w *rolloutWorker, first, last int) {
		if ctx.Err() != nil {
			return
		}
		for i := first; i < last; i++ {
			from := i / b.branching
			copy(b.states[1][i*nx:(i+1)*nx], b.states[0][from*nx:(from+1)*nx])
			item := (pass*uint64(b.Cost.Horizon)+uint64(t))*uint64(cap(b.children)) + uint64(i)
			b.draw(b.actions[i*nu:(i+1)*nu], b.before(t, from), i%b.branching, w.rng.at(seed, beamStream+item))
		}
		w.steps(b.states[1][first*nx:last*nx], b.actions[first*nu:last*nu], last-first)
		for i := first; i < last; i++ {
			b.charge(t, i)
		}
	})
}

// beamStream is where the random streams of passes begin, beyond those of samples.
const beamStream = 1 << 62

// before returns the action that led to kept state i, nil if there is none.
func (b *beamSearch) before(t, i int) []float64 {
	nu := b.Cost.Nu
	if t == 0 {
		return b.Before
	}
	return b.moves[t-1][i*nu : (i+1)*nu]
}

// draw writes an action: a quarter of them go on nearly as before, the others lie
// anywhere in the box, most of them at its limits.
func (b *beamSearch) draw(u, before []float64, j int, rng *rand.Rand) {
	lower, upper := b.Action.Lower, b.Action.Upper
	if 4*j < b.branching && before != nil {
		for a := range u {
			u[a] = before[a] + goOnStd*(upper[a]-lower[a])/2*rng.NormFloat64()
		}
		b.Action.Clamp(u, u)
		return
	}
	b.Action.Sample(u, rng)
	if rng.Float64() < limitShare {
		a := rng.IntN(len(u))
		u[a] = lower[a]
		if rng.IntN(2) == 0 {
			u[a] = upper[a]
		}
	}
}

// Constants of the draws.
const (
	goOnStd    = 0.3 // of half the box
	limitShare = 0.7
)

// charge sets the costs of child i, which has been stepped.
func (b *beamSearch) charge(t, i int) {
	nx, nu := b.Cost.Nx, b.Cost.Nu
	x, u := b.states[1][i*nx:(i+1)*nx], b.actions[i*nu:(i+1)*nu]
	from := i / b.branching
	c := &b.children[i]
	c.spent = b.kept[from].spent + b.cost.at(t+1, x, u, b.before(t, from))
	c.score = c.spent + b.cost.standing(t+1, x, b.held[:nu])
}

// measure widens the strides to the steps just made.
func (b *beamSearch) measure() {
	nx := b.Cost.Nx
	for i := range b.children {
		x, from := b.states[1][i*nx:(i+1)*nx], b.states[0][i/b.branching*nx:]
		for k, v := range x {
			if d := math.Abs(v - from[k]); d > b.stride[k] && !math.IsInf(d, 1) {
				b.stride[k] = d
			}
		}
	}
}

// selectFrom keeps the children of the best score, one in every cell. A cell is a
// box whose edges are cell times the largest step of each coordinate.
func (b *beamSearch) selectFrom(t int) {
	b.rank()
	nx := b.Cost.Nx
	clear(b.taken)
	b.kept = b.kept[:0]
	for _, i := range b.order {
		key := b.key(b.states[1][int(i)*nx : (int(i)+1)*nx])
		if _, ok := b.taken[key]; ok {
			continue
		}
		b.taken[key] = struct{}{}
		b.take(t, int(i))
		if len(b.kept) == b.keep {
			return
		}
	}
}

// rank orders the children by score.
func (b *beamSearch) rank() {
	b.order = b.order[:0]
	for i, c := range b.children {
		if !math.IsNaN(c.score) {
			b.order = append(b.order, int32(i))
		}
	}
	slices.SortFunc(b.order, func(i, j int32) int {
		if c := cmp.Compare(b.children[i].score, b.children[j].score); c != 0 {
			return c
		}
		return int(i - j)
	})
}

// take keeps child i.
func (b *beamSearch) take(t, i int) {
	nx, nu, k := b.Cost.Nx, b.Cost.Nu, len(b.kept)
	copy(b.states[0][k*nx:], b.states[1][i*nx:(i+1)*nx])
	copy(b.moves[t][k*nu:], b.actions[i*nu:(i+1)*nu])
	b.parents[t][k] = int32(i / b.branching)
	b.kept = append(b.kept, b.children[i])
}

// key returns a number of the cell of x; two cells hardly ever share one.
func (b *beamSearch) key(x []float64) uint64 {
	h := uint64(14695981039346656037)
	for k, v := range x {
		if b.stride[k] > 0 {
			h ^= uint64(int64(math.Floor(v / (b.cell * b.stride[k]))))
			h *= 0x9E3779B97F4A7C15
			h ^= h >> 29
		}
	}
	return h
}

// ends returns up to most of the kept states, best first, one for each of the states
// they come from in the middle of the horizon, then the best of the others: what lies
// next to each other at the end has often come the same way.
func (b *beamSearch) ends(most int) []int {
	var first, others []int
	clear(b.taken)
	for k := range b.kept {
		from := uint64(b.ancestor(k, b.Cost.Horizon/2))
		if _, ok := b.taken[from]; ok {
			others = append(others, k)
			continue
		}
		b.taken[from] = struct{}{}
		first = append(first, k)
	}
	list := append(first, others...)
	return list[:min(most, len(list))]
}

// ancestor returns the state kept after step t from which kept state k has come.
func (b *beamSearch) ancestor(k, t int) int {
	for s := b.Cost.Horizon - 1; s > t; s-- {
		k = int(b.parents[s][k])
	}
	return k
}

// trace writes the actions that led to kept state k.
func (b *beamSearch) trace(u []float64, k int) {
	nu := b.Cost.Nu
	for t := b.Cost.Horizon - 1; t >= 0; t-- {
		copy(u[t*nu:(t+1)*nu], b.moves[t][k*nu:(k+1)*nu])
		k = int(b.parents[t][k])
	}
}
