package problems

import (
	"fmt"

	"hinge/control"
	"hinge/nn"
)

// Sizes of the keypoint problems.
const (
	keypoints = 4
	keypoint2 = 2 * keypoints // coordinates of the block, first in the state
	stateDim  = keypoint2 + 2 // [k, p]
	actionDim = 2
	netIn     = keypoint2 + actionDim // [r, a]
)

// obstacleWeight is what the source charges per unit of R^2 - d^2.
const obstacleWeight = 1e5

// PointNames are the points kept out of obstacles, in the order of the cost.
func PointNames() []string {
	return []string{"pusher", "keypoint 0", "keypoint 1", "keypoint 2", "keypoint 3", "midpoint"}
}

// stepNet wraps the network [k - rep(p), a] -> o as [k, p, a] -> [k + o, p + a].
func stepNet(net *nn.Net) *nn.Net {
	const in = stateDim + actionDim
	s := nn.Shell{In: in, Weight: make([]float64, netIn*in), Residual: make([]float64, stateDim*in)}
	for i := range keypoint2 {
		s.Weight[i*in+i] = 1
		s.Weight[i*in+keypoint2+i%2] = -1
	}
	for i := range actionDim {
		s.Weight[(keypoint2+i)*in+stateDim+i] = 1
	}
	for i := range stateDim {
		s.Residual[i*in+i] = 1
	}
	for i := range actionDim {
		s.Residual[(keypoint2+i)*in+stateDim+i] = 1
	}
	return withPusherRows(net).Wrap(s)
}

// readDynamics sets the dynamics of the network in the file at path.
func (p *Problem) readDynamics(path string) error {
	net, err := readNetwork(path, netIn, keypoint2)
	if err != nil {
		return err
	}
	return p.setDynamics(path, net)
}

// setDynamics sets the dynamics that the network of the file at path gives. Finite
// weights may be too large to be joined.
func (p *Problem) setDynamics(path string, net *nn.Net) error {
	p.Step, p.Model = stepNet(net), newFormula(net)
	if err := p.Step.Validate(); err != nil {
		return fmt.Errorf("%s: joined with the features, %w: weights of the file are too large", path, err)
	}
	return nil
}

// withPusherRows returns net with two more outputs that are always zero.
func withPusherRows(net *nn.Net) *nn.Net {
	layers := append([]nn.Layer(nil), net.Layers...)
	last := &layers[len(layers)-1]
	last.Out = stateDim
	last.Gates = append(append([]nn.Gate(nil), last.Gates...), nn.Identity, nn.Identity)
	wide := nn.New(net.In, layers)
	for i := range net.Layers {
		copy(wide.Weight(i), net.Weight(i))
		copy(wide.Bias(i), net.Bias(i))
	}
	return wide
}

// formula is the dynamics as the source states them: the reference the wrapped
// network is checked against. It uses the network of the file, unfolded.
type formula struct {
	net *nn.Net
	ws  *nn.Workspace
	in  []float64 // [r, a]
	out []float64 // o
}

var _ control.System = (*formula)(nil)

func newFormula(net *nn.Net) *formula {
	return &formula{net: net, ws: net.NewWorkspace(), in: make([]float64, netIn), out: make([]float64, keypoint2)}
}

// Dims returns 10 and 2.
func (f *formula) Dims() (nx, nu int) { return stateDim, actionDim }

// Clone returns a system with its own scratch memory.
func (f *formula) Clone() control.System { return newFormula(f.net) }

// Step writes [k + NN([k - rep(p), a]), p + a] to dst, which may alias x.
func (f *formula) Step(dst, x, u []float64) {
	if len(dst) != stateDim || len(x) != stateDim || len(u) != actionDim {
		panic("problems: Step: wrong length of state or action")
	}
	p := x[keypoint2:]
	for i := range keypoint2 {
		f.in[i] = x[i] - p[i%2]
	}
	copy(f.in[keypoint2:], u)
	f.net.Forward(f.out, f.in, f.ws)
	for i, o := range f.out {
		dst[i] = x[i] + o
	}
	for i, a := range u {
		dst[keypoint2+i] = p[i] + a
	}
}

// distanceTerm charges the L1 distance of the keypoints to target.
func distanceTerm(target []float64) control.Term {
	r := control.NewAffine(keypoint2, stateDim+actionDim)
	for i := range keypoint2 {
		r.Set(i, i, 1)
	}
	return control.Term{Name: "keypoints", Weight: 1, Norm: control.L1, Residual: r, Reference: target}
}

// pointMap returns the position of point i of [PointNames] in the state.
func pointMap(i int) control.Affine {
	r := control.NewAffine(2, stateDim+actionDim)
	for axis := range 2 {
		switch {
		case i == 0:
			r.Set(axis, keypoint2+axis, 1)
		case i <= keypoints:
			r.Set(axis, 2*(i-1)+axis, 1)
		default: // between keypoints 1 (bar centre) and 3 (stem bottom)
			r.Set(axis, 2*1+axis, 0.5)
			r.Set(axis, 2*3+axis, 0.5)
		}
	}
	return r
}

// Collisions lists the points of tr inside an enlarged obstacle, step by step.
// It computes the points from the states, not from the terms of the cost.
func (p *Problem) Collisions(tr *control.Trajectory) []Collision {
	var found []Collision
	for t := 1; t <= tr.Len(); t++ {
		points := watched(tr.State(t))
		for i := range p.Obstacles {
			for j, q := range points {
				if depth := p.Obstacles[i].depth(q); depth > 0 {
					found = append(found, Collision{Step: t, Obstacle: i, Point: PointNames()[j], Depth: depth})
				}
			}
		}
	}
	return found
}

// watched returns the points of a state in the order of [PointNames].
func watched(x []float64) [][2]float64 {
	points := [][2]float64{{x[8], x[9]}}
	for i := range keypoints {
		points = append(points, [2]float64{x[2*i], x[2*i+1]})
	}
	return append(points, [2]float64{(x[2] + x[6]) / 2, (x[3] + x[7]) / 2})
}
