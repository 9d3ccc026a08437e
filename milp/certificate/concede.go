package certificate

import (
	"context"
	"math"
)

// concedeRounds is how often claims are lowered: the ranges of plans below a lower bound
// are others, mostly tighter ones.
const concedeRounds = 5

// Concede lowers the bounds of leaves, and widens ranges, that [Check] cannot repeat to what
// it proves, and lowers the dual bound with them, until it accepts the certificate. Ranges
// that follow from each other through boxes of states (see follow.go) may come out a little
// wider than a solver's, whose order of work is not all in the file.
//
// It returns false if the certificate is refused for another reason, such as a leaf that
// is not proven to be empty. An error is one of Check.
func Concede(ctx context.Context, c *Certificate) (bool, error) {
	for range concedeRounds {
		r, err := inspect(ctx, c, true)
		if err != nil || r.Reason != "" {
			return false, err
		}
		r, err = inspect(ctx, c, false)
		if err != nil || r.Valid {
			return err == nil, err
		}
	}
	return false, nil
}

// concede lowers the bound of a leaf to value; false if that is no bound.
func (k *walker) concede(y *Leaf, value float64) bool {
	if !k.conceding || y.Empty || math.IsInf(value, -1) {
		return false
	}
	y.Bound = value
	return true
}

// concedeRange makes a range what is proven of it; false if nothing is.
func (k *walker) concedeRange(y *Range, value float64) bool {
	if !k.conceding || math.IsInf(value, 0) || math.IsNaN(value) {
		return false
	}
	y.Value = value * float64(y.Side)
	return true
}

// lowest makes the dual bound the least of the leaves'.
func (c *Certificate) lowest() {
	for i := range c.Leaves {
		if y := &c.Leaves[i]; !y.Empty {
			c.Claim.DualBound = min(c.Claim.DualBound, y.Bound)
		}
	}
}
