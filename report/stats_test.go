package report

import (
	"math"
	"testing"
)

func TestQuantile(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, tc := range []struct {
		values  []float64
		q, want float64
	}{
		{nil, 0.5, nan},
		{[]float64{3}, 0.99, 3},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{4, 1, 3, 2}, 0, 1},
		{[]float64{4, 1, 3, 2}, 1, 4},
		{[]float64{15, 20, 35, 40, 50}, 0.4, 29}, // numpy.percentile(.., 40)
		{[]float64{15, 20, 35, 40, 50}, 0.95, 48},
		{[]float64{1, nan, 2}, 0.5, nan},
		{[]float64{1, inf, inf}, 0.9, inf},
		{[]float64{1, 2, inf}, 0.5, 2},
		{[]float64{1, 2, inf}, 0.75, inf},
	} {
		got := Quantile(tc.values, tc.q)
		if math.Abs(got-tc.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(tc.want) {
			t.Errorf("Quantile(%v, %g) = %g, want %g", tc.values, tc.q, got, tc.want)
		}
	}
	if v := []float64{2, 1}; Median(v) != 1.5 || v[0] != 2 {
		t.Errorf("Median changed its argument to %v", v)
	}
}

// The first four are the published examples of Newcombe (Statistics in Medicine
// 17, 1998, table I, method 3).
func TestWilson(t *testing.T) {
	for _, tc := range []struct {
		k, n      int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
		{29, 29, 1 - 0.1170, 1},
		{0, 0, 0, 1},
	} {
		low, high := Wilson(tc.k, tc.n)
		if math.Abs(low-tc.low) > 6e-5 || math.Abs(high-tc.high) > 6e-5 {
			t.Errorf("Wilson(%d, %d) = [%.4f, %.4f], want [%.4f, %.4f]", tc.k, tc.n, low, high, tc.low, tc.high)
		}
	}
}

// The ends of the interval are the rates p0 at which the observed rate lies
// exactly z standard errors away.
func TestWilsonSolvesItsEquation(t *testing.T) {
	const z = 1.959963984540054
	for n := 1; n < 40; n += 6 {
		for k := range n + 1 {
			low, high := Wilson(k, n)
			for _, p0 := range []float64{low, high} {
				p := float64(k) / float64(n)
				if d := (p-p0)*(p-p0) - z*z*p0*(1-p0)/float64(n); math.Abs(d) > 1e-12 {
					t.Errorf("k = %d, n = %d: p0 = %g misses by %g", k, n, p0, d)
				}
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	inf := math.Inf(1)
	s := RunSummary{}
	s.Measure([]Step{
		{StageCost: 2, PlanMS: 10, Objective: 10, DualBound: 9, Status: "optimal"},
		{StageCost: 3, PlanMS: 30, Objective: 8, DualBound: 8, Status: "optimal"},
		{StageCost: 4, PlanMS: math.NaN(), Objective: inf, DualBound: -inf},
	})
	if s.Cost != 9 || s.Steps != 3 || s.PlanMS.Median != 20 || s.PlanMS.Max != 30 || s.AbsGap.Max != 1 || s.RelGap.Max != 0.1 {
		t.Errorf("measured %+v", s)
	}
	if s.DeadlineMisses != 0 || !math.IsNaN(float64(s.DeadlineMS)) {
		t.Errorf("without a deadline: %d misses, deadline %g", s.DeadlineMisses, s.DeadlineMS)
	}
	s.Measure(nil)
	if !math.IsNaN(float64(s.PlanMS.P99)) || !math.IsNaN(float64(s.AbsGap.P95)) || s.Cost != 0 {
		t.Errorf("of nothing: %+v", s)
	}
}

func TestGeometricMean(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{1, 100}, 10}, {[]float64{8}, 8}, {[]float64{0, 1e9}, 1}, {nil, math.NaN()}} {
		if got := GeometricMean(c.values); !(math.Abs(got-c.want) <= 1e-9*c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("geometric mean of %v is %g, want %g", c.values, got, c.want)
		}
	}
}
