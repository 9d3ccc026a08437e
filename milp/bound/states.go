package bound

// States returns, for each coordinate, a bound of |x_t| over the whole box.
func (b *Bounder) States(t int) []float64 {
	return b.stateMag[t*b.p.Nx : (t+1)*b.p.Nx]
}

// Residuals returns, for each residual of term i of the objective, a bound of its
// magnitude over the whole box; read only.
func (b *Bounder) Residuals(i int) []float64 { return b.termMass[i] }
