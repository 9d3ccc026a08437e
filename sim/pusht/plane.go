package pusht

import "hinge/control"

// Plane is the T under a pusher that never leaves the plane. An action (dx, dy)
// moves the pusher from where it is. A state in which pusher and T overlap is no
// state of this system; Step first moves its pusher to the nearest place
// outside the T.
type Plane struct{ engine engine }

var _ control.System = (*Plane)(nil)

// NewPlane returns the simulator with the given options.
func NewPlane(opts Options) (*Plane, error) {
	e, err := newEngine(opts)
	if err != nil {
		return nil, err
	}
	return &Plane{engine: e}, nil
}

// Dims returns 5 state coordinates and 2 action coordinates.
func (s *Plane) Dims() (nx, nu int) { return NX, 2 }

// Clone returns an independent copy.
func (s *Plane) Clone() control.System {
	c := *s
	return &c
}

// Step writes the state after action u (2) in state x (5) to dst (5), which may
// alias x. It panics if a value is not finite or the displacement longer than 1 m.
func (s *Plane) Step(dst, x, u []float64) {
	checkStep(dst, x, u, 2)
	b := newBody(x[:3])
	px, py := b.outside(x[3], x[4])
	px, py = s.engine.push(&b, px, py, u[0], u[1])
	b.store(dst, px, py)
}
