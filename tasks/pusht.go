package tasks

import (
	"math"
	"math/rand/v2"
	"slices"

	"hinge/control"
	"hinge/sim/pusht"
)

// Numbers of the push-t task, in metres and radians.
const (
	// pokeReach bounds the start of a poke, per axis of the T, from the keypoint
	// centroid. The pusher touches the T at most 85.2 mm away from it (at the
	// stem's lower corners), so every place of contact is inside at every angle.
	pokeReach = 0.090
	// pokeLength bounds the displacement of a poke per axis of the T.
	pokeLength = 0.025

	goalRange       = 0.050 // goal position, per axis from the origin
	startNear       = 0.040 // distance of the start from the goal
	startFar        = 0.120
	startTurn       = math.Pi / 3 // largest angle between start and goal
	pusherAway      = 0.100       // of the resting pusher from the T's centre of mass; clear of every corner
	keypointCount   = 4
	keypointStates  = 2 * keypointCount
	pokeCoordinates = 4
)

// newPushT is the T that has to be pushed to a goal pose by pokes.
//
// The model state is the T's four keypoints k_1 .. k_4 (8 coordinates, metres).
// An action (o, d) sets the pusher down at p = m(k) + o, m the mean of the
// keypoints, and moves it by d; both are in world axes. Since nothing changes
// when T and pusher move together, the features are the keypoints as
// seen from the pusher, r_i = k_i - p, and d; what is known without learning is
// that a T nobody pushes stays: x' = x + network(r, d).
//
// Nor does anything change when they turn together. A model is asked in the frame of
// the T from which a plan starts, so it need not know all angles, but those alone that
// a few pokes lead to: few ReLUs go twice as far. The box of actions turns with that
// frame.
func newPushT(name string) (*Task, error) {
	system, err := pusht.NewPoke(pusht.Options{})
	if err != nil {
		return nil, err
	}
	return &Task{
		Name:        name,
		Summary:     "push a T to a goal pose by pokes: choose where the pusher starts and how it moves",
		System:      system,
		Observer:    keypointObserver{},
		Action:      pokeBox(),
		Align:       frameOfT,
		Features:    pokeFeatures(),
		Base:        keypointBase(pokeCoordinates),
		StateNames:  []string{"k1_x", "k1_y", "k2_x", "k2_y", "k3_x", "k3_y", "k4_x", "k4_y"},
		StateUnits:  metres(keypointStates),
		ActionNames: []string{"offset_x", "offset_y", "move_x", "move_y"},
		ActionUnits: metres(pokeCoordinates),
		PointDim:    2,
		MaxSteps:    40,
		Tolerance:   0.010,
		Unit:        "m",
		Episode:     pushTEpisode,
		Cost:        pushTCost,
		Error:       keypointError,
		Explore:     explorePoke,
		Frames:      pokeFrames(system.Clone()),
		Draw:        drawPushT,
	}, nil
}

// keypointObserver sees the keypoints of the T, not the pusher.
type keypointObserver struct{}

func (keypointObserver) Dims() (plant, model int) { return pusht.NX, keypointStates }

func (keypointObserver) Reset() {}

func (keypointObserver) Observe(dst, x, _ []float64) { pusht.Keypoints(dst, x[:3]) }

// frameOfT returns the frame whose origin is the mean of the keypoints k and whose
// axes are those of the T that fits them best.
func frameOfT(k []float64) control.Frame {
	var pose [3]float64
	pusht.FitPose(pose[:], k)
	mx, my := pusht.Centroid(k)
	return control.NewFrame(mx, my, pose[2])
}

// pokeBox returns the box of actions (ox, oy, dx, dy).
func pokeBox() control.Box {
	return control.Box{
		Lower: []float64{-pokeReach, -pokeReach, -pokeLength, -pokeLength},
		Upper: []float64{pokeReach, pokeReach, pokeLength, pokeLength},
	}
}

// pokeFeatures returns the map to r_i = k_i - mean(k) - o, i = 1..4, and d.
func pokeFeatures() control.Affine {
	const ox, dx = keypointStates, keypointStates + 2 // first columns of o and d
	f := control.NewAffine(keypointStates+2, keypointStates+pokeCoordinates)
	for i := range keypointStates {
		axis := i % 2
		for j := axis; j < keypointStates; j += 2 {
			f.Set(i, j, -1.0/keypointCount)
		}
		f.Set(i, i, 1-1.0/keypointCount)
		f.Set(i, ox+axis, -1)
	}
	f.Set(keypointStates, dx, 1)
	f.Set(keypointStates+1, dx+1, 1)
	return f
}

// keypointBase returns x' = x for nu action coordinates.
func keypointBase(nu int) control.Affine {
	b := control.NewAffine(keypointStates, keypointStates+nu)
	for i := range keypointStates {
		b.Set(i, i, 1)
	}
	return b
}

// pushTEpisode draws a goal at any angle near the origin, and a start 40 to
// 120 mm and up to 60 degrees away from it. The pusher rests clear of the T.
func pushTEpisode(rng *rand.Rand) Episode {
	goal := [3]float64{uniform(rng, -goalRange, goalRange), uniform(rng, -goalRange, goalRange), uniform(rng, -math.Pi, math.Pi)}
	e := Episode{Start: make([]float64, pusht.NX), Goal: make([]float64, keypointStates)}
	pusht.Keypoints(e.Goal, goal[:])
	distance, bearing := uniform(rng, startNear, startFar), uniform(rng, -math.Pi, math.Pi)
	e.Start[0] = goal[0] + distance*math.Cos(bearing)
	e.Start[1] = goal[1] + distance*math.Sin(bearing)
	e.Start[2] = goal[2] + uniform(rng, -startTurn, startTurn)
	away := uniform(rng, -math.Pi, math.Pi)
	e.Start[3] = e.Start[0] + pusherAway*math.Cos(away)
	e.Start[4] = e.Start[1] + pusherAway*math.Sin(away)
	return e
}

// pushTCost is the mean over the horizon of the mean L1 distance of the
// keypoints from the goal, in metres. Charging every step, not the last alone,
// keeps the planner from postponing what it could do now. Later steps count less,
// by the factor pushTDiscount each: only the first poke of a plan is executed, the
// others say where it should lead. The weights sum to 1, so that J is a mean error
// and a gap of 0.001 is one millimetre.
func pushTCost(goal []float64, horizon int) *control.Cost {
	if len(goal) != keypointStates {
		panic("tasks: push-t: goal needs 8 coordinates")
	}
	if horizon < 1 {
		panic("tasks: push-t: horizon must be at least 1")
	}
	weights := make([]float64, horizon)
	sum, w := 0.0, 1.0
	for i := range weights {
		weights[i] = w
		sum += w
		w *= pushTDiscount
	}
	for i := range weights {
		weights[i] /= sum
	}
	return &control.Cost{
		Nx: keypointStates, Nu: pokeCoordinates, Horizon: horizon,
		Terms: []control.Term{{
			Name:       "keypoints",
			Weight:     1.0 / keypointCount,
			Norm:       control.L1,
			Residual:   keypointBase(pokeCoordinates),
			TimeWeight: weights,
			Reference:  append([]float64(nil), goal...),
		}},
	}
}

// pushTDiscount is the weight of a step relative to the one before it.
const pushTDiscount = 0.5

// keypointError returns the mean distance of the keypoints x from goal in metres.
func keypointError(x, goal []float64) float64 {
	if len(x) != keypointStates || len(goal) != keypointStates {
		panic("tasks: push-t: state and goal need 8 coordinates")
	}
	var sum float64
	for i := 0; i < keypointStates; i += 2 {
		sum += math.Hypot(x[i]-goal[i], x[i+1]-goal[i+1])
	}
	return sum / keypointCount
}

// metres returns the unit of n coordinates that are all lengths.
func metres(n int) []string { return slices.Repeat([]string{"m"}, n) }

func uniform(rng *rand.Rand, lower, upper float64) float64 {
	return lower + rng.Float64()*(upper-lower)
}
