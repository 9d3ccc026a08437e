package certificate

import "fmt"

// objects is a key that holds an array, each element read by read.
func objects[T any](s *scanner, name string, dst *[]T, read func(at string) T) key {
	return key{name: name, read: func(at string) {
		*dst = []T{}
		s.array(at, func(i int) { *dst = append(*dst, read(fmt.Sprintf("%s[%d]", at, i))) })
	}}
}

// maybe is a key that holds an object or null.
func maybe[T any](s *scanner, name string, dst **T, read func(at string) T) key {
	return key{name: name, read: func(at string) {
		if !s.null() {
			v := read(at)
			*dst = &v
		}
	}}
}

func (s *scanner) number(name string, dst *float64) key {
	return key{name: name, read: func(at string) { *dst = s.float(at) }}
}

func (s *scanner) cuts(at string) Cuts {
	var c Cuts
	s.object(at, objects(s, "frames", &c.Frames, s.frame), objects(s, "regions", &c.Regions, s.region))
	return c
}

func (s *scanner) frame(at string) Frame {
	var f Frame
	s.object(at, s.vector("center", &f.Center), s.vector("basis", &f.Basis))
	return f
}

func (s *scanner) region(at string) Region {
	var y Region
	s.object(at, s.count("parent", &y.Parent), maybe(s, "split", &y.Split, s.split),
		objects(s, "boxes", &y.Boxes, s.stateBox), objects(s, "cuts", &y.Cuts, s.cut),
		maybe(s, "bound", &y.Bound, s.regionBound))
	return y
}

func (s *scanner) split(at string) Split {
	var y Split
	s.object(at, s.count("step", &y.Step), s.count("direction", &y.Direction), s.count("side", &y.Side), s.number("point", &y.Point))
	return y
}

func (s *scanner) stateBox(at string) StateBox {
	var b StateBox
	s.object(at, s.count("step", &b.Step), s.vector("lower", &b.Lower), s.vector("upper", &b.Upper),
		objects(s, "sides", &b.Sides, s.side))
	return b
}

func (s *scanner) side(at string) Side {
	var y Side
	s.object(at, s.count("direction", &y.Direction), s.count("sign", &y.Sign), objects(s, "leaves", &y.Leaves, s.leaf), s.ranges(&y.Ranges))
	return y
}

func (s *scanner) cut(at string) Cut {
	var c Cut
	tilt := maybe(s, "tilt", &c.Tilt, s.tilt)
	tilt.optional = true
	s.object(at, s.count("step", &c.Step), s.vector("slope", &c.Slope), s.number("offset", &c.Offset),
		objects(s, "uses", &c.Uses, s.integer), objects(s, "leaves", &c.Leaves, s.leaf), s.ranges(&c.Ranges), tilt)
	return c
}

func (s *scanner) tilt(at string) Tilt {
	var y Tilt
	s.object(at, s.count("cut", &y.Cut), s.number("amount", &y.Amount))
	return y
}

func (s *scanner) regionBound(at string) RegionBound {
	var b RegionBound
	s.object(at, s.number("value", &b.Value), objects(s, "uses", &b.Uses, s.integer), objects(s, "leaves", &b.Leaves, s.leaf), s.ranges(&b.Ranges))
	return b
}

// filled returns c with empty lists in place of nil ones, see [Certificate.filled].
func (c *Cuts) filled() *Cuts {
	if c == nil {
		return nil
	}
	d := &Cuts{Frames: list(c.Frames), Regions: []Region{}}
	for _, y := range c.Regions {
		boxes, cuts := []StateBox{}, []Cut{}
		for _, b := range y.Boxes {
			b.Sides = list(b.Sides)
			boxes = append(boxes, b)
		}
		for _, k := range y.Cuts {
			k.Uses, k.Leaves = list(k.Uses), list(k.Leaves)
			cuts = append(cuts, k)
		}
		y.Boxes, y.Cuts = boxes, cuts
		if y.Bound != nil {
			b := *y.Bound
			b.Uses = list(b.Uses)
			y.Bound = &b
		}
		d.Regions = append(d.Regions, y)
	}
	return d
}
