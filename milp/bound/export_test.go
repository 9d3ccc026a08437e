package bound

// States returns the boxes of x_0..x_H.
func (r Ranges) States() (lower, upper []float64) { return r.stateLower, r.stateUpper }
