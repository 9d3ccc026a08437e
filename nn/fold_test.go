package nn

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"hinge/internal/assert"
)

func ExampleFold() {
	n := NewMLP(3, []int{4, 4}, 2, false)
	n.Layers[0].Gates = []Gate{ReLU, Identity, ReLU, Zero}
	n.Layers[1].Gates = []Gate{Zero, Zero, ReLU, Identity}
	for l := range n.Layers {
		for i := range n.Weight(l) {
			n.Weight(l)[i] = 1
		}
	}
	for i, l := range Fold(n).Layers {
		fmt.Printf("layer %d reads [%d, %d), units %d\n", i, l.From, l.To, l.Out)
	}
	// Output:
	// layer 0 reads [0, 3), units 2
	// layer 1 reads [0, 5), units 1
	// layer 2 reads [0, 6), units 2
}

func TestFoldIsEqual(t *testing.T) {
	checked, folded := 0, 0
	for i := range 2000 {
		rng := newRand(t, i)
		n := randomNet(rng)
		f := Fold(n)
		assertFolded(t, f)
		if f.Count(ReLU) > n.Count(ReLU) || f.In != n.In || f.Out() != n.Out() {
			t.Fatalf("net %d: %d ReLUs of %d, %d -> %d", i, f.Count(ReLU), n.Count(ReLU), f.In, f.Out())
		}
		if f.Width() < n.Width() {
			folded++
		}
		for range 3 {
			x := normal(n.In, rng)
			assertClose(t, fmt.Sprintf("net %d", i), forward(f, x), naiveForward(n, x), 1e-12)
			checked++
		}
	}
	if checked == 0 || folded < 1000 {
		t.Fatalf("%d points checked, %d nets became smaller", checked, folded)
	}
}

func assertFolded(t *testing.T, n *Net) {
	t.Helper()
	if n.Count(Identity)+n.Count(Zero) != 0 {
		t.Fatalf("%d identity and %d zero units are left", n.Count(Identity), n.Count(Zero))
	}
	read := make([]bool, n.width)
	for i := range n.Layers {
		l := &n.Layers[i]
		if l.Out == 0 {
			t.Fatalf("layer %d is empty", i)
		}
		for j := range l.Out {
			row := n.Weight(i)[j*l.In() : (j+1)*l.In()]
			if i < len(n.Layers)-1 && allZero([][]float64{row}, 0, len(row)) {
				t.Fatalf("unit %d of layer %d is a constant", j, i)
			}
			for k, w := range row {
				read[l.From+k] = read[l.From+k] || w != 0
			}
		}
	}
	for k, r := range read[n.In : n.width-n.Out()] {
		if !r {
			t.Fatalf("nothing reads hidden unit %d", k)
		}
	}
}

// Units that nothing reads, or that read nothing, go, and with them those that only they
// read; what they add to others stays, and so do all other units.
func TestFoldDropsDeadAndConstantUnits(t *testing.T) {
	dropped, smaller := 0, 0
	for i := range 1000 {
		rng := newRand(t, i)
		n := randomMLP(3, []int{5, 4, 3}, 2, rng)
		if rng.IntN(2) == 0 {
			for l := range n.Layers[:3] {
				n.Layers[l].Gates = make([]Gate, n.Layers[l].Out)
				for j := range n.Layers[l].Gates {
					n.Layers[l].Gates[j] = Gate(rng.IntN(3))
				}
			}
		}
		for range 1 + rng.IntN(4) {
			l, j := rng.IntN(3), 0
			in := n.Layers[l].In()
			if j = rng.IntN(n.Layers[l].Out); rng.IntN(2) == 0 { // it reads nothing
				clear(n.Weight(l)[j*in : (j+1)*in])
				continue
			}
			for k := range n.Layers[l+1].Out { // nothing reads it
				n.Weight(l + 1)[k*n.Layers[l+1].In()+j] = 0
			}
		}
		f := Fold(n)
		assertFolded(t, f)
		if d := n.Count(ReLU) - f.Count(ReLU); d > 0 {
			dropped += d
			smaller++
		}
		for range 3 {
			x := normal(n.In, rng)
			assertClose(t, fmt.Sprintf("net %d", i), forward(f, x), naiveForward(n, x), 1e-12)
		}
	}
	if smaller < 600 || dropped < 1000 {
		t.Fatalf("%d units of %d nets were dropped", dropped, smaller)
	}
}

func TestFoldKeepsPlainPerceptrons(t *testing.T) {
	for i, hidden := range [][]int{nil, {5}, {8, 3, 8}, {1, 1, 1, 1}} {
		n := randomMLP(4, hidden, 2, newRand(t, i))
		f := Fold(n)
		if !slices.Equal(f.Params, n.Params) {
			t.Errorf("hidden %v: parameters changed", hidden)
		}
		for j := range n.Layers {
			if a, b := n.Layers[j], f.Layers[j]; a.From != b.From || a.To != b.To || a.Out != b.Out {
				t.Errorf("hidden %v: layer %d reads [%d, %d), want [%d, %d)", hidden, j, b.From, b.To, a.From, a.To)
			}
		}
	}
}

func TestFoldIsIdempotent(t *testing.T) {
	for i := range 200 {
		once := Fold(randomNet(newRand(t, i)))
		if twice := Fold(once); !reflect.DeepEqual(once, twice) {
			t.Fatalf("net %d: folding twice gives another network", i)
		}
	}
}

func TestFoldSharesNothing(t *testing.T) {
	n := randomMLP(2, []int{3}, 2, newRand(t, 0))
	f := Fold(n)
	f.Params[0]++
	f.Layers[1].Gates[0] = Zero
	if n.Params[0] == f.Params[0] || n.Layers[1].Gates[0] == Zero {
		t.Error("the folded network shares memory with the original")
	}
}

func TestWrapIsComposition(t *testing.T) {
	checked := 0
	for i := range 1000 {
		rng := newRand(t, i)
		n := randomNet(rng)
		s := Shell{In: 1 + rng.IntN(6)}
		s.Weight = normal(n.In*s.In, rng)
		for _, f := range []struct {
			dst  *[]float64
			size int
		}{{&s.Bias, n.In}, {&s.Scale, n.Out()}, {&s.Residual, n.Out() * s.In}, {&s.Offset, n.Out()}} {
			if rng.IntN(3) > 0 {
				*f.dst = normal(f.size, rng)
			}
		}
		w := n.Wrap(s)
		assertFolded(t, w)
		v := normal(s.In, rng)
		assertClose(t, fmt.Sprintf("net %d", i), forward(w, v), applyShell(s, n, v), 1e-11)
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

// applyShell evaluates the formula of [Shell].
func applyShell(s Shell, n *Net, v []float64) []float64 {
	x := make([]float64, n.In)
	for i := range x {
		x[i] = dot(s.Weight[i*s.In:(i+1)*s.In], v)
		if s.Bias != nil {
			x[i] += s.Bias[i]
		}
	}
	y := naiveForward(n, x)
	for i := range y {
		if s.Scale != nil {
			y[i] *= s.Scale[i]
		}
		if s.Residual != nil {
			y[i] += dot(s.Residual[i*s.In:(i+1)*s.In], v)
		}
		if s.Offset != nil {
			y[i] += s.Offset[i]
		}
	}
	return y
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func TestWrapRefusesWrongShapes(t *testing.T) {
	n := NewMLP(3, nil, 2, false)
	for _, s := range []Shell{
		{},
		{In: 2, Weight: make([]float64, 5)},
		{In: 2, Weight: make([]float64, 6), Bias: make([]float64, 2)},
		{In: 2, Weight: make([]float64, 6), Scale: make([]float64, 3)},
		{In: 2, Weight: make([]float64, 6), Residual: make([]float64, 2)},
		{In: 2, Weight: make([]float64, 6), Offset: make([]float64, 3)},
	} {
		assert.Panics(t, "nn: Wrap: the shell does not fit the network", func() { n.Wrap(s) })
	}
}

func TestFoldedSaysWhetherFoldChangesUnits(t *testing.T) {
	count := map[bool]int{}
	for i := range 2000 {
		n := randomNet(newRand(t, i))
		f := Fold(n)
		if !Folded(f) {
			t.Fatalf("net %d: folded, and not said to be", i)
		}
		same := f.Width() == n.Width() && len(f.Layers) == len(n.Layers) && n.Count(Identity)+n.Count(Zero) == 0
		if count[same]++; Folded(n) != same {
			t.Errorf("net %d: said to be folded: %v, width %d and then %d", i, Folded(n), n.Width(), f.Width())
		}
		if n = Fold(n); len(n.Layers) > 1 { // nobody reads its first unit
			for l := range n.Layers {
				if y := &n.Layers[l]; l > 0 && y.From <= n.In && y.To > n.In {
					for j := range y.Out {
						n.Weight(l)[j*y.In()+n.In-y.From] = 0
					}
				}
			}
			if Folded(n) || Fold(n).Width() >= n.Width() {
				t.Errorf("net %d: a unit that nobody reads stays", i)
			}
		}
	}
	if count[true] < 20 || count[false] < 500 {
		t.Errorf("%d networks were folded before, %d not", count[true], count[false])
	}
}
