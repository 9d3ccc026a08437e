package problems

import (
	"fmt"
	"math"

	"hinge/control"
)

// Obstacle is a disc, or a convex polygon, that nothing may enter.
type Obstacle struct {
	// Of a disc:
	Center   [2]float64 `json:"center"`
	Radius   float64    `json:"radius"`
	Enlarged float64    `json:"enlarged"` // radius the cost keeps free

	// Corners of a polygon, counter-clockwise; nil for a disc. The cost keeps Margin free
	// around it, and a little more at its corners, where the sides that are moved out meet.
	Corners [][2]float64 `json:"corners,omitempty"`
	Margin  float64      `json:"margin,omitempty"`
}

func readObstacles(o object) ([]Obstacle, error) {
	list, err := o.list("obstacles")
	if err != nil {
		return nil, err
	}
	obstacles := make([]Obstacle, len(list))
	for i, item := range list {
		read := readDisc
		if item.has("corners") {
			read = readPolygon
		}
		if obstacles[i], err = read(item); err != nil {
			return nil, err
		}
	}
	return obstacles, nil
}

func readDisc(item object) (y Obstacle, err error) { return readDiscOf(item, "c", "r", "r_enlarged") }

// readDiscOf reads a disc from the fields of the given names.
func readDiscOf(item object, center, radius, enlarged string) (y Obstacle, err error) {
	c, err := item.vector(center, 2)
	if err != nil {
		return y, err
	}
	y.Center = [2]float64(c)
	if y.Radius, err = item.positive(radius); err != nil {
		return y, err
	}
	if y.Enlarged, err = item.positive(enlarged); err != nil {
		return y, err
	}
	if y.Enlarged < y.Radius {
		return y, item.errorf(enlarged, "%g; it must be at least %s = %g", y.Enlarged, radius, y.Radius)
	}
	return y, nil
}

// readPolygon reads the corners x_1, y_1, x_2, y_2, .. and the margin.
func readPolygon(item object) (y Obstacle, err error) {
	v, err := item.vector("corners", -1)
	if err != nil {
		return y, err
	}
	if len(v)%2 != 0 {
		return y, item.errorf("corners", "%d numbers; they must be x and y of at least three corners", len(v))
	}
	for i := 0; i < len(v); i += 2 {
		y.Corners = append(y.Corners, [2]float64(v[i:]))
	}
	if y.Margin, err = item.number("margin"); err != nil {
		return y, err
	}
	return y, item.convex(&y)
}

// convex reports a polygon that nothing can be kept out of.
func (o object) convex(y *Obstacle) error {
	switch at := y.reflex(); {
	case y.Margin < 0:
		return o.errorf("margin", "%g; it must not be negative", y.Margin)
	case len(y.Corners) < 3:
		return o.errorf("corners", "%d of them; they must be x and y of at least three corners", len(y.Corners))
	case at >= 0:
		return o.errorf("corners", "corner %d is no left turn; a polygon must be convex, its corners counter-clockwise (give another shape as several)", at)
	}
	return nil
}

// reflex returns a corner at which the boundary does not turn left, the last one if it goes
// around more than once; -1 for a convex polygon.
func (o *Obstacle) reflex() int {
	n, turned := len(o.Corners), 0.0
	for i := range n {
		a, b, c := o.Corners[(i+n-1)%n], o.Corners[i], o.Corners[(i+1)%n]
		cross := (b[0]-a[0])*(c[1]-b[1]) - (b[1]-a[1])*(c[0]-b[0])
		if !(cross > 0) {
			return i
		}
		turned += math.Atan2(cross, (b[0]-a[0])*(c[0]-b[0])+(b[1]-a[1])*(c[1]-b[1]))
	}
	if turned > 3*math.Pi { // a convex one turns by 2 pi
		return n - 1
	}
	return -1
}

// side returns the outward normal of the side behind corner i, and how far it is from the
// origin along it.
func (o *Obstacle) side(i int) (nx, ny, offset float64) {
	a, b := o.Corners[i], o.Corners[(i+1)%len(o.Corners)]
	length := math.Hypot(b[0]-a[0], b[1]-a[1])
	nx, ny = (b[1]-a[1])/length, (a[0]-b[0])/length
	return nx, ny, nx*a[0] + ny*a[1]
}

// term charges the point that the rows x and y of an affine map give inside the obstacle.
func (o *Obstacle) term(name string, point control.Affine) control.Term {
	if o.Corners == nil {
		point.B[0], point.B[1] = -o.Center[0], -o.Center[1]
		return control.Term{Name: name, Weight: obstacleWeight, Norm: control.Disc, Radius: o.Enlarged, Residual: point}
	}
	r := control.NewAffine(len(o.Corners), point.Cols)
	for i := range o.Corners {
		nx, ny, offset := o.side(i)
		for j := range point.Cols {
			r.Set(i, j, nx*point.At(0, j)+ny*point.At(1, j))
		}
		r.B[i] = -offset - o.Margin
	}
	return control.Term{Name: name, Weight: obstacleWeight, Norm: control.Polygon, Residual: r}
}

// depth returns how far q is inside the obstacle, enlarged by exactly its margin; not
// positive outside.
func (o *Obstacle) depth(q [2]float64) float64 {
	if o.Corners == nil {
		return o.Enlarged - math.Hypot(q[0]-o.Center[0], q[1]-o.Center[1])
	}
	beyond, nearest := math.Inf(-1), math.Inf(1)
	for i := range o.Corners {
		nx, ny, offset := o.side(i)
		beyond = max(beyond, nx*q[0]+ny*q[1]-offset)
		nearest = min(nearest, segment(q, o.Corners[i], o.Corners[(i+1)%len(o.Corners)]))
	}
	if beyond <= 0 {
		return o.Margin + nearest
	}
	return o.Margin - nearest
}

// segment returns the distance of q from the segment from a to b.
func segment(q, a, b [2]float64) float64 {
	dx, dy := b[0]-a[0], b[1]-a[1]
	s := ((q[0]-a[0])*dx + (q[1]-a[1])*dy) / (dx*dx + dy*dy)
	s = max(0, min(1, s))
	return math.Hypot(q[0]-a[0]-s*dx, q[1]-a[1]-s*dy)
}

// obstacleTerms charges every point inside an enlarged obstacle, at every step.
func obstacleTerms(obstacles []Obstacle) []control.Term {
	var terms []control.Term
	for i := range obstacles {
		for j, name := range PointNames() {
			terms = append(terms, obstacles[i].term(fmt.Sprintf("obstacle %d, %s", i, name), pointMap(j)))
		}
	}
	return terms
}
