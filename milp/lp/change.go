package lp

import (
	"math"
	"slices"
)

// change carries out an iteration: flips, then p leaves for its bound and q enters.
// It reports whether the reduced costs moved.
func (s *Solver) change(p, q int, sigma float64) bool {
	if len(s.work.flips) > 0 {
		s.applyFlips()
	}
	pivot := s.pivotEntry(q)
	bound, at := s.lo[p], atLower
	if sigma < 0 {
		bound, at = s.hi[p], atUpper
	}
	move := (bound - s.x[p]) / pivot
	s.objective += s.d[q] * move
	theta := s.d[q] / pivot
	s.moveBasic(p, q, pivot, move)
	s.x[q] += move
	s.x[p] = bound
	s.moveDual(theta)
	s.d[q], s.d[p] = 0, theta
	k := &s.kernel
	k.exchange(s.n, p, q, s.work.pivotTight[:k.size()], s.work.enter, pivot)
	s.at[p], s.at[q] = at, basic
	s.dualFresh = false
	return math.Abs(theta) > 1e-12*s.scale
}

// moveBasic moves the basic variables by G[:,q] move, and updates the weights of
// dual steepest edge: with r = G[i,q] / G[p,q],
//
//	weight_i += r^2 weight_p - 2 r tau_i,   weight_q = weight_p / G[p,q]^2.
func (s *Solver) moveBasic(p, q int, pivot, move float64) {
	k, n := &s.kernel, s.n
	norm := dot(s.work.pivotTight[:k.size()], s.work.pivotTight[:k.size()])
	if p >= n {
		norm++
	}
	inv := 1 / pivot
	for _, j := range k.cols {
		alpha := s.work.enter[j]
		s.x[j] += alpha * move
		r := alpha * inv
		s.weight[j] = max(s.weight[j]+r*(r*norm-2*s.work.tau[j]), minWeight)
	}
	s.looseProducts()
	x, weight := s.x[n:], s.weight[n:]
	for t, i := range s.work.loose {
		alpha := s.work.alpha[t]
		if alpha == 0 {
			continue
		}
		x[i] += alpha * move
		r := alpha * inv
		weight[i] = max(weight[i]+r*(r*norm-2*s.work.alphaTau[t]), minWeight)
	}
	s.weight[q] = max(norm*inv*inv, minWeight)
}

// looseProducts lists the loose rows and their products with enter and tau: those that are
// dense first, all at once.
func (s *Solver) looseProducts() {
	w := &s.work
	w.loose, w.sparse = w.loose[:0], w.sparse[:0]
	for i, b := range s.kernel.posRow {
		switch {
		case b >= 0:
		case s.rows[i].dense:
			w.loose = append(w.loose, int32(i))
		default:
			w.sparse = append(w.sparse, int32(i))
		}
	}
	dense := len(w.loose)
	w.loose = append(w.loose, w.sparse...)
	w.alpha = slices.Grow(w.alpha[:0], len(w.loose))[:len(w.loose)]
	w.alphaTau = slices.Grow(w.alphaTau[:0], len(w.loose))[:len(w.loose)]
	dotPairs(w.alpha, w.alphaTau, s.full, s.n, w.loose[:dense], w.enter, w.tau)
	for t, i := range w.sparse {
		w.alpha[dense+t], w.alphaTau[dense+t] = s.rows[i].dotPair(w.enter, w.tau)
	}
}

// moveDual subtracts theta G[p,:] from the reduced costs of the nonbasic variables.
// Those of basic columns become meaningless until change sets them to zero again.
func (s *Solver) moveDual(theta float64) {
	if theta == 0 {
		return
	}
	k := &s.kernel
	for j, g := range s.work.pivotRow {
		if k.posCol[j] < 0 {
			s.d[j] -= theta * g
		}
	}
	for b, i := range k.rows {
		s.d[s.n+int(i)] -= theta * s.work.pivotTight[b]
	}
}

// applyFlips moves the flipped variables to their other bounds and the basic ones
// with them.
func (s *Solver) applyFlips() {
	k, z := &s.kernel, s.work.column
	rhs := s.work.tight[:k.size()]
	clear(z)
	clear(rhs)
	for _, f := range s.work.flips {
		j := int(f.variable)
		s.objective += f.gain
		s.x[j] += f.move
		if j < s.n {
			z[j] = f.move
		} else {
			rhs[k.posRow[j-s.n]] += f.move // a folded row may cross twice
		}
	}
	for b, i := range k.rows {
		rhs[b] -= s.rows[i].dot(z)
	}
	for a, j := range k.cols {
		z[j] = dot(k.row(a), rhs)
		s.x[j] += z[j]
	}
	for i, b := range k.posRow {
		if b < 0 {
			s.x[s.n+i] += s.rows[i].dot(z)
		}
	}
}

// perturb moves the reduced costs of the nonbasic variables away from zero, each by
// another amount, so that ties are broken when the objective stands still.
func (s *Solver) perturb() {
	s.perturbed++
	for j, at := range s.at {
		by := s.scale * 1e-6 * (0.5 + fraction(uint64(j), uint64(s.perturbed)))
		switch {
		case at == basic || at == atZero || s.lo[j] == s.hi[j]:
			continue
		case s.atKink(j) && math.Abs(s.d[j])+by > s.span(j):
			continue
		case at == atUpper:
			by = -by
		}
		s.shift(j, -by)
	}
}

// fraction returns a number in [0, 1) that looks random (splitmix64).
func fraction(a, b uint64) float64 {
	z := a*0x9e3779b97f4a7c15 + b*0xd1342543de82ef95
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}
