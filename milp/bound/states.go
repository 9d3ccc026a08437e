package bound

// States returns, for each coordinate, a bound of |x_t| over the whole box.
func (b *Bounder) States(t int) []float64 {
	return b.stateMag[t*b.p.Nx : (t+1)*b.p.Nx]
}
