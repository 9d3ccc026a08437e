package tasks

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/control"
	"hinge/viz/scene"
)

// eachTask runs check for every registered task and fails where there is none.
func eachTask(t *testing.T, check func(t *testing.T, k *Task)) {
	t.Helper()
	if len(Names()) == 0 {
		t.Fatal("no task is registered")
	}
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) { check(t, mustNew(t, name)) })
	}
}

func mustNew(t testing.TB, name string) *Task {
	t.Helper()
	k, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func source(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(1, stream)) }

// observe returns the model state of plant state x at the start of an episode.
func observe(k *Task, x []float64) []float64 {
	_, model := k.Observer.Dims()
	dst := make([]float64, model)
	k.Observer.Reset()
	k.Observer.Observe(dst, x, nil)
	return dst
}

func finite(v ...float64) bool {
	return !slices.ContainsFunc(v, func(a float64) bool { return math.IsNaN(a) || math.IsInf(a, 0) })
}

func TestTaskIsComplete(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		if k.Name == "" || k.Summary == "" || k.Unit == "" || k.MaxSteps < 1 || !(k.Tolerance > 0) {
			t.Errorf("a text or number is missing: %+v", k)
		}
		if k.System == nil || k.Observer == nil || k.Episode == nil || k.Cost == nil || k.Error == nil || k.Explore == nil || k.Draw == nil {
			t.Errorf("a part is missing: %+v", k)
		}
	})
}

func TestDimensionsAgree(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		plant, nu := k.System.Dims()
		seen, nx := k.Observer.Dims()
		if plant != seen {
			t.Errorf("plant has %d states, the observer sees %d", plant, seen)
		}
		if k.Action.Dim() != nu {
			t.Errorf("plant takes %d actions, the box has %d", nu, k.Action.Dim())
		}
		if gotX, gotU := k.Dims(); gotX != nx || gotU != nu {
			t.Errorf("Dims() = %d, %d, want %d, %d", gotX, gotU, nx, nu)
		}
		if k.Features.Cols != nx+nu || k.Base.Cols != nx+nu || k.Base.Rows != nx {
			t.Errorf("features are %d x %d, base %d x %d; model has %d states, %d actions",
				k.Features.Rows, k.Features.Cols, k.Base.Rows, k.Base.Cols, nx, nu)
		}
		for name, err := range map[string]error{"box": k.Action.Validate(), "features": k.Features.Validate(), "base": k.Base.Validate()} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		e := k.Episode(source(0))
		if len(e.Start) != plant || len(e.Goal) != nx {
			t.Errorf("episode has %d and %d values, want %d and %d", len(e.Start), len(e.Goal), plant, nx)
		}
	})
}

func TestEpisodes(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		first := k.Episode(source(0))
		again := mustNew(t, k.Name).Episode(source(0))
		if !slices.Equal(first.Start, again.Start) || !slices.Equal(first.Goal, again.Goal) {
			t.Error("one seed gives two episodes")
		}
		for i := range uint64(100) {
			e := k.Episode(source(i))
			if i > 0 && (slices.Equal(e.Start, first.Start) || slices.Equal(e.Goal, first.Goal)) {
				t.Errorf("streams 0 and %d have the same start or goal", i)
			}
			x := observe(k, e.Start)
			if !finite(x...) || !finite(e.Goal...) {
				t.Fatalf("episode %d is not finite", i)
			}
			if k.Success(x, e.Goal) {
				t.Errorf("episode %d starts with success", i)
			}
			if !k.Success(e.Goal, e.Goal) || k.Error(e.Goal, e.Goal) != 0 {
				t.Errorf("episode %d: the goal itself has error %g", i, k.Error(e.Goal, e.Goal))
			}
		}
	})
}

func TestCosts(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		nx, nu := k.Dims()
		e := k.Episode(source(0))
		for _, horizon := range []int{1, 3, 10} {
			c := k.Cost(e.Goal, horizon)
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			if c.Nx != nx || c.Nu != nu || c.Horizon != horizon || len(c.Terms) == 0 {
				t.Errorf("cost of %d steps is %+v", horizon, c)
			}
			at := func(x []float64) float64 {
				tr := control.NewTrajectory(nx, nu, horizon)
				for i := range horizon + 1 {
					copy(tr.State(i), x)
				}
				return c.Total(tr, make([]float64, nu))
			}
			goal, start := at(e.Goal), at(observe(k, e.Start))
			if !(goal < start) || !finite(goal, start) {
				t.Errorf("horizon %d: resting costs %g at the goal and %g at the start", horizon, goal, start)
			}
		}
		// A cost owns its memory.
		c, wrong := k.Cost(e.Goal, 1), slices.Clone(e.Goal)
		x := observe(k, e.Start)
		before := c.Stage(1, x, make([]float64, nu), nil)
		for i := range e.Goal {
			e.Goal[i] = wrong[i] + 1
		}
		if after := c.Stage(1, x, make([]float64, nu), nil); after != before {
			t.Errorf("changing the goal changed the cost from %g to %g", before, after)
		}
	})
}

// explore writes n exploring steps of one episode to a trajectory of the plant.
func explore(k *Task, n int, rng *rand.Rand) *control.Trajectory {
	plant, nu := k.System.Dims()
	tr := control.NewTrajectory(plant, nu, n)
	copy(tr.State(0), k.Episode(rng).Start)
	for i := range n {
		k.Explore(tr.Action(i), observe(k, tr.State(i)), rng)
		k.System.Step(tr.State(i+1), tr.State(i), tr.Action(i))
	}
	return tr
}

func TestExploration(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		const n = 100
		tr := explore(k, n, source(0))
		other := explore(mustNew(t, k.Name), n, source(0))
		if !slices.Equal(tr.U, other.U) || !slices.Equal(tr.X, other.X) {
			t.Error("one seed gives two runs")
		}
		if !finite(tr.X...) {
			t.Error("a state is not finite")
		}
		for i := range n {
			seen := make([]float64, k.Action.Dim())
			k.Align.Of(observe(k, tr.State(i))).Vectors(seen, tr.Action(i))
			if !k.Action.Contains(seen, 1e-15) {
				t.Errorf("action %v leaves the box", seen)
			}
		}
		if slices.Equal(observe(k, tr.State(0)), observe(k, tr.State(n))) {
			t.Error("exploring never changed the model state")
		}
		x, u := observe(k, tr.State(0)), make([]float64, k.Action.Dim())
		rng := source(1)
		if a := testing.AllocsPerRun(100, func() { k.Explore(u, x, rng) }); a != 0 {
			t.Errorf("Explore allocates %g times", a)
		}
	})
}

// Clones of the plant and copies of the task share nothing that changes.
func TestIndependence(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		tr := explore(k, 20, source(0))
		clone := k.System.Clone()
		explore(k, 20, source(1)) // would disturb shared memory
		again := control.NewTrajectory(tr.Nx, tr.Nu, tr.Len())
		copy(again.U, tr.U)
		again.Simulate(clone, tr.State(0))
		if !slices.Equal(again.X, tr.X) {
			t.Error("a clone of the plant moves differently")
		}
		other, fresh := mustNew(t, k.Name), mustNew(t, k.Name)
		for _, v := range [][]float64{other.Action.Lower, other.Action.Upper, other.Features.W, other.Base.W} {
			for i := range v {
				v[i] = 7
			}
		}
		for name, eq := range map[string]bool{
			"box":      slices.Equal(fresh.Action.Lower, k.Action.Lower) && slices.Equal(fresh.Action.Upper, k.Action.Upper),
			"features": slices.Equal(fresh.Features.W, k.Features.W),
			"base":     slices.Equal(fresh.Base.W, k.Base.W),
		} {
			if !eq {
				t.Errorf("two tasks share their %s", name)
			}
		}
	})
}

// The features and the base are what a model sees: where nothing happens the
// base alone has to predict it.
func TestBasePredictsRest(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		nx, nu := k.Dims()
		x := observe(k, k.Episode(source(0)).Start)
		dst := make([]float64, nx)
		k.Base.Apply(dst, append(slices.Clone(x), make([]float64, nu)...))
		for i := range x {
			if math.Abs(dst[i]-x[i]) > 1e-12 {
				t.Errorf("base moves state %d from %g to %g", i, x[i], dst[i])
			}
		}
	})
}

func TestDrawing(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		nx, nu := k.Dims()
		e := k.Episode(source(0))
		bare := k.Draw(View{State: e.Start, Goal: e.Goal})
		checkScene(t, bare)
		u := make([]float64, nu)
		k.Explore(u, observe(k, e.Start), source(1))
		tr := control.NewTrajectory(nx, nu, 3)
		for i := range 4 {
			copy(tr.State(i), e.Goal)
		}
		full := k.Draw(View{
			State: e.Start, Goal: e.Goal, Action: u, Caption: "step 1",
			Plan: &control.Plan{Trajectory: tr, Candidates: []*control.Trajectory{tr, tr}},
		})
		checkScene(t, full)
		if full.Caption != "step 1" {
			t.Errorf("caption is %q", full.Caption)
		}
		count := map[scene.Role]int{}
		for _, s := range full.Shapes {
			count[s.Role]++
		}
		if count[scene.Predicted] < 3 || count[scene.Candidate] < 2 || count[scene.Goal] == 0 || count[scene.Object] == 0 {
			t.Errorf("shapes by role: %v", count)
		}
		if len(full.Shapes) <= len(bare.Shapes)+5 {
			t.Errorf("an action adds nothing: %d shapes, %d without", len(full.Shapes), len(bare.Shapes))
		}
	})
}

func checkScene(t *testing.T, s scene.Scene) {
	t.Helper()
	if !(s.Min.X < s.Max.X) || !(s.Min.Y < s.Max.Y) || len(s.Shapes) == 0 {
		t.Fatalf("scene is empty: %+v", s)
	}
	for i, p := range s.Shapes {
		if len(p.Points) == 0 {
			t.Errorf("shape %d has no points", i)
		}
		for _, q := range p.Points {
			if !(q.X >= s.Min.X && q.X <= s.Max.X && q.Y >= s.Min.Y && q.Y <= s.Max.Y) {
				t.Errorf("shape %d has point (%g, %g) outside the picture", i, q.X, q.Y)
			}
		}
	}
}

// The frames of an action end in the state the plant reaches.
func TestFramesEndInTheNextState(t *testing.T) {
	eachTask(t, func(t *testing.T, k *Task) {
		if k.Frames == nil {
			t.Skip("nothing is seen between two steps")
		}
		tr := explore(k, 20, source(0))
		for i := range tr.Len() {
			frames := k.Frames(tr.State(i), tr.Action(i), 4)
			if len(frames) != 4 || !slices.Equal(frames[3], tr.State(i+1)) {
				t.Fatalf("step %d ends in %v, its frames are %v", i, tr.State(i+1), frames)
			}
		}
	})
}
