package lp

import "math"

// restoreCosts takes shifts and perturbations back.
func (s *Solver) restoreCosts() {
	if s.zeroCost {
		clear(s.c)
		s.modified = false
		return
	}
	copy(s.c, s.cost)
	s.modified = false
	s.scale = 0
	for _, c := range s.cost {
		s.scale = max(s.scale, math.Abs(c))
	}
	if s.scale == 0 {
		s.scale = 1
	}
}

// computeDual sets y and d from the basis and the costs c, and returns the largest
// |d| of a basic column, which is 0 but for rounding:
//
//	t = c + A' c_r,   y_R = W' t_S,   d_N = t_N - A[R,N]' y_R,   d_R = c_r + y_R
//
// with c_r the costs of rows, which only folds and perturbations make other than 0.
func (s *Solver) computeDual() float64 {
	k, t := &s.kernel, s.work.column
	copy(t, s.c[:s.n])
	if s.modified || s.folds > 0 {
		for i, c := range s.c[s.n:] {
			if c != 0 && k.posRow[i] < 0 {
				s.rows[i].addTo(t, c)
			}
		}
	}
	y := s.work.tight[:k.size()]
	clear(y)
	for a, j := range k.cols {
		axpy(y, t[j], k.row(a))
	}
	clear(s.d[s.n:])
	for b, i := range k.rows {
		s.d[s.n+int(i)] = s.c[s.n+int(i)] + y[b]
		s.rows[i].addTo(t, -y[b])
	}
	copy(s.d, t)
	var residual float64
	for _, j := range k.cols {
		residual = max(residual, math.Abs(t[j]))
		s.d[j] = 0
	}
	s.dualFresh = !s.modified
	return residual
}

// settle puts every nonbasic variable on the bound that the sign of its reduced cost
// asks for, and reports whether all have it.
func (s *Solver) settle() (fits bool) {
	tol := dualTol * s.scale
	fits = true
	for j := range s.at {
		if s.at[j] == basic {
			continue
		}
		if s.folded(j) {
			s.settleFold(j, tol)
			continue
		}
		lo, hi, d := s.lo[j], s.hi[j], s.d[j]
		at := s.at[j]
		if d < -tol {
			at = atUpper
		} else if d > tol || at == atZero {
			at = atLower
		}
		if at == atLower && math.IsInf(lo, -1) {
			at = atUpper
			fits = fits && d <= tol
		}
		if at == atUpper && math.IsInf(hi, 1) {
			at = atLower
			fits = fits && d >= -tol
			if math.IsInf(lo, -1) {
				at = atZero
				fits = fits && d <= tol
			}
		}
		s.at[j] = at
		x := lo
		if at == atUpper {
			x = hi
		} else if at == atZero {
			x = 0
		}
		if x != s.x[j] {
			s.x[j] = x
			s.primalFresh = false
		}
	}
	return fits
}

// computePrimal sets the basic variables from the nonbasic ones, and returns the
// largest violation of a tight row, which is 0 but for rounding.
func (s *Solver) computePrimal() float64 {
	k, x, rhs := &s.kernel, s.x[:s.n], s.work.tight[:s.kernel.size()]
	for _, j := range k.cols {
		x[j] = 0
	}
	for b, i := range k.rows {
		rhs[b] = s.x[s.n+int(i)] - s.rows[i].dot(x)
	}
	z := s.work.column
	for a, j := range k.cols {
		z[j] = dot(k.row(a), rhs)
	}
	for _, j := range k.cols {
		x[j] = z[j]
	}
	for i, b := range k.posRow {
		if b < 0 {
			s.x[s.n+i] = s.rows[i].dot(x)
		}
	}
	s.primalFresh, s.moves = true, 0
	return s.residual()
}

// residual returns the largest violation of a tight row.
func (s *Solver) residual() float64 {
	x, worst := s.x[:s.n], 0.0
	for _, i := range s.kernel.rows {
		worst = max(worst, math.Abs(s.rows[i].dot(x)-s.x[s.n+int(i)]))
	}
	return worst
}

// computeObjective sets the objective from x and the costs c.
func (s *Solver) computeObjective() {
	s.objective = dot(s.c[:s.n], s.x[:s.n])
	if s.modified {
		s.objective += dot(s.c[s.n:], s.x[s.n:])
	}
	if s.folds == 0 {
		return
	}
	for i, f := range s.fold[s.n:] {
		v := s.n + i
		switch {
		case f == 0:
		case s.modified:
			s.objective -= s.c[v] * s.kink[v]
		default:
			s.objective += s.c[v] * (s.x[v] - s.kink[v])
		}
	}
}
