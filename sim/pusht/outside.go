package pusht

import "math"

// vertex is a corner of the T's outline in the body frame.
type vertex struct {
	x, y    float64
	concave bool
}

// outline is the T counter-clockwise; an edge leads from each corner to the next.
var outline = [8]vertex{
	{x: -stemWidth / 2, y: stemBottom},
	{x: stemWidth / 2, y: stemBottom},
	{x: stemWidth / 2, y: barBottom, concave: true},
	{x: barWidth / 2, y: barBottom},
	{x: barWidth / 2, y: barTop},
	{x: -barWidth / 2, y: barTop},
	{x: -barWidth / 2, y: barBottom},
	{x: -stemWidth / 2, y: barBottom, concave: true},
}

// outside returns the point nearest to (x, y), in the world, at which the
// pusher does not overlap the T: (x, y) itself unless it overlaps.
func (b *body) outside(x, y float64) (float64, float64) {
	bx, by := b.toBody(x, y)
	if gap(bx, by) >= -touchDepth {
		return x, y
	}
	return b.toWorld(nearestOutside(bx, by))
}

// nearestOutside returns the point nearest to the body point (x, y) on the
// outline of the T grown by the pusher's radius: edges moved outwards, joined by
// arcs around convex corners and cut short at concave ones. (x, y) lies inside.
func nearestOutside(x, y float64) (bestX, bestY float64) {
	if x < 0 { // the T is symmetric; so is the answer, to the last bit
		bestX, bestY = nearestOutside(-x, y)
		return -bestX, bestY
	}
	best := math.Inf(1)
	consider := func(cx, cy float64) {
		if d := math.Hypot(cx-x, cy-y); d < best {
			best, bestX, bestY = d, cx, cy
		}
	}
	for i := range outline {
		v, next := &outline[i], &outline[(i+1)%len(outline)]
		consider(nearestOnEdge(v, next, x, y))
		if cx, cy, ok := nearestOnArc(v, &outline[(i+7)%len(outline)], next, x, y); ok {
			consider(cx, cy)
		}
	}
	return bestX, bestY
}

// nearestOnEdge returns the point nearest to (x, y) on the edge from v to w,
// moved outwards by the pusher's radius.
func nearestOnEdge(v, w *vertex, x, y float64) (float64, float64) {
	length := math.Hypot(w.x-v.x, w.y-v.y)
	tx, ty := (w.x-v.x)/length, (w.y-v.y)/length
	lower, upper := 0.0, length
	if v.concave {
		lower = PusherRadius
	}
	if w.concave {
		upper = length - PusherRadius
	}
	s := min(max((x-v.x)*tx+(y-v.y)*ty, lower), upper)
	return v.x + s*tx + PusherRadius*ty, v.y + s*ty - PusherRadius*tx
}

// nearestOnArc returns the point nearest to (x, y) on the arc around the convex
// corner v between its neighbours; ok is false where v is not the nearest part
// of the T or the arc does not exist.
func nearestOnArc(v, before, after *vertex, x, y float64) (ax, ay float64, ok bool) {
	dx, dy := x-v.x, y-v.y
	beyond := func(n *vertex) bool { return dx*(n.x-v.x)+dy*(n.y-v.y) <= 0 }
	r := math.Hypot(dx, dy)
	if v.concave || r == 0 || !beyond(before) || !beyond(after) {
		return 0, 0, false
	}
	return v.x + dx*PusherRadius/r, v.y + dy*PusherRadius/r, true
}
