package pusht

import (
	"math"
	"math/rand/v2"
	"testing"

	"hinge/control"
)

func mustPoke(t testing.TB, o Options) *Poke {
	t.Helper()
	s, err := NewPoke(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustPlane(t testing.TB, o Options) *Plane {
	t.Helper()
	s, err := NewPlane(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// step returns the state after u in x.
func step(s control.System, x []float64, u ...float64) []float64 {
	dst := make([]float64, NX)
	s.Step(dst, x, u)
	return dst
}

// pokeAtOutline draws a poke that starts within away of touching the T in state
// x and moves within turn of the inward normal, by 5 to 25 mm.
func pokeAtOutline(rng *rand.Rand, x []float64, away, turn float64) [4]float64 {
	b := newBody(x[:3])
	i := rng.IntN(len(outline))
	v, w := outline[i], outline[(i+1)%len(outline)]
	f := rng.Float64()
	length := math.Hypot(w.x-v.x, w.y-v.y)
	nx, ny := (w.y-v.y)/length, (v.x-w.x)/length
	d := PusherRadius + away*rng.Float64()
	ox, oy := v.x+f*(w.x-v.x)+d*nx, v.y+f*(w.y-v.y)+d*ny-centroidY
	sin, cos := math.Sincos(turn * (2*rng.Float64() - 1))
	reach := 0.005 + 0.02*rng.Float64()
	dx, dy := -reach*(cos*nx-sin*ny), -reach*(sin*nx+cos*ny)
	r := body{sin: -b.sin, cos: b.cos} // rotateToBody of the inverse: body to world
	var u [4]float64
	u[0], u[1] = r.rotateToBody(ox, oy)
	u[2], u[3] = r.rotateToBody(dx, dy)
	return u
}
