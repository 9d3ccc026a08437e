package tasks

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hinge/sim/pusht"
)

// A start anywhere on the outline of the T, at any angle, is inside the box.
func TestPokeBoxHoldsEveryContact(t *testing.T) {
	var corners [16]float64
	var k [keypointStates]float64
	pusht.Outline(corners[:], []float64{0, 0, 0})
	pusht.Keypoints(k[:], []float64{0, 0, 0})
	mx, my := pusht.Centroid(k[:])
	farthest := 0.0
	for i := 0; i < len(corners); i += 2 {
		farthest = max(farthest, math.Hypot(corners[i]-mx, corners[i+1]-my)+pusht.PusherRadius)
	}
	if math.Abs(farthest-0.0852) > 0.05e-3 {
		t.Errorf("farthest contact is %g m from the centroid, the comment says 85.2 mm", farthest)
	}
	if farthest > pokeReach || farthest < pokeReach-0.01 {
		t.Errorf("box reaches %g m, the farthest contact is at %g", pokeReach, farthest)
	}
}

// The features are the keypoints as the pusher sees them, so they do not change
// when T and goal are moved together.
func TestPokeFeatures(t *testing.T) {
	k := mustNew(t, "push-t")
	pose := []float64{0.1, -0.2, 0.7}
	u := []float64{0.03, -0.05, 0.01, 0.02}
	v := make([]float64, keypointStates+len(u))
	pusht.Keypoints(v[:keypointStates], pose)
	copy(v[keypointStates:], u)
	got := make([]float64, k.Features.Rows)
	k.Features.Apply(got, v)
	mx, my := pusht.Centroid(v[:keypointStates])
	for i := range keypointStates {
		pusher := []float64{mx + u[0], my + u[1]}[i%2]
		if want := v[i] - pusher; math.Abs(got[i]-want) > 1e-15 {
			t.Errorf("feature %d is %g, want %g", i, got[i], want)
		}
	}
	if got[keypointStates] != u[2] || got[keypointStates+1] != u[3] {
		t.Errorf("features of the displacement are %v, want %v", got[keypointStates:], u[2:])
	}
	shifted := make([]float64, len(got))
	for i := range keypointStates {
		v[i] += []float64{0.5, -0.25}[i%2]
	}
	k.Features.Apply(shifted, v)
	for i := range got {
		if math.Abs(shifted[i]-got[i]) > 1e-15 {
			t.Errorf("moving the T changes feature %d from %g to %g", i, got[i], shifted[i])
		}
	}
}

// J of a T that rests is the error of its keypoints, by L1 instead of Euclid.
func TestPushTCostIsAnError(t *testing.T) {
	k := mustNew(t, "push-t")
	e := k.Episode(source(0))
	x := slices.Clone(e.Goal)
	for i := 0; i < keypointStates; i += 2 {
		x[i] += 0.003 // every keypoint 3 mm away along one axis
	}
	if err := k.Error(x, e.Goal); math.Abs(err-0.003) > 1e-15 {
		t.Errorf("error is %g, want 0.003", err)
	}
	for _, horizon := range []int{1, 3, 7} {
		c := k.Cost(e.Goal, horizon)
		sum := 0.0
		for step := 1; step <= horizon; step++ {
			sum += c.Stage(step, x, make([]float64, pokeCoordinates), nil)
		}
		if math.Abs(sum-0.003) > 1e-15 {
			t.Errorf("horizon %d: J is %g, want 0.003", horizon, sum)
		}
	}
}

func TestPushTEpisodesCoverTheirRange(t *testing.T) {
	k := mustNew(t, "push-t")
	var goal [3]float64
	var angles [4]int // goals by quadrant
	nearest, farthest, turn := math.Inf(1), 0.0, 0.0
	for i := range uint64(500) {
		e := k.Episode(source(i))
		pusht.FitPose(goal[:], e.Goal)
		d := math.Hypot(e.Start[0]-goal[0], e.Start[1]-goal[1])
		a := math.Abs(math.Remainder(e.Start[2]-goal[2], 2*math.Pi))
		nearest, farthest, turn = min(nearest, d), max(farthest, d), max(turn, a)
		angles[int((goal[2]+math.Pi)/(math.Pi/2))%4]++
		if g := pusht.Gap(e.Start); g < 0 {
			t.Errorf("episode %d starts with an overlap of %g m", i, -g)
		}
	}
	if nearest < 0.04 || nearest > 0.045 || farthest > 0.12 || farthest < 0.115 || turn > math.Pi/3 || turn < 0.9*math.Pi/3 {
		t.Errorf("starts lie %g to %g m and up to %g rad away", nearest, farthest, turn)
	}
	if slices.Min(angles[:]) < 80 {
		t.Errorf("goals by quadrant: %v of 500", angles)
	}
}

// moves returns the share of n pokes, chosen by act, that move the T.
func moves(n int, act func(dst, x []float64, rng *rand.Rand)) float64 {
	k, err := New("push-t")
	if err != nil {
		panic(err)
	}
	rng := source(0)
	u, next := make([]float64, pokeCoordinates), make([]float64, pusht.NX)
	moved := 0
	for range n {
		x := k.Episode(rng).Start
		act(u, observe(k, x), rng)
		k.System.Step(next, x, u)
		if !slices.Equal(next[:3], x[:3]) {
			moved++
		}
	}
	return float64(moved) / float64(n)
}

func TestExplorationTouchesAndMisses(t *testing.T) {
	explored := moves(2000, explorePoke)
	uniform := moves(2000, func(dst, _ []float64, rng *rand.Rand) { pokeBox().Sample(dst, rng) })
	if explored < 0.6 || explored > 0.9 || uniform < 0.1 || uniform > 0.4 {
		t.Errorf("%g of the exploring and %g of the uniform pokes move the T; want 0.6 to 0.9 and 0.1 to 0.4", explored, uniform)
	}
}

// Exploring pokes come at the T from everywhere: every edge is touched.
func TestExplorationTouchesEveryEdge(t *testing.T) {
	var count [8]int
	rng := source(0)
	var corners [16]float64
	pose := []float64{0, 0, 0}
	pusht.Outline(corners[:], pose)
	for range 2000 {
		x, y, nx, ny := perimeterPoint(pose, rng)
		for i := range count {
			j := (i + 1) % len(count)
			ax, ay, bx, by := corners[2*i], corners[2*i+1], corners[2*j], corners[2*j+1]
			length := math.Hypot(bx-ax, by-ay)
			onEdge := math.Abs(math.Hypot(x-ax, y-ay)+math.Hypot(x-bx, y-by)-length) < 1e-12
			if onEdge && math.Abs(nx*(bx-ax)+ny*(by-ay)) < 1e-15 {
				count[i]++
			}
		}
		if g := pusht.Gap([]float64{0, 0, 0, x + 2*pusht.PusherRadius*nx, y + 2*pusht.PusherRadius*ny}); g > pusht.PusherRadius+1e-12 || g < -pusht.PusherRadius {
			t.Fatalf("normal (%g, %g) at (%g, %g) does not lead outwards", nx, ny, x, y)
		}
	}
	if slices.Min(count[:]) < 50 {
		t.Errorf("points by edge: %v of 2000", count)
	}
}

// The task can be solved: the cross-entropy method with one step of the true
// plant ahead reaches the goal.
func TestGreedyPokesReachTheGoal(t *testing.T) {
	k := mustNew(t, "push-t")
	for i := range uint64(8) {
		rng := source(100 + i)
		e := k.Episode(rng)
		c := k.Cost(e.Goal, 1)
		x := slices.Clone(e.Start)
		steps := 0
		for ; steps < k.MaxSteps && !k.Success(observe(k, x), e.Goal); steps++ {
			u := greedyPoke(k, c.Stage, x, rng)
			k.System.Step(x, x, u)
		}
		if !k.Success(observe(k, x), e.Goal) {
			t.Errorf("episode %d: error is %g m after %d pokes", i, k.Error(observe(k, x), e.Goal), steps)
		}
	}
}

// greedyPoke returns the best poke that the cross-entropy method finds for the
// next step from plant state x.
func greedyPoke(k *Task, stage func(t int, x, u, before []float64) float64, x []float64, rng *rand.Rand) []float64 {
	const rounds, samples, elite = 4, 128, 12
	type candidate struct {
		u    [pokeCoordinates]float64
		cost float64
	}
	nu := pokeCoordinates
	mean, spread := make([]float64, nu), make([]float64, nu)
	for j := range nu {
		spread[j] = k.Action.Upper[j]
	}
	next, seen := make([]float64, pusht.NX), make([]float64, keypointStates)
	var best candidate
	best.cost = math.Inf(1)
	for range rounds {
		tried := make([]candidate, samples)
		for i := range tried {
			u := tried[i].u[:]
			for j := range nu {
				u[j] = mean[j] + spread[j]*rng.NormFloat64()
			}
			k.Action.Clamp(u, u)
			k.System.Step(next, x, u)
			pusht.Keypoints(seen, next[:3])
			tried[i].cost = stage(1, seen, u, nil)
		}
		slices.SortFunc(tried, func(a, b candidate) int {
			switch {
			case a.cost < b.cost:
				return -1
			case a.cost > b.cost:
				return 1
			}
			return 0
		})
		if tried[0].cost < best.cost {
			best = tried[0]
		}
		for j := range nu {
			mean[j], spread[j] = 0, 0
			for i := range elite {
				mean[j] += tried[i].u[j] / elite
			}
			for i := range elite {
				d := tried[i].u[j] - mean[j]
				spread[j] += d * d / elite
			}
			spread[j] = math.Sqrt(spread[j])
		}
	}
	return best.u[:]
}

// Most exploring pokes start just off the T and move towards it.
func TestExplorationStartsNearTheOutline(t *testing.T) {
	k := mustNew(t, "push-t")
	rng := source(2)
	const n = 1000
	u, near := make([]float64, pokeCoordinates), 0
	for range n {
		x := k.Episode(rng).Start
		seen := observe(k, x)
		explorePoke(u, seen, rng)
		mx, my := pusht.Centroid(seen)
		x[3], x[4] = mx+u[0], my+u[1]
		if g := pusht.Gap(x); g >= -1e-12 && g <= exploreGap {
			near++
		}
	}
	if near < 7*n/10 {
		t.Errorf("%d of %d exploring pokes start within %g m of the outline", near, n, exploreGap)
	}
}
