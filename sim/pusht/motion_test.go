package pusht

import (
	"math"
	"math/rand/v2"
	"testing"
)

// twistOf returns the motion of the T between two states.
func twistOf(before, after []float64) twist {
	b := newBody(before[:3])
	dx, dy := b.rotateToBody(after[0]-before[0], after[1]-before[1])
	return twist{dx, dy, after[2] - before[2]}
}

// push is a push at a touching place with angle 0: contact point q, inward
// normal n, tangent t = (-n_y, n_x), pusher displacement v, all in the body frame.
type push struct{ qx, qy, nx, ny, vx, vy float64 }

func (p push) normal(x, y float64) float64  { return x*p.nx + y*p.ny }
func (p push) tangent(x, y float64) float64 { return y*p.nx - x*p.ny }

// run returns the motion of the T under p, done in one sub-step.
func (p push) run(s *Poke) twist {
	x := []float64{0, 0, 0, 0, 0}
	px, py := p.qx-PusherRadius*p.nx, p.qy-PusherRadius*p.ny
	return twistOf(x, step(s, x, px, py-centroidY, p.vx, p.vy))
}

// slowPush is short enough that terms of second order fall below the tolerances.
const slowPush = 1e-5

// randomPush draws a push on an edge of the T, away from its corners, at most
// turn away from the inward normal.
func randomPush(rng *rand.Rand, turn float64) push {
	i := rng.IntN(len(outline))
	v, w := outline[i], outline[(i+1)%len(outline)]
	f := 0.2 + 0.6*rng.Float64()
	length := math.Hypot(w.x-v.x, w.y-v.y)
	p := push{qx: v.x + f*(w.x-v.x), qy: v.y + f*(w.y-v.y), nx: -(w.y - v.y) / length, ny: (w.x - v.x) / length}
	sin, cos := math.Sincos(turn * (2*rng.Float64() - 1))
	p.vx, p.vy = slowPush*(cos*p.nx-sin*p.ny), slowPush*(sin*p.nx+cos*p.ny)
	return p
}

// sticking returns the motion of a T whose contact point moves with the pusher,
// equation (3) of Lynch, Maekawa and Tanie (1992).
func (p push) sticking() twist {
	c2 := characteristicLength * characteristicLength
	d := c2 + p.qx*p.qx + p.qy*p.qy
	vx := ((c2+p.qx*p.qx)*p.vx + p.qx*p.qy*p.vy) / d
	vy := (p.qx*p.qy*p.vx + (c2+p.qy*p.qy)*p.vy) / d
	return twist{vx, vy, (p.qx*vy - p.qy*vx) / c2}
}

func TestPushThroughCentreTranslates(t *testing.T) {
	s := mustPoke(t, Options{})
	x := []float64{0, 0, 0, 0, 0}
	below := stemBottom - PusherRadius - centroidY
	up := step(s, x, 0, below, 0, 0.02)
	if up[0] != 0 || up[2] != 0 {
		t.Errorf("T at %v turned or went sideways", up[:3])
	}
	if math.Abs(up[1]-0.02) > 1e-9 {
		t.Errorf("T went %g m, the pusher 0.02 m", up[1])
	}
	above := barTop + PusherRadius - centroidY
	down := step(s, up, 0, above, 0, -0.02)
	if down[0] != 0 || down[2] != 0 || math.Abs(down[1]) > 1e-9 {
		t.Errorf("pushing back leaves the T at %v, want the origin", down[:3])
	}
	// Through the centre from the stem's side, where the edge is vertical.
	side := step(s, x, -stemWidth/2-PusherRadius, -centroidY, 0.02, 0)
	if side[1] != 0 || side[2] != 0 || math.Abs(side[0]-0.02) > 1e-9 {
		t.Errorf("sideways push leaves the T at %v, want (0.02, 0, 0)", side[:3])
	}
}

func TestStickAndSlipAgainstLimitSurface(t *testing.T) {
	s := mustPoke(t, Options{})
	rng := rand.New(rand.NewPCG(4, 0))
	const mu, tol = 0.3, 2e-3
	var stick, slip int
	for range 500 {
		p := randomPush(rng, 1)
		got, want := p.run(s), p.sticking()
		if fn, ft := p.normal(want.dx, want.dy), p.tangent(want.dx, want.dy); math.Abs(ft) <= mu*fn {
			stick++
			if d := math.Hypot(got.dx-want.dx, got.dy-want.dy); d > tol*slowPush || math.Abs(got.rot-want.rot) > tol*slowPush/characteristicLength {
				t.Errorf("stick %+v: moved %+v, closed form %+v", p, got, want)
			}
			continue
		}
		slip++
		p.checkSlip(t, got, mu, tol)
	}
	if stick < 100 || slip < 100 {
		t.Fatalf("%d sticking and %d slipping pushes were checked, want 100 of each", stick, slip)
	}
}

// checkSlip verifies what defines slip: the force, read off the motion by the
// limit surface, acts at the contact and lies on the edge of the friction cone;
// the T gives way exactly along the normal; and the pusher slides to the side to
// which it drags the T.
func (p push) checkSlip(t *testing.T, got twist, mu, tol float64) {
	t.Helper()
	c2 := characteristicLength * characteristicLength
	fn, ft := p.normal(got.dx, got.dy), p.tangent(got.dx, got.dy)
	if moment := p.qx*got.dy - p.qy*got.dx; math.Abs(c2*got.rot-moment) > tol*slowPush*characteristicLength {
		t.Errorf("slip %+v: c^2 rotation %g, moment of the force %g", p, c2*got.rot, moment)
	}
	if math.Abs(math.Abs(ft)-mu*fn) > tol*slowPush {
		t.Errorf("slip %+v: force (%g, %g) is not on the edge of the friction cone", p, fn, ft)
	}
	mx, my := got.dx-got.rot*p.qy, got.dy+got.rot*p.qx // motion of the material at q
	if d := p.normal(mx, my) - p.normal(p.vx, p.vy); math.Abs(d) > tol*slowPush {
		t.Errorf("slip %+v: contact point and pusher differ by %g along the normal", p, d)
	}
	if slide := p.tangent(p.vx, p.vy) - p.tangent(mx, my); slide*ft < -tol*slowPush*slowPush {
		t.Errorf("slip %+v: pusher slides by %g against the force %g it exerts", p, slide, ft)
	}
}

// A force along a line at distance h from the centre turns the T about a point
// at distance c^2/h on the other side.
func TestInstantaneousCentre(t *testing.T) {
	s := mustPoke(t, Options{Friction: -1})
	for _, h := range []float64{0.005, 0.02, 0.05, -0.03} {
		p := push{qx: h, qy: barTop, ny: -1, vy: -slowPush}
		got := p.run(s)
		if got.rot == 0 {
			t.Fatalf("push at distance %g does not turn the T", h)
		}
		centre := -got.dy / got.rot
		want := -characteristicLength * characteristicLength / h
		if math.Abs(centre-want) > 2e-3*math.Abs(want) || math.Abs(got.dx) > 1e-3*slowPush {
			t.Errorf("push at distance %g turns the T about (%g, %g), want (%g, 0)", h, centre, got.dx/got.rot, want)
		}
	}
}

// Options reach the physics: with c the turning radius changes as c^2/h says.
func TestCharacteristicLengthOption(t *testing.T) {
	s := mustPoke(t, Options{Friction: -1, CharacteristicLength: 0.06})
	p := push{qx: 0.03, qy: barTop, ny: -1, vy: -slowPush}
	got := p.run(s)
	if centre, want := -got.dy/got.rot, -0.06*0.06/0.03; math.Abs(centre-want) > 2e-3*math.Abs(want) {
		t.Errorf("T turns about %g, want %g", centre, want)
	}
}

// Steering past a sticking T along its edge without friction must not drag it.
func TestNoFrictionNoDrag(t *testing.T) {
	s := mustPoke(t, Options{Friction: -1})
	rng := rand.New(rand.NewPCG(5, 0))
	for range 100 {
		p := randomPush(rng, 1.2)
		got := p.run(s)
		if ft := p.tangent(got.dx, got.dy); math.Abs(ft) > 1e-3*slowPush {
			t.Errorf("push %+v without friction has a tangential force %g", p, ft)
		}
	}
}

// In the concave corner both contacts hold the pusher while the T turns about
// it, so both slide. With u = (u_x, u_y) of the pusher, s its place and
// f_1 = (mu, 1) f_1n at the bar, f_2 = (-1, mu) f_2n at the stem (for rot > 0),
//
//	f_1 + f_2 = u - rot (-s_y, s_x),   c^2 rot = q_1 x f_1 + q_2 x f_2
//
// are two linear equations for f_1n and f_2n.
func TestConcaveCornerAgainstLimitSurface(t *testing.T) {
	const mu = 0.3
	c2 := characteristicLength * characteristicLength
	sx, sy := stemWidth/2+PusherRadius, barBottom-PusherRadius
	m1 := sx - mu*barBottom   // moment of (mu, 1) at (s_x, barBottom)
	m2 := mu*stemWidth/2 + sy // moment of (-1, mu) at (stemWidth/2, s_y)
	a, b := mu-sy*m1/c2, -1-sy*m2/c2
	c, d := 1+sx*m1/c2, mu+sx*m2/c2
	s := mustPoke(t, Options{Friction: mu})
	x := []float64{0, 0, 0, 0, 0}
	for _, u := range [][2]float64{{-slowPush, slowPush}, {0, slowPush}, {-slowPush, 0.5 * slowPush}} {
		f1 := (u[0]*d - b*u[1]) / (a*d - b*c)
		f2 := (a*u[1] - c*u[0]) / (a*d - b*c)
		want := twist{mu*f1 - f2, f1 + mu*f2, (m1*f1 + m2*f2) / c2}
		if f1 <= 0 || f2 <= 0 || want.rot <= 0 {
			t.Fatalf("push %v: forces %g, %g contradict the assumption", u, f1, f2)
		}
		got := twistOf(x, step(s, x, sx, sy-centroidY, u[0], u[1]))
		if e := math.Hypot(got.dx-want.dx, got.dy-want.dy); e > 1e-3*slowPush || math.Abs(got.rot-want.rot) > 1e-3*want.rot {
			t.Errorf("push %v moves the T by %+v, want %+v", u, got, want)
		}
	}
}
