package problems

import (
	"fmt"
	"math"

	"hinge/control"
	"hinge/milp/relu"
	"hinge/nn"
)

// openRequest reads a saved request.
func openRequest(path string) (*Problem, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseRequest(path, data)
}

// parseRequest reads a saved request field by field: what is missing or null is an
// error, and so is what a request does not have.
func parseRequest(path string, data []byte) (*Problem, error) {
	o, err := parseObject(path, data)
	if err != nil {
		return nil, err
	}
	if err := o.only("network", "x0", "before", "lower", "upper", "horizon", "cost", "constraints", "integer", "obstacles"); err != nil {
		return nil, err
	}
	p := &Problem{Name: path, Reference: unknown()}
	if p.X0, err = o.some("x0"); err != nil {
		return nil, err
	}
	if p.Action, err = o.box("lower", "upper"); err != nil {
		return nil, err
	}
	nx, nu := len(p.X0), p.Action.Dim()
	if p.Step, err = readStep(o, nx, nu); err != nil {
		return nil, err
	}
	if o.has("before") {
		if p.Before, err = o.vector("before", nu); err != nil {
			return nil, err
		}
	}
	if p.Cost, err = readCost(o, nx, nu); err != nil {
		return nil, err
	}
	if p.Constraints, err = readConstraints(o, p.Cost); err != nil {
		return nil, err
	}
	if p.Integer, err = o.coordinates("integer", nu); err != nil {
		return nil, err
	}
	if p.Obstacles, err = readKeepOut(o, nx); err != nil {
		return nil, err
	}
	return p, p.stated(path)
}

// stated makes sure that a solver can state the problem: what a reader does not look at
// is found here.
func (p *Problem) stated(path string) error {
	program, err := relu.New(p.Step, p.X0, p.Action, p.Cost, p.Before)
	if err == nil {
		err = program.Constrain(p.Constraints, p.Integer)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// some returns at least one finite number.
func (o object) some(key string) ([]float64, error) {
	v, err := o.vector(key, -1)
	if err == nil && len(v) == 0 {
		err = o.errorf(key, "empty; it must be one number at least")
	}
	return v, err
}

// box returns the box between two vectors.
func (o object) box(lower, upper string) (b control.Box, err error) {
	if b.Lower, err = o.some(lower); err != nil {
		return b, err
	}
	if b.Upper, err = o.vector(upper, len(b.Lower)); err != nil {
		return b, err
	}
	for i, l := range b.Lower {
		if l > b.Upper[i] {
			return b, o.entryErrorf(lower, []int{i}, "%g, above %s[%d] = %g; a box must not be empty", l, upper, i, b.Upper[i])
		}
	}
	return b, nil
}

// coordinates returns whole numbers in 0..n-1, each there once; nil if the field is absent.
func (o object) coordinates(key string, n int) ([]int, error) {
	if !o.has(key) {
		return nil, nil
	}
	v, err := o.vector(key, -1)
	if err != nil {
		return nil, err
	}
	list := make([]int, len(v))
	seen := make([]bool, n)
	for i, x := range v {
		if x != math.Trunc(x) || x < 0 || x >= float64(n) || seen[int(x)] {
			return nil, o.entryErrorf(key, []int{i}, "%g; it must be a coordinate of an action, in 0..%d, each there once", x, n-1)
		}
		list[i], seen[int(x)] = int(x), true
	}
	return list, nil
}

// readStep reads the network [x; u] -> x'.
func readStep(o object, nx, nu int) (*nn.Net, error) {
	network, err := o.object("network")
	if err != nil {
		return nil, err
	}
	if err := network.only("layers"); err != nil {
		return nil, err
	}
	list, err := network.list("layers")
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, network.errorf("layers", "empty; the last layer is the next state")
	}
	width := nx + nu
	layers, weights, biases := make([]nn.Layer, len(list)), make([][]float64, len(list)), make([][]float64, len(list))
	for i, item := range list {
		if layers[i], weights[i], biases[i], err = readLayer(item, width); err != nil {
			return nil, err
		}
		width += layers[i].Out
	}
	if err := checkLast(list[len(list)-1], &layers[len(list)-1], nx); err != nil {
		return nil, err
	}
	n := nn.New(nx+nu, layers)
	for i := range layers {
		copy(n.Weight(i), weights[i])
		copy(n.Bias(i), biases[i])
	}
	return n, nil
}

// readLayer reads a layer that may read the first width activations.
func readLayer(o object, width int) (l nn.Layer, weights, bias []float64, err error) {
	if err = o.only("from", "to", "gates", "weights", "bias"); err != nil {
		return l, nil, nil, err
	}
	if l.From, err = o.integer("from", 0, width-1); err != nil {
		return l, nil, nil, err
	}
	if l.To, err = o.integer("to", l.From+1, width); err != nil {
		return l, nil, nil, err
	}
	if bias, err = o.some("bias"); err != nil {
		return l, nil, nil, err
	}
	l.Out = len(bias)
	if weights, err = o.vector("weights", l.Out*(l.To-l.From)); err != nil {
		return l, nil, nil, err
	}
	l.Gates, err = readGates(o, l.Out)
	return l, weights, bias, err
}

// readGates reads the names of n gates.
func readGates(o object, n int) ([]nn.Gate, error) {
	names, err := o.strings("gates", n)
	if err != nil {
		return nil, err
	}
	gates := make([]nn.Gate, n)
	for i, name := range names {
		if gates[i], err = nn.ParseGate(name); err != nil {
			return nil, o.entryErrorf("gates", []int{i}, "%v", err)
		}
	}
	return gates, nil
}

// checkLast reports a last layer that is not the next state of nx coordinates.
func checkLast(o object, l *nn.Layer, nx int) error {
	if l.Out != nx {
		return o.errorf("bias", "%d numbers; the last layer is the next state, which has the %d coordinates of x0", l.Out, nx)
	}
	for i := range l.Out {
		if g := l.Gate(i); g != nn.Identity {
			return o.entryErrorf("gates", []int{i}, "%v; the last layer is the next state, its gates must be %v", g, nn.Identity)
		}
	}
	return nil
}

// readCost reads the horizon and the terms.
func readCost(o object, nx, nu int) (*control.Cost, error) {
	horizon, err := o.integer("horizon", 1, maxHorizon)
	if err != nil {
		return nil, err
	}
	c := &control.Cost{Nx: nx, Nu: nu, Horizon: horizon}
	list, err := o.list("cost")
	if err != nil {
		return nil, err
	}
	for _, item := range list {
		k, err := readTerm(item, c)
		if err != nil {
			return nil, err
		}
		c.Terms = append(c.Terms, k)
	}
	return c, nil
}

func readTerm(o object, c *control.Cost) (k control.Term, err error) {
	if err = o.only("name", "norm", "weight", "radius", "w", "b", "rate", "terminal", "time_weight", "reference"); err != nil {
		return k, err
	}
	if k.Name, err = o.string("name"); err != nil {
		return k, err
	}
	norm, err := o.string("norm")
	if err != nil {
		return k, err
	}
	if k.Norm, err = control.ParseNorm(norm); err != nil {
		return k, o.errorf("norm", "%v", err)
	}
	if k.Weight, err = o.number("weight"); err != nil {
		return k, err
	}
	if k.Weight < 0 {
		return k, o.errorf("weight", "%g; it must not be negative", k.Weight)
	}
	if k.Radius, err = readRadius(o, k.Norm); err != nil {
		return k, err
	}
	if k.Residual, err = o.affine("w", "b", c.Nx+c.Nu); err != nil {
		return k, err
	}
	return k, readTimes(o, &k, c.Horizon)
}

// readRadius reads the radius, which only a disc needs.
func readRadius(o object, norm control.Norm) (float64, error) {
	if norm != control.Disc && !o.has("radius") {
		return 0, nil
	}
	r, err := o.number("radius")
	if err == nil && norm == control.Disc && (!(r > 0) || math.IsInf(r*r, 0)) {
		err = o.errorf("radius", "%g; a disc needs a positive one whose square is finite", r)
	}
	return r, err
}

// readTimes reads when a term is charged, and what is subtracted from its residual.
func readTimes(o object, k *control.Term, horizon int) (err error) {
	if k.Rate, err = o.flag("rate"); err != nil {
		return err
	}
	if k.Terminal, err = o.flag("terminal"); err != nil {
		return err
	}
	if o.has("time_weight") {
		if k.TimeWeight, err = o.vector("time_weight", horizon); err != nil {
			return err
		}
	}
	for i, w := range k.TimeWeight {
		if w < 0 {
			return o.entryErrorf("time_weight", []int{i}, "%g; it must not be negative", w)
		}
	}
	if !o.has("reference") {
		return nil
	}
	if k.Reference, err = o.vector("reference", -1); err != nil {
		return err
	}
	if n, rows := len(k.Reference), k.Residual.Rows; n != 0 && n != rows && n != rows*horizon {
		return o.errorf("reference", "%d numbers; it must be 0, %d or %d", n, rows, rows*horizon)
	}
	return nil
}

// readConstraints reads the hard constraints, of which there may be none.
func readConstraints(o object, c *control.Cost) ([]control.Constraint, error) {
	if !o.has("constraints") {
		return nil, nil
	}
	list, err := o.list("constraints")
	if err != nil {
		return nil, err
	}
	var constraints []control.Constraint
	for _, item := range list {
		k, err := readConstraint(item, c)
		if err != nil {
			return nil, err
		}
		constraints = append(constraints, k)
	}
	return constraints, nil
}

func readConstraint(o object, c *control.Cost) (k control.Constraint, err error) {
	if err = o.only("name", "first", "last", "w", "b"); err != nil {
		return k, err
	}
	if k.Name, err = o.string("name"); err != nil {
		return k, err
	}
	if k.First, err = o.integer("first", 0, c.Horizon); err != nil {
		return k, err
	}
	if k.Last, err = o.integer("last", k.First, c.Horizon); err != nil {
		return k, err
	}
	if k.Residual, err = o.affine("w", "b", c.Nx+2*c.Nu); err != nil {
		return k, err
	}
	if err := k.Validate(c.Nx, c.Nu, c.Horizon); err != nil {
		return k, o.errorf("last", "%v", err)
	}
	return k, nil
}

// affine returns the map of cols columns that two fields hold.
func (o object) affine(w, b string, cols int) (a control.Affine, err error) {
	a.Cols = cols
	if a.B, err = o.some(b); err != nil {
		return a, err
	}
	a.Rows = len(a.B)
	a.W, err = o.vector(w, a.Rows*cols)
	return a, err
}

// readKeepOut reads the obstacles. Collisions with them are those of a T and its pusher:
// see [Problem.Collisions].
func readKeepOut(o object, nx int) ([]Obstacle, error) {
	if !o.has("obstacles") {
		return nil, nil
	}
	list, err := o.list("obstacles")
	if err != nil {
		return nil, err
	}
	if len(list) > 0 && nx != stateDim {
		return nil, o.errorf("obstacles", "%d of them, but states have %d coordinates; they must be the %d of four keypoints and a pusher", len(list), nx, stateDim)
	}
	obstacles := make([]Obstacle, len(list))
	for i, item := range list {
		if err := item.only("center", "radius", "enlarged", "corners", "margin"); err != nil {
			return nil, err
		}
		read := readKeepOutDisc
		if item.has("corners") {
			read = readKeepOutPolygon
		}
		if obstacles[i], err = read(item); err != nil {
			return nil, err
		}
	}
	return obstacles, nil
}

func readKeepOutDisc(item object) (Obstacle, error) {
	return readDiscOf(item, "center", "radius", "enlarged")
}

// readKeepOutPolygon reads corners as pairs. What a disc has is ignored.
func readKeepOutPolygon(item object) (y Obstacle, err error) {
	v, err := item.matrix("corners", -1, 2)
	if err != nil {
		return y, err
	}
	for i := 0; i < len(v); i += 2 {
		y.Corners = append(y.Corners, [2]float64(v[i:]))
	}
	if item.has("margin") {
		if y.Margin, err = item.number("margin"); err != nil {
			return y, err
		}
	}
	return y, item.convex(&y)
}
