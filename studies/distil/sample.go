package distil

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hinge/control"
	"hinge/dynamics"
)

// Sizes of the system: coordinates of the keypoints, then those of the pusher.
const (
	keypoint2 = 8
	stateDim  = keypoint2 + 2
	actionDim = 2
)

// signals describes the coordinates.
func signals() dynamics.Signals {
	s := dynamics.Signals{PointDim: 2, ActionNames: []string{"move_x", "move_y"}}
	for i := range keypoint2 / 2 {
		s.StateNames = append(s.StateNames, fmt.Sprintf("k%d_x", i+1), fmt.Sprintf("k%d_y", i+1))
	}
	s.StateNames = append(s.StateNames, "pusher_x", "pusher_y")
	s.StateUnits, s.ActionUnits = slices.Repeat([]string{unit}, stateDim), slices.Repeat([]string{unit}, actionDim)
	return s
}

// unit is that of all coordinates: 100 px of the teacher's picture, where 1 px is 1 mm.
const unit = "100 mm"

// The pusher starts between these distances from the middle of the T, far enough
// from it not to lie inside.
const nearest, farthest = 1.3, 3.5

// towards is the share of moves that go towards the T: without them it is hardly
// ever touched.
const towards = 0.6

// features are what the teacher sees, [k - rep(p), a].
func features() control.Affine {
	f := control.NewAffine(keypoint2+actionDim, stateDim+actionDim)
	for i := range keypoint2 {
		f.Set(i, i, 1)
		f.Set(i, keypoint2+i%2, -1)
	}
	for i := range actionDim {
		f.Set(keypoint2+i, stateDim+i, 1)
	}
	return f
}

// base is what is known: keypoints stay, the pusher moves by a.
func base() control.Affine {
	b := control.NewAffine(stateDim, stateDim+actionDim)
	for i := range stateDim {
		b.Set(i, i, 1)
	}
	for i := range actionDim {
		b.Set(keypoint2+i, stateDim+i, 1)
	}
	return b
}

// scatter returns start states: the shape of x turned at random, somewhere around
// its pusher.
func scatter(x []float64) func(rng *rand.Rand) []float64 {
	cx, cy := middle(x)
	return func(rng *rand.Rand) []float64 {
		turn, where := 2*math.Pi*rng.Float64(), 2*math.Pi*rng.Float64()
		distance := nearest + (farthest-nearest)*rng.Float64()
		px, py := x[keypoint2], x[keypoint2+1]
		mx, my := px+distance*math.Cos(where), py+distance*math.Sin(where)
		s, c := math.Sincos(turn)
		start := append([]float64(nil), x...)
		for i := 0; i < keypoint2; i += 2 {
			dx, dy := x[i]-cx, x[i+1]-cy
			start[i], start[i+1] = mx+c*dx-s*dy, my+s*dx+c*dy
		}
		return start
	}
}

// middle returns the mean of the keypoints.
func middle(x []float64) (cx, cy float64) {
	for i := 0; i < keypoint2; i += 2 {
		cx, cy = cx+2*x[i]/keypoint2, cy+2*x[i+1]/keypoint2
	}
	return cx, cy
}

// explore draws moves within a box, some of them towards a point near the T.
func explore(box control.Box) func(dst, x []float64, rng *rand.Rand) {
	return func(dst, x []float64, rng *rand.Rand) {
		for i := range dst {
			dst[i] = box.Lower[i] + rng.Float64()*(box.Upper[i]-box.Lower[i])
		}
		if rng.Float64() >= towards {
			return
		}
		cx, cy := middle(x)
		dx, dy := cx+0.5*rng.NormFloat64()-x[keypoint2], cy+0.5*rng.NormFloat64()-x[keypoint2+1]
		if d := math.Hypot(dx, dy); d > 0 {
			length := rng.Float64() * min(d, box.Upper[0])
			dst[0], dst[1] = length*dx/d, length*dy/d
		}
	}
}

// tried is where the teacher tries the plans of a student.
type tried struct {
	teacher control.System
	start   []float64
	action  control.Box
}

// aroundStream is the random stream of the first round of trying.
const aroundStream uint64 = 1 << 62

// farthestMove is the largest deviation of moves from a plan that is tried, in
// widths of their box.
const farthestMove = 0.3

// around returns n roll-outs of the teacher from the start: the first of the
// actions u as they are, the others of moves near them.
func (s tried) around(u []float64, n int, rng *rand.Rand) *dynamics.Dataset {
	d := dynamics.NewDataset(n, len(u)/actionDim, stateDim, actionDim)
	for e := range n {
		copy(d.State(e, 0), s.start)
		deviation := farthestMove * rng.Float64()
		for t := range d.Steps {
			a := d.Action(e, t)
			copy(a, u[t*actionDim:])
			for i := range a {
				low, high := s.action.Lower[i], s.action.Upper[i]
				if e > 0 {
					a[i] += deviation * (high - low) * rng.NormFloat64()
				}
				a[i] = min(max(a[i], low), high)
			}
			s.teacher.Step(d.State(e, t+1), d.State(e, t), a)
		}
	}
	return d
}
