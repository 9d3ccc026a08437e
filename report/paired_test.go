package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSignedRankByEnumeration compares with all 2^n signs, ties and zeros among the
// differences.
func TestSignedRankByEnumeration(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 9; n++ {
		d := make([]float64, n)
		for i := range d {
			d[i] = float64(rng.IntN(7) - 2)
		}
		got, want := SignedRank(d), enumerateSigns(d)
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("p of %v is %g, by enumeration %g", d, got, want)
		}
	}
	all := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if p := SignedRank(all); math.Abs(p-2.0/1024) > 1e-15 {
		t.Errorf("p of ten positive differences is %g, want 2/1024", p)
	}
	if p := SignedRank(nil); p != 1 {
		t.Errorf("p of nothing is %g, want 1", p)
	}
}

// enumerateSigns returns the share of signs whose rank sum is at least as far from
// its mean as that of d.
func enumerateSigns(d []float64) float64 {
	ranks, positive := signedRanks(d)
	total := 0
	for _, r := range ranks {
		total += r
	}
	if total == 0 {
		return 1
	}
	extreme := 0
	for signs := range 1 << len(ranks) {
		sum := 0
		for i, r := range ranks {
			if signs>>i&1 == 1 {
				sum += r
			}
		}
		if math.Abs(float64(2*sum-total)) >= math.Abs(float64(2*positive-total)) {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<len(ranks))
}

// TestSignedRankNormal: where the normal tail takes over it is that of the ranks.
func TestSignedRankNormal(t *testing.T) {
	d := make([]float64, mostRanked)
	for i := range d {
		d[i] = float64(i+1) * []float64{1, 1, -1}[i%3]
	}
	ranks, positive := signedRanks(d)
	total := mostRanked * (mostRanked + 1)
	exact, normal := tailOfRanks(ranks, total, positive), normalTail(ranks, total, positive)
	if !(exact < 0.05) || math.Abs(exact/normal-1) > 0.05 {
		t.Errorf("the tail is %g, the normal one %g", exact, normal)
	}
	if p := SignedRank(append(d, 0.5)); !(p > 0 && p < 0.1) {
		t.Errorf("p of one more difference is %g", p)
	}
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("corrected %v, want .03, .06, .06, .02", got)
		}
	}
	if p := Holm([]float64{0.9, 0.8}); !slices.Equal(p, []float64{1, 1}) {
		t.Errorf("corrected %v, want no more than 1", p)
	}
}

// TestMedianInterval compares with the ranks of tables: 2 and 9 of 10, 6 and 15
// of 20, and the range where there are few values.
func TestMedianInterval(t *testing.T) {
	for _, c := range []struct{ n, low, high int }{{3, 1, 3}, {5, 1, 5}, {6, 1, 6}, {10, 2, 9}, {20, 6, 15}} {
		values := make([]float64, c.n)
		for i := range values {
			values[i] = float64(c.n - i)
		}
		if low, high := MedianInterval(values); low != float64(c.low) || high != float64(c.high) {
			t.Errorf("%d values: ranks %g to %g, want %d to %d", c.n, low, high, c.low, c.high)
		}
	}
	if low, _ := MedianInterval(nil); !math.IsNaN(low) {
		t.Errorf("an interval of nothing starts at %g", low)
	}
}
