package pusht

import "math"

// NX is the number of state coordinates: x, y, theta of the T, px, py of the pusher.
const NX = 5

// PusherRadius is the radius of the pusher in metres.
const PusherRadius = 0.005

// Sizes of the T in metres: a bar lies on top of a stem. The centre of
// mass of the uniform T is the origin of the body frame.
const (
	barWidth, barHeight   = 0.120, 0.030
	stemWidth, stemHeight = 0.030, 0.090

	barArea, stemArea = barWidth * barHeight, stemWidth * stemHeight
	barY              = (barHeight + stemHeight) / 2 * stemArea / (barArea + stemArea)
	stemY             = barY - (barHeight+stemHeight)/2

	barTop, barBottom = barY + barHeight/2, barY - barHeight/2
	stemBottom        = stemY - stemHeight/2
)

// boxes are the two parts of the T: bar and stem.
var boxes = [2]box{
	{y: barY, hx: barWidth / 2, hy: barHeight / 2},
	{y: stemY, hx: stemWidth / 2, hy: stemHeight / 2},
}

// keypoints in the body frame: bar left, bar centre, bar right, stem bottom.
var keypoints = [4][2]float64{
	{-barWidth / 2, barY}, {0, barY}, {barWidth / 2, barY}, {0, stemBottom},
}

// centroidY is the height of the plain mean of the keypoints in the body frame;
// its x is 0.
const centroidY = (3*barY + stemBottom) / 4

// characteristicLength is c of the limit surface: the mean distance of the T's
// points from its centre of mass.
var characteristicLength = (boxes[0].integralRadius() + boxes[1].integralRadius()) / (barArea + stemArea)

// integralRadius returns the integral of |r| over the box.
func (b *box) integralRadius() float64 {
	left, right, bottom, top := -b.hx, b.hx, b.y-b.hy, b.y+b.hy
	return cornerIntegral(right, top) - cornerIntegral(left, top) -
		cornerIntegral(right, bottom) + cornerIntegral(left, bottom)
}

// cornerIntegral returns the integral of |r| over [0, a] x [0, b], negative
// where exactly one of a and b is:
//
//	a b sqrt(a^2+b^2)/3 + a^3 asinh(b/a)/6 + b^3 asinh(a/b)/6.
func cornerIntegral(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return a*b*math.Hypot(a, b)/3 +
		(a*a*a*math.Asinh(b/math.Abs(a))+b*b*b*math.Asinh(a/math.Abs(b)))/6
}

// Keypoints writes the four keypoints of the T with the given pose (x, y, theta)
// to dst (8), x and y interleaved: bar left, bar centre, bar right, stem bottom.
func Keypoints(dst, pose []float64) {
	if len(dst) != 8 || len(pose) != 3 {
		panic("pusht: Keypoints: needs 8 coordinates and a pose of 3")
	}
	b := newBody(pose)
	for i, k := range keypoints {
		dst[2*i], dst[2*i+1] = b.toWorld(k[0], k[1])
	}
}

// Centroid returns the plain mean of the four keypoints k (8 coordinates), the
// point from which a poke measures its start.
func Centroid(k []float64) (x, y float64) {
	if len(k) != 8 {
		panic("pusht: Centroid: needs 8 coordinates")
	}
	for i := 0; i < 8; i += 2 {
		x += k[i] / 4
		y += k[i+1] / 4
	}
	return x, y
}

// FitPose writes to pose (3) the pose whose keypoints are nearest to k (8
// coordinates) in the sum of squares; theta lies in [-pi, pi]. It
// inverts [Keypoints] and turns predicted keypoints, which need not form a T,
// back into one.
func FitPose(pose, k []float64) {
	if len(pose) != 3 || len(k) != 8 {
		panic("pusht: FitPose: needs a pose of 3 and 8 coordinates")
	}
	mx, my := Centroid(k)
	var dot, cross float64
	for i, p := range keypoints {
		bx, by := p[0], p[1]-centroidY
		rx, ry := k[2*i]-mx, k[2*i+1]-my
		dot += bx*rx + by*ry
		cross += bx*ry - by*rx
	}
	pose[2] = math.Atan2(cross, dot)
	s, c := math.Sincos(pose[2])
	pose[0], pose[1] = mx+s*centroidY, my-c*centroidY
}

// Outline writes the eight corners of the T with the given pose to dst (16),
// counter-clockwise from the left end of the stem's bottom edge.
func Outline(dst, pose []float64) {
	if len(dst) != 16 || len(pose) != 3 {
		panic("pusht: Outline: needs 16 coordinates and a pose of 3")
	}
	b := newBody(pose)
	for i, v := range outline {
		dst[2*i], dst[2*i+1] = b.toWorld(v.x, v.y)
	}
}

// Gap returns the distance in metres between the surfaces of T and pusher in
// state x (5); it is negative where they overlap.
func Gap(x []float64) float64 {
	if len(x) != NX {
		panic("pusht: Gap: needs a state of 5")
	}
	b := newBody(x[:3])
	return gap(b.toBody(x[3], x[4]))
}
