package planner

import (
	"math"
	"math/rand/v2"
	"slices"

	"hinge/control"
)

// defaultTo returns v, or def if v is zero.
func defaultTo[T int | float64](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// stream is a source of random numbers that is set to a work item without
// allocation.
type stream struct {
	pcg *rand.PCG
	rng *rand.Rand
}

func newStream() *stream {
	pcg := rand.NewPCG(0, 0)
	return &stream{pcg, rand.New(pcg)}
}

// at returns the numbers of the work item, which the next call of at ends.
func (s *stream) at(seed, item uint64) *rand.Rand {
	s.pcg.Seed(seed, item)
	return s.rng
}

// spread writes share times half the width of the box to std (H x Nu).
func (p *Problem) spread(std []float64, share float64) {
	for k := range std {
		std[k] = share * (p.actions.Upper[k] - p.actions.Lower[k]) / 2
	}
}

// perturb writes clamp(mean + std e) to row (H x Nu). The noise e is standard
// normal at every step and correlated in time, rho between neighbours:
//
//	e_0 = n_0,   e_t = rho e_{t-1} + sqrt(1 - rho^2) n_t,   n standard normal
//
// Actions that keep their direction for a while reach further than white noise
// of the same size.
func (p *Problem) perturb(row, mean, std []float64, rho float64, rng *rand.Rand) {
	nu, fresh := p.Cost.Nu, math.Sqrt(1-rho*rho)
	for a := range nu {
		e := rng.NormFloat64()
		row[a] = mean[a] + std[a]*e
		for k := a + nu; k < len(row); k += nu {
			e = rho*e + fresh*rng.NormFloat64()
			row[k] = mean[k] + std[k]*e
		}
	}
	p.actions.Clamp(row, row)
}

// population is the samples of one iteration with their costs.
type population struct {
	u     []float64 // n x size
	costs []float64 // n
	order []int     // n, by cost
	size  int
}

func newPopulation(n, size int) population {
	return population{u: make([]float64, n*size), costs: make([]float64, n), order: make([]int, n), size: size}
}

// part returns samples first .. last-1 as a population that shares their memory.
func (s *population) part(first, last int) population {
	return population{u: s.u[first*s.size : last*s.size], costs: s.costs[first:last],
		order: make([]int, last-first), size: s.size}
}

// row returns sample i, sharing memory.
func (s *population) row(i int) []float64 { return s.u[i*s.size : (i+1)*s.size] }

// sort orders the samples by cost, equal ones by index.
func (s *population) sort() {
	for i := range s.order {
		s.order[i] = i
	}
	slices.SortFunc(s.order, func(a, b int) int {
		switch {
		case s.costs[a] < s.costs[b]:
			return -1
		case s.costs[a] > s.costs[b]:
			return 1
		}
		return a - b
	})
}

// usable counts the samples of finite cost, which sort first.
func (s *population) usable() int {
	n, _ := slices.BinarySearchFunc(s.order, math.Inf(1), func(i int, inf float64) int {
		if s.costs[i] < inf {
			return -1
		}
		return 0
	})
	return n
}

// candidates returns the states and actions of the best samples.
func (s *population) candidates(r *rollouts, most int) []*control.Trajectory {
	var list []*control.Trajectory
	for _, i := range s.order[:min(most, s.usable())] {
		tr := control.NewTrajectory(r.nx, r.nu, r.horizon)
		r.trajectory(tr, s.row(i))
		list = append(list, tr)
	}
	return list
}
