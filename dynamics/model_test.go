package dynamics

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hinge/nn"
)

// formula is the model equation, written out.
func formula(m *Model, x, u []float64) []float64 {
	v := append(append([]float64(nil), x...), u...)
	n := make([]float64, m.Features.Rows)
	for i := range n {
		n[i] = m.Features.B[i]
		for j := range v {
			n[i] += m.Features.At(i, j) * v[j]
		}
		n[i] = (n[i] - m.In.Mean[i]) / m.In.Scale[i]
	}
	y := make([]float64, len(x))
	m.Net.Forward(y, n, m.Net.NewWorkspace())
	for i := range y {
		y[i] = m.Out.Mean[i] + m.Out.Scale[i]*y[i] + m.Base.B[i]
		for j := range v {
			y[i] += m.Base.At(i, j) * v[j]
		}
	}
	return y
}

func TestStepIsTheFormula(t *testing.T) {
	m := randomModel(1)
	net := m.Stepping()
	if n := net.Count(nn.ReLU); n != 11 || net.Count(nn.Identity)+net.Count(nn.Zero) != 0 {
		t.Errorf("the stepping network has %d ReLUs and other hidden units; it must have the 11 ReLUs of the model alone", n)
	}
	ws := net.NewWorkspace()
	rng := rand.New(rand.NewPCG(2, 0))
	for range 100 {
		x, u := randomVector(4, rng), randomVector(2, rng)
		want, got := formula(m, x, u), make([]float64, 4)
		m.Step(got, x, u)
		if d := largestDifference(got, want); d > 1e-12 {
			t.Fatalf("Step differs from the formula by %g", d)
		}
		net.Forward(got, append(append([]float64(nil), x...), u...), ws)
		if d := largestDifference(got, want); d > 1e-12 {
			t.Fatalf("the stepping network differs from the formula by %g", d)
		}
		m.Step(x, x, u)
		if d := largestDifference(x, want); d > 1e-12 {
			t.Fatalf("Step in place differs by %g", d)
		}
	}
}

func TestStepBatchIsStep(t *testing.T) {
	m := randomModel(1)
	for _, n := range []int{0, 1, 7, batchRows, 2*batchRows + 3} {
		rng := rand.New(rand.NewPCG(4, 0))
		x, u := randomVector(4*n, rng), randomVector(2*n, rng)
		want := make([]float64, 4*n)
		for i := range n {
			m.Step(want[4*i:4*i+4], x[4*i:4*i+4], u[2*i:2*i+2])
		}
		m.StepBatch(x, x, u, n)
		if d := largestDifference(x, want); d > 1e-12 {
			t.Errorf("%d rows: StepBatch differs from Step by %g", n, d)
		}
	}
}

func TestVJPIsTheDifferenceQuotient(t *testing.T) {
	m := randomModel(1)
	rng := rand.New(rand.NewPCG(5, 0))
	const h = 1e-6
	at := func(x, u, lambda []float64) float64 {
		sum := 0.0
		for i, y := range formula(m, x, u) {
			sum += lambda[i] * y
		}
		return sum
	}
	for range 20 {
		x, u, lambda := randomVector(4, rng), randomVector(2, rng), randomVector(4, rng)
		dx, du := make([]float64, 4), make([]float64, 2)
		m.VJP(dx, du, x, u, lambda)
		quotient := func(v []float64, i int) float64 {
			old := v[i]
			v[i] = old + h
			up := at(x, u, lambda)
			v[i] = old - h
			down := at(x, u, lambda)
			v[i] = old
			return (up - down) / (2 * h)
		}
		want := make([]float64, 6)
		for i := range x {
			want[i] = quotient(x, i)
		}
		for i := range u {
			want[4+i] = quotient(u, i)
		}
		if d := largestDifference(append(dx, du...), want); d > 1e-6 {
			t.Errorf("VJP differs from the difference quotient by %g", d)
		}
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	m := randomModel(1)
	x, u, dx, du := make([]float64, 4*300), make([]float64, 2*300), make([]float64, 4), make([]float64, 2)
	if n := testing.AllocsPerRun(10, func() {
		m.Step(x[:4], x[:4], u[:2])
		m.VJP(dx, du, x[:4], u[:2], x[4:8])
		m.StepBatch(x, x, u, 300)
	}); n != 0 {
		t.Errorf("stepping allocates %g times", n)
	}
}

func TestCloneSteps(t *testing.T) {
	m := randomModel(1)
	a, b := make([]float64, 4), make([]float64, 4)
	m.Step(a, []float64{1, 2, 3, 4}, []float64{5, 6})
	m.Clone().Step(b, []float64{1, 2, 3, 4}, []float64{5, 6})
	if !reflect.DeepEqual(a, b) {
		t.Errorf("the clone steps to %v, the model to %v", b, a)
	}
}

func TestWrongLengthsPanic(t *testing.T) {
	m := randomModel(1)
	v := func(n int) []float64 { return make([]float64, n) }
	for name, f := range map[string]func(){
		"dims": func() { m.Step(v(4), v(3), v(2)) },
		"dst":  func() { m.Step(v(3), v(4), v(2)) },
		"vjp":  func() { m.VJP(v(4), v(1), v(4), v(2), v(4)) },
		"rows": func() { m.StepBatch(v(8), v(8), v(2), 2) },
	} {
		func() {
			defer func() {
				if r, _ := recover().(string); !strings.HasPrefix(r, "dynamics: ") {
					t.Errorf("%s: panic %q; want one of this package", name, r)
				}
			}()
			f()
		}()
	}
}

func TestModelFileRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	m := randomModel(1)
	m.Meta = Meta{
		Signals: Signals{Task: "push-t", Period: 0.5, StateNames: []string{"a", "b", "c", "d"}, PointDim: 2},
		Seed:    7, DataHash: "abc", Tool: "hinge 1", Command: "hinge train",
		Errors: Errors{Horizon: 3, Unit: "m", OneStep: Stats{Rows: 5, RMS: 0.1}},
	}
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Meta, m.Meta) {
		t.Errorf("metadata %+v, want %+v", got.Meta, m.Meta)
	}
	x, u, want := []float64{1, 2, 3, 4}, []float64{5, 6}, make([]float64, 4)
	m.Step(want, x, u)
	got.Step(x, x, u)
	if !reflect.DeepEqual(x, want) {
		t.Errorf("the loaded model steps to %v, want %v", x, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	m := randomModel(1)
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// replace changes the header, which starts with its length.
	replace := func(old, new string) []byte {
		data := []byte(strings.Replace(string(whole), old, new, 1))
		header := binary.LittleEndian.Uint64(whole) + uint64(len(data)-len(whole))
		binary.LittleEndian.PutUint64(data, header)
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut":      {whole[:len(whole)-9], path},
		"format":   {replace(format, "hinge.dynamics.9"), `"format" is "hinge.dynamics.9"; a dynamics model has "hinge.dynamics.1"`},
		"field":    {replace(`\"task\":`, `\"tusk\":`), `unknown field "tusk"`},
		"cols":     {replace(`\"cols\":6`, `\"cols\":7`), "features: affine map of 5 x 7 has 30 weights"},
		"pointdim": {replace(`\"seed\":0`, `\"point_dim\":3`), "point_dim is 3; it must divide the 4 state coordinates"},
	} {
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v; it must name the file and %s", name, err, c.want)
		}
	}
}

// Models that step differently have different hashes; what is only said of them
// does not count.
func TestModelHash(t *testing.T) {
	want := randomModel(1).Hash()
	same := randomModel(1)
	same.Meta.Command = "another"
	if same.Hash() != want {
		t.Error("metadata change the hash")
	}
	for name, change := range map[string]func(*Model){
		"parameter": func(m *Model) { m.Net.Params[3] += 1e-9 },
		"gate":      func(m *Model) { m.Net.Layers[0].Gates[1] = 0 },
		"scale":     func(m *Model) { m.Out.Scale[1] *= 2 },
		"mean":      func(m *Model) { m.In.Mean[0]++ },
		"feature":   func(m *Model) { m.Features.B[2]++ },
		"base":      func(m *Model) { m.Base.W[5]++ },
	} {
		m := randomModel(1)
		change(m)
		if m.Hash() == want {
			t.Errorf("another %s has the same hash", name)
		}
	}
}
