package raster

import "math"

// stroke is how a line is drawn, in pixels.
type stroke struct {
	width float64
	dash  float64 // length of a dash and of the space after it; 0 for a solid line
}

// line adds the line through points, closed to a ring if closed is set.
func (p *pen) line(points []pt, closed bool, s stroke) {
	points = p.thin(points, closed)
	if len(points) < 2 {
		return
	}
	if s.dash > 0 {
		s.dash = evenDash(points, closed, s.dash)
	}
	for start := 0; start < len(points)-1; {
		run, next := p.clipRun(points, start, s.width+2)
		switch whole := len(run) == len(points); {
		case len(run) < 2:
		case s.dash > 0:
			p.dashes(run, s)
		default:
			p.outline(run, closed && whole, s.width/2)
		}
		start = next
	}
}

// thin returns the line without points that nearly repeat the one before, with
// the first point repeated at the end if it is closed.
func (p *pen) thin(points []pt, closed bool) []pt {
	const near = 0.05
	kept := p.bufA[:0]
	for _, q := range points {
		if len(kept) == 0 || q.sub(kept[len(kept)-1]).len() > near {
			kept = append(kept, q)
		}
	}
	if closed && len(kept) > 2 {
		if kept[0].sub(kept[len(kept)-1]).len() <= near {
			kept = kept[:len(kept)-1]
		}
		kept = append(kept, kept[0])
	}
	p.bufA = kept
	return kept
}

// clipRun returns the first connected part of the line from points[start] on
// that lies within margin of the clip, and where to look for the next one.
func (p *pen) clipRun(points []pt, start int, margin float64) (run []pt, next int) {
	r := p.bounds(margin)
	p.run = p.run[:0]
	for i := start; i < len(points)-1; i++ {
		a, b := points[i], points[i+1]
		t0, t1, ok := clipSegment(a, b, r)
		if !ok || (t0 > 0 && len(p.run) > 0) {
			if len(p.run) > 0 {
				return p.run, i
			}
			continue
		}
		if len(p.run) == 0 {
			p.run = append(p.run, a.lerp(b, t0))
		}
		if t1 < 1 {
			p.run = append(p.run, a.lerp(b, t1))
			return p.run, i + 1
		}
		p.run = append(p.run, b)
	}
	return p.run, len(points)
}

// clipSegment returns the part [t0, t1] of the segment inside r (Liang and Barsky).
func clipSegment(a, b pt, r rect) (t0, t1 float64, ok bool) {
	t0, t1 = 0, 1
	d := b.sub(a)
	for _, side := range [4][2]float64{
		{-d.x, a.x - r.lo.x}, {d.x, r.hi.x - a.x}, {-d.y, a.y - r.lo.y}, {d.y, r.hi.y - a.y},
	} {
		speed, room := side[0], side[1]
		switch t := room / speed; {
		case speed == 0 && room < 0:
			return 0, 0, false
		case speed < 0:
			t0 = max(t0, t)
		case speed > 0:
			t1 = min(t1, t)
		}
	}
	return t0, t1, t0 < t1
}

// evenDash returns the dash length nearest to dash that divides a ring without
// a seam.
func evenDash(points []pt, closed bool, dash float64) float64 {
	if !closed {
		return dash
	}
	var length float64
	for i := range points[1:] {
		length += points[i+1].sub(points[i]).len()
	}
	n := math.Round(length / (2 * dash))
	if n < 1 {
		return dash
	}
	return length / (2 * n)
}

// dashes adds the dashes of a line; the first is half a dash long, which puts
// one around the corner where a ring starts.
func (p *pen) dashes(line []pt, s stroke) {
	left, on := s.dash/2, true
	var piece []pt
	for i := range line[1:] {
		a, b := line[i], line[i+1]
		length := b.sub(a).len()
		for at := 0.0; at < length; {
			if on && len(piece) == 0 {
				piece = append(piece, a.lerp(b, at/length))
			}
			step := min(left, length-at)
			at, left = at+step, left-step
			if on {
				piece = append(piece, a.lerp(b, at/length))
			}
			if left <= 1e-9*s.dash {
				p.outline(piece, false, s.width/2)
				piece, left, on = piece[:0], s.dash, !on
			}
		}
	}
	p.outline(piece, false, s.width/2)
}

// outline adds a line of the given half-width: a rectangle for each segment, a
// wedge on the outer side of each corner, and round ends. Pieces meet along
// common edges, so that antialiasing leaves no seams and no knots.
func (p *pen) outline(line []pt, ring bool, half float64) {
	if len(line) < 2 {
		return
	}
	last := len(line) - 2
	for i := range line[1:] {
		a, b := line[i], line[i+1]
		n := normal(a, b, half)
		p.convex(a.add(n), b.add(n), b.sub(n), a.sub(n))
		if i > 0 {
			p.corner(line[i-1], a, b, half)
		}
	}
	if ring {
		p.corner(line[last], line[0], line[1], half)
		return
	}
	p.arc(line[0], normal(line[0], line[1], half), math.Pi)
	p.arc(line[last+1], normal(line[last], line[last+1], half), -math.Pi)
}

// normal returns the vector of the given length at a right angle to ab.
func normal(a, b pt, length float64) pt {
	d := b.sub(a)
	l := d.len()
	if l == 0 {
		return pt{}
	}
	return pt{-d.y, d.x}.mul(length / l)
}

// corner adds the wedge that the rectangles of ab and bc leave open at b.
func (p *pen) corner(a, b, c pt, half float64) {
	n1, n2 := normal(a, b, half), normal(b, c, half)
	turn := math.Atan2(cross(n1, n2), n1.x*n2.x+n1.y*n2.y)
	if turn > 0 { // turning towards the normal: the gap is on the other side
		n1 = n1.mul(-1)
	}
	p.arc(b, n1, turn)
}

// arc adds the sector around c that starts at c + from and turns by angle.
func (p *pen) arc(c, from pt, angle float64) {
	n := 1 + int(math.Abs(angle)*min(max(from.len(), 1), 20)/2)
	sector := append(make([]pt, 0, 24), c)
	for i := range n + 1 {
		sin, cos := math.Sincos(angle * float64(i) / float64(n))
		sector = append(sector, c.add(pt{cos*from.x - sin*from.y, sin*from.x + cos*from.y}))
	}
	p.convex(sector...)
}
