package pusht

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hinge/control"
)

// systems returns both simulators and an action that moves the T from state0.
func systems(t testing.TB) map[string]struct {
	system control.System
	u      []float64
} {
	return map[string]struct {
		system control.System
		u      []float64
	}{
		"poke":  {mustPoke(t, Options{}), []float64{0.01, -0.085, 0.003, 0.02}},
		"plane": {mustPlane(t, Options{}), []float64{0.003, 0.02}},
	}
}

var state0 = []float64{0, 0, 0, 0.01, stemBottom - 0.01}

func TestStep(t *testing.T) {
	for name, c := range systems(t) {
		nx, nu := c.system.Dims()
		if nx != NX || nu != len(c.u) {
			t.Fatalf("%s: Dims() = %d, %d", name, nx, nu)
		}
		x := slices.Clone(state0)
		next := step(c.system, x, c.u...)
		if !slices.Equal(x, state0) {
			t.Errorf("%s: Step changed its input", name)
		}
		if next[2] == x[2] {
			t.Errorf("%s: action did not turn the T", name)
		}
		clone := step(c.system.Clone(), x, c.u...)
		c.system.Step(x, x, c.u) // aliased
		if !slices.Equal(x, next) || !slices.Equal(clone, next) {
			t.Errorf("%s: aliased %v and clone %v differ from %v", name, x, clone, next)
		}
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	for name, c := range systems(t) {
		dst := make([]float64, NX)
		if n := testing.AllocsPerRun(100, func() { c.system.Step(dst, state0, c.u) }); n != 0 {
			t.Errorf("%s: Step allocates %g times", name, n)
		}
	}
	s := mustPoke(t, Options{})
	inside := []float64{0.01, 0.01, 0.001, 0.001} // a start that has to be moved
	dst := make([]float64, NX)
	if n := testing.AllocsPerRun(100, func() { s.Step(dst, state0, inside) }); n != 0 {
		t.Errorf("Step allocates %g times where the start is inside the T", n)
	}
}

// The state is all there is: a run resumed from any of its states by another
// simulator gives the same bytes.
func TestResumeIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 0))
	const steps = 300
	tr := control.NewTrajectory(NX, 2, steps)
	b := control.NewBox(2, -0.02, 0.02)
	x := slices.Clone(state0)
	for i := range steps { // drawn towards the T, so that it keeps being touched
		u := tr.Action(i)
		b.Sample(u, rng)
		u[0], u[1] = u[0]-0.1*x[3], u[1]-0.1*x[4]
	}
	tr.Simulate(mustPlane(t, Options{}), x)
	if tr.State(steps)[2] == x[2] {
		t.Fatal("the T never turned")
	}
	for _, from := range []int{1, 100, 299} {
		s := mustPlane(t, Options{})
		copy(x, tr.State(from))
		for i := from; i < steps; i++ {
			s.Step(x, x, tr.Action(i))
		}
		if !slices.Equal(x, tr.State(steps)) {
			t.Errorf("resumed at %d the run ends in %v, not %v", from, x, tr.State(steps))
		}
	}
}

func TestPokeForgetsThePusher(t *testing.T) {
	s := mustPoke(t, Options{})
	u := []float64{0.01, -0.085, 0.003, 0.02}
	far := slices.Clone(state0)
	far[3], far[4] = 5, -7
	if a, b := step(s, state0, u...), step(s, far, u...); !slices.Equal(a, b) {
		t.Errorf("resting places lead to %v and %v", a, b)
	}
}

func TestPokeStartsOutside(t *testing.T) {
	s := mustPoke(t, Options{})
	next := step(s, state0, 0.002, 0.001, 0, 0)
	if g := Gap(next); math.Abs(g) > 1e-12 {
		t.Errorf("a start inside the T leaves a gap of %g, want 0", g)
	}
	if !slices.Equal(next[:3], state0[:3]) {
		t.Errorf("setting the pusher down moved the T to %v", next[:3])
	}
	px, py := PokeStart(state0, []float64{0.002, 0.001, 0, 0})
	if px != next[3] || py != next[4] {
		t.Errorf("PokeStart says (%g, %g), Step %v", px, py, next[3:])
	}
}

func TestPlaneMovesAnOverlappingPusherOut(t *testing.T) {
	s := mustPlane(t, Options{})
	next := step(s, []float64{0, 0, 0, 0.003, 0.002}, 0, 0)
	if g := Gap(next); math.Abs(g) > 1e-12 || next[0] != 0 || next[1] != 0 || next[2] != 0 {
		t.Errorf("state %v has a gap of %g", next, g)
	}
}

// A displacement beyond the T in one action cannot jump over it.
func TestLongActionDoesNotTunnel(t *testing.T) {
	next := step(mustPlane(t, Options{}), []float64{0, 0, 0, 0, -0.3}, 0, 0.6)
	if want := 0.3 + PusherRadius - stemBottom; math.Abs(next[1]-want) < 1e-9 {
		return
	}
	t.Errorf("T ends at %v", next)
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{Friction: 2}, "Friction is 2"},
		{Options{Friction: math.NaN()}, "Friction is NaN"},
		{Options{CharacteristicLength: -1}, "CharacteristicLength is -1"},
		{Options{SubStep: 1}, "SubStep is 1"},
	} {
		if _, err := NewPoke(c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewPoke(%+v): error %v, want %q", c.opts, err, c.want)
		}
		if _, err := NewPlane(c.opts); err == nil {
			t.Errorf("NewPlane(%+v) succeeds", c.opts)
		}
	}
}

func TestWrongCallsPanic(t *testing.T) {
	s, p := mustPoke(t, Options{}), mustPlane(t, Options{})
	x, five := state0, make([]float64, NX)
	calls := map[string]func(){
		"short dst":         func() { s.Step(five[:4], x, five[:4]) },
		"short state":       func() { s.Step(five, x[:3], five[:4]) },
		"action of poke":    func() { s.Step(five, x, five[:2]) },
		"action of plane":   func() { p.Step(five, x, five[:4]) },
		"NaN":               func() { p.Step(five, x, []float64{math.NaN(), 0}) },
		"infinite":          func() { p.Step(five, []float64{math.Inf(1), 0, 0, 0, 0}, five[:2]) },
		"long displacement": func() { p.Step(five, x, []float64{2, 0}) },
		"Keypoints":         func() { Keypoints(five, x) },
		"Centroid":          func() { Centroid(five) },
		"FitPose":           func() { FitPose(five, five) },
		"Outline":           func() { Outline(five, x) },
		"Gap":               func() { Gap(x[:3]) },
		"PokeStart":         func() { PokeStart(x, x) },
	}
	for name, call := range calls {
		func() {
			defer func() {
				msg, _ := recover().(string)
				if !strings.HasPrefix(msg, "pusht: ") {
					t.Errorf("%s: recovered %q, want a message that starts with the package", name, msg)
				}
			}()
			call()
		}()
	}
}
