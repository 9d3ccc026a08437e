package relu

import (
	"math"

	"hinge/control"
)

// Inwards rounds the limits of the whole coordinates of a box of stacked actions
// inwards. It returns false, with the box rounded in part, if there is no whole number
// between two of them: then the box holds no plan.
func (p *Program) Inwards(box control.Box) bool {
	for _, j := range p.Integer {
		for k := j; k < len(box.Lower); k += p.Nu {
			lo, hi := math.Ceil(box.Lower[k]), math.Floor(box.Upper[k])
			if !(lo <= hi) {
				return false
			}
			box.Lower[k], box.Upper[k] = lo, hi
		}
	}
	return true
}

// Round makes the whole coordinates of the stacked actions u the nearest whole numbers in
// the program's box. It returns false, with u rounded in part, if there is none: then no
// u is a plan.
func (p *Program) Round(u []float64) bool {
	for _, j := range p.Integer {
		for k := j; k < len(u); k += p.Nu {
			lo, hi := math.Ceil(p.Box.Lower[k]), math.Floor(p.Box.Upper[k])
			if !(lo <= hi) {
				return false
			}
			u[k] = max(lo, min(hi, math.Round(u[k])))
		}
	}
	return true
}
