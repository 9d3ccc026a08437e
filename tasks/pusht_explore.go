package tasks

import (
	"math"
	"math/rand/v2"

	"hinge/sim/pusht"
)

const (
	exploreNear = 4.0 / 5     // share of pokes that start near the outline
	exploreGap  = 0.010       // largest distance of their start from touching
	exploreTurn = math.Pi / 3 // largest angle of their motion to the inward normal
)

// explorePoke draws an action for the T with keypoints x. Most pokes start near
// its outline and move roughly inwards, since only those teach how it moves.
// The others are uniform over the box: a planner asks about all of it, so a
// model must also have seen that a poke which misses does nothing.
func explorePoke(dst, x []float64, rng *rand.Rand) {
	if rng.Float64() >= exploreNear {
		pokes.Sample(dst, rng)
		frameOfT(x).WorldVectors(dst, dst)
		return
	}
	var pose [3]float64
	pusht.FitPose(pose[:], x)
	px, py, nx, ny := perimeterPoint(pose[:], rng)
	mx, my := pusht.Centroid(x)
	out := pusht.PusherRadius + uniform(rng, 0, exploreGap)
	sin, cos := math.Sincos(uniform(rng, -exploreTurn, exploreTurn))
	dx, dy := -(cos*nx - sin*ny), -(sin*nx + cos*ny)
	dst[0], dst[1], dst[2], dst[3] = px+out*nx-mx, py+out*ny-my, dx, dy
	f := frameOfT(x)
	f.Vectors(dst, dst)
	longest := pokeLength / max(math.Abs(dst[2]), math.Abs(dst[3])) // to the edge of the box
	length := longest * uniform(rng, 0, 1)
	dst[2], dst[3] = length*dst[2], length*dst[3]
	pokes.Clamp(dst, dst)
	f.WorldVectors(dst, dst)
}

// pokes is the box of actions; it must not be changed.
var pokes = pokeBox()

// perimeterPoint draws a point of the T's outline, uniform in arc length, and
// returns it with the outward normal there.
func perimeterPoint(pose []float64, rng *rand.Rand) (x, y, nx, ny float64) {
	var corners [16]float64
	pusht.Outline(corners[:], pose)
	edge := func(i int) (ex, ey, length float64) {
		j := (i + 2) % len(corners)
		ex, ey = corners[j]-corners[i], corners[j+1]-corners[i+1]
		return ex, ey, math.Hypot(ex, ey)
	}
	var perimeter float64
	for i := 0; i < len(corners); i += 2 {
		_, _, length := edge(i)
		perimeter += length
	}
	s := rng.Float64() * perimeter
	for i := 0; ; i += 2 {
		ex, ey, length := edge(i)
		if s <= length || i == len(corners)-2 {
			f := min(s/length, 1)
			return corners[i] + f*ex, corners[i+1] + f*ey, ey / length, -ex / length
		}
		s -= length
	}
}
