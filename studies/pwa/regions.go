package pwa

import (
	"math"

	"hinge/nn"
)

// Point is a place in the plane.
type Point struct{ X, Y float64 }

// Affine is the function A x + B y + C.
type Affine struct{ A, B, C float64 }

// At returns the value at p.
func (f Affine) At(p Point) float64 { return f.A*p.X + f.B*p.Y + f.C }

// Region is a convex polygon, its corners counter-clockwise, on which a network is
// affine because no unit changes its phase inside.
type Region struct {
	Corners []Point
	Value   Affine // the network, here
}

// Area returns the area of the polygon.
func (r *Region) Area() float64 {
	sum := 0.0
	for i, p := range r.Corners {
		q := r.Corners[(i+1)%len(r.Corners)]
		sum += p.X*q.Y - q.X*p.Y
	}
	return sum / 2
}

// Square returns the corners of [-1, 1]^2.
func Square() []Point { return []Point{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} }

// Regions returns the regions of n, a network 2 -> 1, within a convex polygon. It
// cuts the polygon along the line z = 0 of every ReLU, layer by layer: inside a
// piece all earlier layers are affine, so the line is straight. Only rounding
// separates the result from the truth; what is cut off thinner than a rounding
// error is left out.
func Regions(n *nn.Net, within []Point) []Region {
	if n.In != 2 || n.Out() != 1 {
		panic("pwa: Regions: the network does not map the plane to numbers")
	}
	c := &cutter{net: n, v: make([]Affine, n.Width()), z: make([]Affine, n.Width())}
	c.v[0], c.v[1] = Affine{A: 1}, Affine{B: 1}
	c.layer(0, within)
	return c.regions
}

// cutter is the state of [Regions].
type cutter struct {
	net     *nn.Net
	v, z    []Affine // activations and pre-activations on the piece at hand
	regions []Region
}

// layer cuts a piece on which all layers before i are affine.
func (c *cutter) layer(i int, piece []Point) {
	l := &c.net.Layers[i]
	c.preActivations(i)
	z := c.z[l.At() : l.At()+l.Out]
	if i == len(c.net.Layers)-1 {
		c.regions = append(c.regions, Region{Corners: piece, Value: z[0]})
		return
	}
	pieces := [][]Point{piece}
	for j := range z {
		if l.Gate(j) == nn.ReLU {
			pieces = cutAll(pieces, z[j])
		}
	}
	for _, p := range pieces {
		inside := centre(p)
		for j, zj := range z {
			c.v[l.At()+j] = Affine{}
			if l.Gate(j) == nn.Identity || l.Gate(j) == nn.ReLU && zj.At(inside) > 0 {
				c.v[l.At()+j] = zj
			}
		}
		c.layer(i+1, p)
	}
}

// preActivations writes the pre-activations of layer i to z.
func (c *cutter) preActivations(i int) {
	l := &c.net.Layers[i]
	w, b := c.net.Weight(i), c.net.Bias(i)
	for j := range l.Out {
		sum := Affine{C: b[j]}
		for k, f := range c.v[l.From:l.To] {
			wk := w[j*l.In()+k]
			sum.A, sum.B, sum.C = sum.A+wk*f.A, sum.B+wk*f.B, sum.C+wk*f.C
		}
		c.z[l.At()+j] = sum
	}
}

// cutAll cuts every piece that the line f = 0 crosses in two.
func cutAll(pieces [][]Point, f Affine) [][]Point {
	var all [][]Point
	for _, p := range pieces {
		below, above := cut(p, f)
		for _, half := range [][]Point{below, above} {
			if half != nil {
				all = append(all, half)
			}
		}
	}
	return all
}

// rounding is the distance from a line, in units of the values on it, below which
// a corner counts as lying on it.
const rounding = 1e-12

// cut returns the parts of a convex polygon with f <= 0 and f >= 0; the polygon and
// nil if the line does not cross it.
func cut(polygon []Point, f Affine) (below, above []Point) {
	on := rounding * (math.Abs(f.A) + math.Abs(f.B) + math.Abs(f.C))
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range polygon {
		low, high = min(low, f.At(p)), max(high, f.At(p))
	}
	switch {
	case high <= on:
		return polygon, nil
	case low >= -on:
		return nil, polygon
	}
	return clip(polygon, f), clip(polygon, Affine{-f.A, -f.B, -f.C})
}

// clip returns the part of a convex polygon with f <= 0.
func clip(polygon []Point, f Affine) []Point {
	var part []Point
	for i, p := range polygon {
		q := polygon[(i+1)%len(polygon)]
		fp, fq := f.At(p), f.At(q)
		if fp <= 0 {
			part = append(part, p)
		}
		if fp < 0 && fq > 0 || fp > 0 && fq < 0 {
			s := fp / (fp - fq)
			part = append(part, Point{p.X + s*(q.X-p.X), p.Y + s*(q.Y-p.Y)})
		}
	}
	return part
}

// centre returns the mean of the corners.
func centre(polygon []Point) Point {
	var sum Point
	for _, p := range polygon {
		sum.X, sum.Y = sum.X+p.X, sum.Y+p.Y
	}
	n := float64(len(polygon))
	return Point{sum.X / n, sum.Y / n}
}
