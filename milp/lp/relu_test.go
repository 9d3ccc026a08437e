package lp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// triangles returns the relaxation of a random ReLU network on the box [-1, 1]^inputs:
// a column for each input and each activation a = max(0, z), z a linear form of the
// columns before, the two slanted sides of its triangle as rows, and epigraph rows
// t >= g'a + b of a convex cost. cols counts inputs, activations and t. x is a point
// of the network, without t.
func triangles(r *rand.Rand, inputs, cols, rows int, density float64) (p *program, x []float64) {
	p = &program{}
	for range inputs {
		p.addColumn(0.1*r.NormFloat64(), -1, 1)
		x = append(x, 2*r.Float64()-1)
	}
	form := func(from, to, cols int) (row []float64, lo, hi float64) {
		row = make([]float64, cols)
		bias := 0.3 * r.NormFloat64()
		lo, hi = bias, bias
		for j := from; j < to; j++ {
			if r.Float64() < density {
				row[j] = r.NormFloat64() / math.Sqrt(density*float64(to-from))
				lo += min(row[j]*p.lower[j], row[j]*p.upper[j])
				hi += max(row[j]*p.lower[j], row[j]*p.upper[j])
			}
		}
		return row, lo - bias, hi - bias
	}
	half := inputs + (cols-1-inputs)/2
	for j := inputs; j < cols-1; j++ {
		from, to := 0, inputs
		if j >= half {
			from, to = inputs, half
		}
		z, lo, hi := form(from, to, cols)
		bias := 0.3*r.NormFloat64() - (lo+hi)/2
		lo, hi = min(lo+bias, -0.1), max(hi+bias, 0.1)
		p.addColumn(0.1*r.NormFloat64(), 0, hi)
		below, above := make([]float64, cols), make([]float64, cols)
		slope := hi / (hi - lo)
		for k, v := range z {
			below[k], above[k] = -v, -slope*v
		}
		below[j], above[j] = 1, 1
		x = append(x, max(0, bias+dot(z[:j], x)))
		p.addRow(bias, below, inf)             // a >= z
		p.addRow(-inf, above, slope*(bias-lo)) // a <= slope (z - lo)
	}
	p.addColumn(1, -1000, 1000)
	for len(p.rows) < rows {
		g, lo, hi := form(0, cols-1, cols)
		for k := range g {
			g[k] = -g[k]
		}
		g[cols-1] = 1
		p.addRow((lo+hi)/-8, g, inf)
	}
	return p, x
}

// walk halves the range of one column, as a branching does, and keeps the half with
// x in it; it restores the range when it has become small.
func walk(r *rand.Rand, p *program, x []float64, s *Solver) {
	j := r.IntN(len(p.cost) - 1)
	lo, hi := s.Column(j)
	if hi-lo < 0.1*(p.upper[j]-p.lower[j]) {
		lo, hi = p.lower[j], p.upper[j]
	} else if mid := (lo + hi) / 2; x[j] > mid {
		lo = mid
	} else {
		hi = mid
	}
	s.SetColumn(j, lo, hi)
}

func BenchmarkResolve(b *testing.B) {
	for _, size := range []struct {
		inputs, cols, rows int
		density            float64
	}{{20, 60, 150, 0.3}, {20, 60, 150, 1}, {40, 130, 300, 0.3}, {40, 130, 300, 1}} {
		b.Run(fmt.Sprintf("%dx%d/density%g", size.cols, size.rows, size.density), func(b *testing.B) {
			r := rand.New(rand.NewPCG(5, 0))
			p, x := triangles(r, size.inputs, size.cols, size.rows, size.density)
			s := p.solver()
			s.Solve(inf, Options{})
			iterations, basics := 0, 0
			for b.Loop() {
				walk(r, p, x, s)
				s.Solve(inf, Options{})
				iterations += s.Iterations
				basics += s.kernel.size()
			}
			b.ReportMetric(float64(iterations)/float64(b.N), "pivots/op")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1000/float64(max(1, iterations)), "µs/pivot")
			b.ReportMetric(float64(basics)/float64(b.N), "kernel")
		})
	}
}

// A node of a tree elsewhere: its basis is set, one range changed, and it is solved.
func BenchmarkNode(b *testing.B) {
	for _, size := range [][3]int{{20, 60, 150}, {40, 130, 300}} {
		b.Run(fmt.Sprintf("%dx%d", size[1], size[2]), func(b *testing.B) {
			r := rand.New(rand.NewPCG(5, 0))
			p, x := triangles(r, size[0], size[1], size[2], 0.3)
			s := p.solver()
			s.Solve(inf, Options{})
			iterations := 0
			var node Basis
			for b.Loop() {
				s.Basis(&node)
				s.SetBasis(&node)
				walk(r, p, x, s)
				s.Solve(inf, Options{})
				iterations += s.Iterations
			}
			b.ReportMetric(float64(iterations)/float64(b.N), "pivots/op")
		})
	}
}

func BenchmarkCold(b *testing.B) {
	for _, size := range [][3]int{{20, 60, 150}, {40, 130, 300}} {
		b.Run(fmt.Sprintf("%dx%d", size[1], size[2]), func(b *testing.B) {
			p, _ := triangles(rand.New(rand.NewPCG(5, 0)), size[0], size[1], size[2], 0.3)
			s := p.solver()
			var slack Basis
			s.Basis(&slack)
			iterations := 0
			for b.Loop() {
				s.SetBasis(&slack)
				s.Solve(inf, Options{})
				iterations += s.Iterations
			}
			b.ReportMetric(float64(iterations)/float64(b.N), "pivots/op")
		})
	}
}
