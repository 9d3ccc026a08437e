package bnb

// Splits is how a tree on phases split: a unit, and how the parts went on in which it is off
// and on. As the first partition of the next plan ([Options.First]) it spares the look-ahead
// over other units, which takes half of the time of such a tree.
//
// It is the same units of the same steps that are split again, not those of the step before:
// nearly all splits are in the first step, which a plan that moves on by one has left behind.
// Whatever the partition, bounds are computed anew and hold.
type Splits struct {
	Unit    int // step times units of a step, plus hidden unit
	Off, On *Splits
}

// keptSplits is how many splits of a tree are kept: more than a plan takes that can be made
// at the rate of a controller.
const keptSplits = 4096

// Len returns the number of splits.
func (s *Splits) Len() int {
	if s == nil {
		return 0
	}
	return 1 + s.Off.Len() + s.On.Len()
}

// side returns how one part went on.
func (s *Splits) side(on bool) *Splits {
	switch {
	case s == nil:
		return nil
	case on:
		return s.On
	}
	return s.Off
}

// undecided goes down to the first split of a unit that such ranges leave undecided; nil if
// there is none, or no such unit.
func (s *Splits) undecided(lower, upper []float64) *Splits {
	for s != nil && s.Unit >= 0 && s.Unit < len(lower) {
		switch {
		case lower[s.Unit] >= 0:
			s = s.On
		case upper[s.Unit] <= 0:
			s = s.Off
		default:
			return s
		}
	}
	return nil
}

// again goes on in the partition that c was given, and returns the unit that it splits; -1
// if it says nothing here, or splits a unit for which the relaxation is exact.
func (x *relaxed) again(c *node) int {
	c.first = c.first.undecided(c.ranges.Lower, c.ranges.Upper)
	if c.first == nil {
		return -1
	}
	for _, i := range x.split {
		if x.r.units[i].unit == c.first.Unit {
			return c.first.Unit
		}
	}
	c.first = nil
	return -1
}

// sketch is a part of a tree, as it becomes Splits. It is drawn between rounds only.
type sketch struct {
	unit int  // -1 where phases are not split
	left *int // so many more splits are kept
	kids [2]*sketch
}

func newSketch() *sketch {
	left := keptSplits
	return &sketch{unit: -1, left: &left}
}

// split notes a branch, and returns the sketch of one half; nil if none is kept.
func (k *sketch) split(b branch, side int) *sketch {
	if k == nil || !b.onUnit || k.unit < 0 && *k.left == 0 {
		return nil
	}
	if k.unit < 0 {
		k.unit = b.unit
		*k.left--
	}
	k.kids[side] = &sketch{unit: -1, left: k.left}
	return k.kids[side]
}

// splits returns what the sketch has become.
func (k *sketch) splits() *Splits {
	if k == nil || k.unit < 0 {
		return nil
	}
	return &Splits{k.unit, k.kids[0].splits(), k.kids[1].splits()}
}
