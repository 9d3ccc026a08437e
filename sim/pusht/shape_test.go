package pusht

import (
	"math"
	"math/rand/v2"
	"testing"
)

// inT reports whether a body point lies in the T.
func inT(x, y float64) bool { return gap(x, y)+PusherRadius <= 0 }

func TestCharacteristicLengthAgainstQuadrature(t *testing.T) {
	const h = 0.25e-3
	var sum, n float64
	for x := -barWidth/2 + h/2; x < barWidth/2; x += h {
		for y := stemBottom + h/2; y < barTop; y += h {
			if inT(x, y) {
				sum += math.Hypot(x, y)
				n++
			}
		}
	}
	if got, want := characteristicLength, sum/n; math.Abs(got-want) > 1e-6 {
		t.Errorf("c = %g m, quadrature over %g cells gives %g", got, n, want)
	}
	if math.Abs(characteristicLength-39.925e-3) > 0.001e-3 {
		t.Errorf("c = %g m, want 39.925 mm", characteristicLength)
	}
}

func TestOriginIsCentreOfMass(t *testing.T) {
	if m := barY*barArea + stemY*stemArea; math.Abs(m) > 1e-18 {
		t.Errorf("first moment of the T is %g m^3, want 0", m)
	}
}

func TestKeypointsInMillimetres(t *testing.T) {
	want := []float64{-60, 25.714, 0, 25.714, 60, 25.714, 0, -79.286}
	var k [8]float64
	Keypoints(k[:], []float64{0, 0, 0})
	for i := range want {
		if got := 1e3 * k[i]; math.Abs(got-want[i]) > 1e-3 {
			t.Errorf("keypoint coordinate %d is %.4f mm, want %.3f", i, got, want[i])
		}
	}
	// A quarter turn takes (x, y) to (-y, x).
	var turned [8]float64
	Keypoints(turned[:], []float64{0.1, 0.2, math.Pi / 2})
	for i := 0; i < 8; i += 2 {
		if math.Abs(turned[i]-(0.1-k[i+1])) > 1e-15 || math.Abs(turned[i+1]-(0.2+k[i])) > 1e-15 {
			t.Errorf("keypoint %d turned by 90 degrees is (%g, %g)", i/2, turned[i], turned[i+1])
		}
	}
	mx, my := Centroid(k[:])
	if mx != 0 || math.Abs(my-centroidY) > 1e-17 {
		t.Errorf("centroid is (%g, %g), want (0, %g)", mx, my, centroidY)
	}
}

func TestFitPoseInvertsKeypoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	var k [8]float64
	var got [3]float64
	for range 200 {
		pose := []float64{rng.NormFloat64(), rng.NormFloat64(), math.Pi * (2*rng.Float64() - 1)}
		Keypoints(k[:], pose)
		FitPose(got[:], k[:])
		for i := range pose {
			if math.Abs(got[i]-pose[i]) > 1e-13 {
				t.Fatalf("FitPose(Keypoints(%v)) = %v", pose, got)
			}
		}
	}
}

// FitPose of keypoints that form no T is a least-squares fit: no pose nearby
// comes closer.
func TestFitPoseIsLeastSquares(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	squares := func(k []float64, pose [3]float64) (sum float64) {
		var fit [8]float64
		Keypoints(fit[:], pose[:])
		for i := range fit {
			sum += (fit[i] - k[i]) * (fit[i] - k[i])
		}
		return sum
	}
	for range 50 {
		var k [8]float64
		Keypoints(k[:], []float64{0.1, -0.2, rng.Float64()})
		for i := range k {
			k[i] += 0.02 * rng.NormFloat64()
		}
		var pose [3]float64
		FitPose(pose[:], k[:])
		best := squares(k[:], pose)
		for i := range pose {
			for _, d := range []float64{-1e-4, 1e-4} {
				near := pose
				near[i] += d
				if s := squares(k[:], near); s <= best {
					t.Errorf("moving coordinate %d by %g improves the fit from %g to %g", i, d, best, s)
				}
			}
		}
	}
}

func TestOutlineEnclosesTheT(t *testing.T) {
	var corners [16]float64
	Outline(corners[:], []float64{0, 0, 0})
	var area float64 // shoelace formula, positive counter-clockwise
	for i := 0; i < 16; i += 2 {
		j := (i + 2) % 16
		area += (corners[i]*corners[j+1] - corners[j]*corners[i+1]) / 2
		if d := gap(corners[i], corners[i+1]) + PusherRadius; math.Abs(d) > 1e-17 {
			t.Errorf("corner %d is %g m away from the T's surface", i/2, d)
		}
	}
	if want := barArea + stemArea; math.Abs(area-want) > 1e-15 {
		t.Errorf("outline encloses %g m^2, want %g", area, want)
	}
}

// The nearest place outside is free, and a dense walk around the grown T finds
// none that is nearer.
func TestNearestOutside(t *testing.T) {
	boundary := grownBoundary()
	rng := rand.New(rand.NewPCG(3, 0))
	inside := 0
	for range 400 {
		x, y := 0.07*(2*rng.Float64()-1), stemBottom-0.006+0.13*rng.Float64()
		if gap(x, y) >= 0 {
			continue
		}
		inside++
		ox, oy := nearestOutside(x, y)
		if g := gap(ox, oy); math.Abs(g) > 1e-15 {
			t.Errorf("(%g, %g) goes to (%g, %g), which has a gap of %g", x, y, ox, oy, g)
		}
		nearest := math.Inf(1)
		for _, p := range boundary {
			nearest = min(nearest, math.Hypot(p[0]-x, p[1]-y))
		}
		if d := math.Hypot(ox-x, oy-y); d > nearest+1e-12 || d < nearest-0.1e-3 {
			t.Errorf("(%g, %g) goes %g m far, the walk finds %g", x, y, d, nearest)
		}
	}
	if inside < 100 {
		t.Fatalf("only %d points inside were checked", inside)
	}
}

// grownBoundary returns dense points of the boundary of the T grown by the
// pusher's radius: those around either box that are not inside the other.
func grownBoundary() [][2]float64 {
	var points [][2]float64
	for i := range boxes {
		b := &boxes[i]
		for a := 0.0; a < 2*math.Pi; a += 1e-3 {
			s, c := math.Sincos(a)
			x := math.Copysign(b.hx, c) + PusherRadius*c
			y := b.y + math.Copysign(b.hy, s) + PusherRadius*s
			points = append(points, [2]float64{x, y})
		}
		for f := -1.0; f <= 1; f += 1e-3 {
			for _, s := range []float64{-1, 1} {
				points = append(points,
					[2]float64{f * b.hx, b.y + s*(b.hy+PusherRadius)},
					[2]float64{s * (b.hx + PusherRadius), b.y + f*b.hy})
			}
		}
	}
	free := points[:0]
	for _, p := range points {
		if gap(p[0], p[1]) > -1e-12 {
			free = append(free, p)
		}
	}
	return free
}

func TestOutsideLeavesFreePlacesAlone(t *testing.T) {
	b := newBody([]float64{0.1, 0.2, 0.3})
	for _, p := range [][2]float64{{0.5, 0.5}, {0.1, 0.3}, {-1, 0}} {
		if x, y := b.outside(p[0], p[1]); x != p[0] || y != p[1] {
			t.Errorf("free place %v moved to (%g, %g)", p, x, y)
		}
	}
}
