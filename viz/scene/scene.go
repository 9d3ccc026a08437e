// Package scene says what to draw, as data: shapes in metres and colours by
// meaning. Tasks return a [Scene]; viz/raster turns it into pixels and the
// viewer into triangles. Nothing here knows how.
//
// Read first: [Scene], [Shape], [Role].
package scene

import "fmt"

// Role is what a shape means; the renderer chooses the colours, so that every
// picture speaks one language.
type Role uint8

// The roles, from back to front.
const (
	Goal      Role = iota // where the object should come to lie
	Object                // the object that is moved
	Robot                 // the part of the robot that touches it
	Predicted             // what the chosen plan predicts
	Candidate             // trajectories that were considered
	Path                  // where something has been
	Obstacle
	Label // text and annotation
)

var roleNames = [...]string{"goal", "object", "robot", "plan", "candidates", "path", "obstacle", "label"}

// String returns the name used in legends.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// Point is a place in the plane, in metres.
type Point struct{ X, Y float64 }

// Kind is the geometry of a shape.
type Kind uint8

// The kinds.
const (
	Polygon  Kind = iota // closed, filled
	Outline              // closed, not filled
	Polyline             // open line
	Circle               // filled disc at Points[0]
	Arrow                // from Points[0] to Points[1]
	Text                 // starts at Points[0]
)

// Shape is one thing to draw.
type Shape struct {
	Kind   Kind
	Role   Role
	Points []Point
	Radius float64 // of a Circle, metres
	Text   string
	Alpha  float64 // opacity in 0..1; 0 means 1
}

// Scene is a picture of one moment.
type Scene struct {
	Min, Max Point   // the part of the plane to show; if empty, all shapes are shown
	Shapes   []Shape // drawn in order
	Caption  string  // one line about the moment: step, error, gap
}

// Add appends shapes.
func (s *Scene) Add(shapes ...Shape) { s.Shapes = append(s.Shapes, shapes...) }
