package problems

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hinge/control"
)

// TestPolygonKeepsExactlyItsShapeFree: what is inside is in collision and charged, and
// what is in collision is charged; depth is the distance from the enlarged boundary.
func TestPolygonKeepsExactlyItsShapeFree(t *testing.T) {
	point := control.NewAffine(2, 2)
	point.Set(0, 0, 1)
	point.Set(1, 1, 1)
	inside, near, free := 0, 0, 0
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		o := Obstacle{Margin: .2 * rng.Float64()}
		for i := range 3 + rng.IntN(4) { // on a circle, so that it is convex
			angle := (float64(i) + .6*rng.Float64()) * 2 * math.Pi / 7
			o.Corners = append(o.Corners, [2]float64{3 + math.Cos(angle), math.Sin(angle)})
		}
		if at := o.reflex(); at >= 0 {
			t.Fatalf("seed %d: corner %d of a convex polygon is called reflex", seed, at)
		}
		cost := control.Cost{Nx: 2, Horizon: 1, Terms: []control.Term{o.term("polygon", point)}}
		for range 200 {
			q := [2]float64{1.5 + 3*rng.Float64(), -1.5 + 3*rng.Float64()}
			charged, depth := cost.Stage(1, q[:], nil, nil) > 0, o.depth(q)
			switch {
			case convexCombination(o.Corners, q):
				inside++
				if depth < o.Margin || !charged {
					t.Errorf("seed %d: %v is inside; depth %g, charged %v", seed, q, depth, charged)
				}
			case depth > 0:
				near++
				if depth > o.Margin || !charged {
					t.Errorf("seed %d: %v is in the margin; depth %g, charged %v", seed, q, depth, charged)
				}
			default:
				free++
			}
		}
	}
	if inside < 500 || near < 100 || free < 500 {
		t.Errorf("%d points inside, %d in the margin, %d free", inside, near, free)
	}
}

// convexCombination reports whether q is in a triangle of the first corner and two
// neighbours.
func convexCombination(corners [][2]float64, q [2]float64) bool {
	left := func(a, b [2]float64) bool { return (b[0]-a[0])*(q[1]-a[1])-(b[1]-a[1])*(q[0]-a[0]) >= 0 }
	for i := 1; i+1 < len(corners); i++ {
		if left(corners[0], corners[i]) && left(corners[i], corners[i+1]) && left(corners[i+1], corners[0]) {
			return true
		}
	}
	return false
}

func TestPolygonErrors(t *testing.T) {
	checked := 0
	for _, c := range []struct{ text, want string }{
		{`{"corners": [0,0,1,0], "margin": 0}`, "corners: 2 of them"},
		{`{"corners": [0,0,1,0,0,1], "margin": -1}`, "margin: -1"},
		{`{"corners": [0,0,0,1,1,0], "margin": 0}`, "corner 0 is no left turn"},
		{`{"corners": [0,0,2,0,2,2,1,1,0,2], "margin": 0}`, "corner 3 is no left turn"},
		{`{"corners": [0,1,-0.6,-0.8,0.95,0.3,-0.95,0.3,0.6,-0.8], "margin": 0}`, "must be convex"},
		{`{"corners": [0,0,1,0,0,1]}`, "margin: missing"},
	} {
		o, err := parseObject("file.json", []byte(`{"obstacles": [`+c.text+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readObstacles(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; it should say %q", c.text, err, c.want)
		}
		checked++
	}
	if checked == 0 {
		t.Fatal("nothing was checked")
	}
}
