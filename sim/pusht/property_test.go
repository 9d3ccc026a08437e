package pusht

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// deepest is the largest overlap of pusher and T accepted after a step: 1e-6 mm.
const deepest = 1e-9

// keypointDistance returns the largest distance between keypoints of two states.
func keypointDistance(a, b []float64) (d float64) {
	var ka, kb [8]float64
	Keypoints(ka[:], a[:3])
	Keypoints(kb[:], b[:3])
	for i := 0; i < 8; i += 2 {
		d = max(d, math.Hypot(ka[i]-kb[i], ka[i+1]-kb[i+1]))
	}
	return d
}

// eachPoke calls check for n random pokes of s and fails unless half of them move
// the T.
func eachPoke(t *testing.T, s *Poke, n int, turn float64, check func(x, u, next []float64)) {
	t.Helper()
	rng := rand.New(rand.NewPCG(6, 0))
	moved := 0
	for range n {
		x := []float64{0.1 * rng.NormFloat64(), 0.1 * rng.NormFloat64(), 6 * rng.NormFloat64(), 0, 0}
		u := pokeAtOutline(rng, x, 0.005, turn)
		next := step(s, x, u[:]...)
		check(x, u[:], next)
		if next[2] != x[2] || next[0] != x[0] {
			moved++
		}
	}
	if moved < n/2 {
		t.Fatalf("only %d of %d pokes moved the T", moved, n)
	}
}

func TestNoOverlapRemains(t *testing.T) {
	for _, o := range []Options{{}, {Friction: -1}, {Friction: 0.9}, {CharacteristicLength: 0.03}, {CharacteristicLength: 0.05, Friction: 0.6}} {
		worst := 0.0
		eachPoke(t, mustPoke(t, o), 1000, 1.2, func(_, _, next []float64) { worst = min(worst, Gap(next)) })
		if worst < -deepest {
			t.Errorf("%+v: pusher overlaps the T by %g m after a poke, want at most %g", o, -worst, deepest)
		}
	}
}

// bothTouch reports whether the pusher is within 0.1 mm of touching both boxes.
func bothTouch(x []float64) bool {
	b := newBody(x[:3])
	px, py := b.toBody(x[3], x[4])
	return max(boxes[0].distance(px, py), boxes[1].distance(px, py)) < PusherRadius+0.1e-3
}

// cornerState is the pusher in the right concave corner, touching both boxes.
var cornerState = []float64{0, 0, 0, stemWidth/2 + PusherRadius, barBottom - PusherRadius}

func TestNoOverlapInTheConcaveCorner(t *testing.T) {
	for _, mu := range []float64{-1, 0.3, 0.6, 0.9} {
		s := mustPlane(t, Options{Friction: mu})
		rng := rand.New(rand.NewPCG(7, 0))
		both := 0
		var x [NX]float64
		for i := range 2000 {
			if i%40 == 0 {
				copy(x[:], cornerState)
			}
			b := newBody(x[:3])
			a := math.Pi * (0.5 + 0.5*rng.Float64()) // into the corner, as the T sees it
			dx, dy := 0.8e-3*math.Cos(a), 0.8e-3*math.Sin(a)
			s.Step(x[:], x[:], []float64{b.cos*dx - b.sin*dy, b.sin*dx + b.cos*dy})
			if g := Gap(x[:]); g < -deepest {
				t.Fatalf("mu %g: pusher overlaps the T by %g m", mu, -g)
			}
			if bothTouch(x[:]) {
				both++
			}
		}
		if both < 500 {
			t.Fatalf("mu %g: pusher touched both boxes in %d steps only", mu, both)
		}
	}
}

// A pusher that moves along the corner's bisector cannot leave it, with or
// without friction: the T goes along.
func TestCornerCarriesTheT(t *testing.T) {
	for _, mu := range []float64{-1, 0.3} {
		s := mustPlane(t, Options{Friction: mu})
		x := slices.Clone(cornerState)
		for range 20 {
			s.Step(x, x, []float64{-1e-3, 1e-3})
			if !bothTouch(x) {
				t.Fatalf("mu %g: pusher left the corner, state %v", mu, x)
			}
		}
	}
}

// The pusher does work on the T, never the other way round. The force is read off
// the motion by the limit surface.
func TestPushesDissipate(t *testing.T) {
	s := mustPlane(t, Options{})
	rng := rand.New(rand.NewPCG(8, 0))
	working := 0
	for range 300 {
		x := []float64{0, 0, 6 * rng.NormFloat64(), 0, 0}
		u := pokeAtOutline(rng, x, 0.001, 1.3)
		x[3], x[4] = PokeStart(x, u[:])
		n := float64(subSteps(u[2], u[3]))
		for range int(n) {
			next := step(s, x, u[2]/n, u[3]/n)
			f := twistOf(x, next)
			b := newBody(x[:3])
			vx, vy := b.rotateToBody(u[2]/n, u[3]/n)
			if work := f.dx*vx + f.dy*vy; work < -1e-12 {
				t.Fatalf("T does work %g on the pusher from state %v", -work, x)
			} else if work > 0 {
				working++
			}
			copy(x, next)
		}
	}
	if working < 3000 {
		t.Fatalf("only %d sub-steps did work", working)
	}
}

func TestNoMotionWithoutContact(t *testing.T) {
	s := mustPoke(t, Options{})
	rng := rand.New(rand.NewPCG(9, 0))
	misses := 0
	for range 2000 {
		x := []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), 0, 0}
		u := []float64{0.1 * (2*rng.Float64() - 1), 0.1 * (2*rng.Float64() - 1), 0.02 * rng.NormFloat64(), 0.02 * rng.NormFloat64()}
		if touches(x, u) {
			continue
		}
		misses++
		next := step(s, x, u...)
		if next[0] != x[0] || next[1] != x[1] || next[2] != x[2] {
			t.Fatalf("T moved from %v to %v though poke %v misses it", x[:3], next[:3], u)
		}
	}
	if misses < 200 {
		t.Fatalf("only %d misses were checked", misses)
	}
}

// touches reports whether the pusher comes within 1 um of a T that stays put.
func touches(x, u []float64) bool {
	px, py := PokeStart(x, u)
	for f := 0.0; f <= 1; f += 1.0 / 512 {
		if Gap([]float64{x[0], x[1], x[2], px + f*u[2], py + f*u[3]}) < 1e-6 {
			return true
		}
	}
	return false
}

func TestMirrorIsExact(t *testing.T) {
	s := mustPoke(t, Options{})
	eachPoke(t, s, 1000, 1.2, func(x, u, next []float64) {
		mirrored := []float64{-x[0], x[1], -x[2], -x[3], x[4]}
		got := step(s, mirrored, -u[0], u[1], -u[2], u[3])
		want := []float64{-next[0], next[1], -next[2], -next[3], next[4]}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("poke %v in %v leads to %v, its mirror image to %v", u, x, next, got)
			}
		}
	})
}

// The plane has no preferred place or direction.
func TestFrameInvariance(t *testing.T) {
	s := mustPoke(t, Options{})
	frame := newBody([]float64{0.3, -0.2, 1.1})
	rotate := func(x, y float64) (float64, float64) { return frame.cos*x - frame.sin*y, frame.sin*x + frame.cos*y }
	eachPoke(t, s, 500, 1.2, func(x, u, next []float64) {
		moved, v, want := make([]float64, NX), make([]float64, 4), make([]float64, NX)
		for _, p := range [][2][]float64{{moved, x}, {want, next}} {
			p[0][0], p[0][1] = frame.toWorld(p[1][0], p[1][1])
			p[0][2] = p[1][2] + frame.theta
			p[0][3], p[0][4] = frame.toWorld(p[1][3], p[1][4])
		}
		v[0], v[1] = rotate(u[0], u[1])
		v[2], v[3] = rotate(u[2], u[3])
		if d := keypointDistance(step(s, moved, v...), want); d > 1e-9 {
			t.Fatalf("poke %v in %v differs by %g m in a turned frame", u, x, d)
		}
	})
}

// The midpoint rule leaves errors of micrometres where one contact holds. Where
// pushes end differently (the pusher just slips off a corner, or two contacts
// share the load) they are larger, but rare.
func TestSubStepSizeHardlyMatters(t *testing.T) {
	fine := mustPoke(t, Options{SubStep: 0.1e-3})
	var d []float64
	eachPoke(t, mustPoke(t, Options{}), 1000, 0.8, func(x, u, next []float64) {
		d = append(d, keypointDistance(next, step(fine, x, u...)))
	})
	slices.Sort(d)
	for _, c := range []struct{ share, limit float64 }{{0.5, 0.001e-3}, {0.9, 0.01e-3}, {0.98, 0.1e-3}} {
		if q := d[int(c.share*float64(len(d)))]; q > c.limit {
			t.Errorf("sub-steps of 0.5 and 0.1 mm: %g of the pokes differ by less than %g m, want %g", c.share, q, c.limit)
		}
	}
}
