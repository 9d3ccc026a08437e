package lp

import (
	"fmt"
	"math"
	"slices"
)

// Basis is a saved basis: where every variable is, and the weights of dual steepest
// edge, 5 bytes a variable. The zero value is empty.
type Basis struct {
	cols   int
	at     []place   // columns, then rows; with underneath where a row is below its kink
	weight []float32 // as at
}

const underneath place = 1 << 7

// Cols returns the number of columns the program had, 0 where nothing was saved.
func (b *Basis) Cols() int { return b.cols }

// Rows returns the number of rows the program had.
func (b *Basis) Rows() int { return len(b.at) - b.cols }

// Basis copies the basis to dst, whose memory is reused.
func (s *Solver) Basis(dst *Basis) {
	dst.cols = s.n
	dst.at = append(dst.at[:0], s.at...)
	if s.folds > 0 {
		for v, below := range s.below {
			if below {
				dst.at[v] |= underneath
			}
		}
	}
	dst.weight = slices.Grow(dst.weight[:0], len(s.weight))[:len(s.weight)]
	for j, w := range s.weight {
		dst.weight[j] = float32(min(w, math.MaxFloat32))
	}
}

// SetBasis makes b the basis that the next solve starts from. Rows that b does not
// have are loose, rows of b that are gone are ignored, and a basis that has become
// singular is repaired. The kernel is inverted anew: a solve after SetBasis depends
// on the program and on b alone.
func (s *Solver) SetBasis(b *Basis) {
	if b.cols != s.n {
		panic(fmt.Sprintf("lp: SetBasis: a basis of %d columns for a program of %d", b.cols, s.n))
	}
	known := min(len(b.at), len(s.at))
	for j, at := range b.at[:known] {
		s.at[j] = at &^ underneath
		s.weight[j] = float64(b.weight[j])
		if s.fold[j] != 0 {
			s.turn(j, at&underneath != 0)
		}
	}
	for j := known; j < len(s.at); j++ {
		s.at[j], s.weight[j] = basic, 1
		if s.fold[j] != 0 {
			s.turn(j, false)
		}
	}
	w := &s.work
	w.oldCols, w.oldRows = w.oldCols[:0], w.oldRows[:0]
	for j, at := range s.at {
		switch {
		case j < s.n && at == basic:
			w.oldCols = append(w.oldCols, int32(j))
		case j >= s.n && at != basic:
			w.oldRows = append(w.oldRows, int32(j-s.n))
		}
	}
	s.invert()
}

// Clone returns an independent copy, for another goroutine. It has the same basis,
// inverted anew.
func (s *Solver) Clone() *Solver {
	c := New(s.n)
	for i, r := range s.rows {
		lower, upper := s.ends(s.n + i)
		c.AddRow(nil, nil, lower, upper)
		if f := s.fold[s.n+i]; f != 0 {
			c.SetFold(i, s.kink[s.n+i], f)
		}
		copy(c.dense(i), s.dense(i))
		c.rows[i] = row{r.dense, slices.Clone(r.index), slices.Clone(r.value)}
	}
	copy(c.cost[:s.n], s.cost)
	copy(c.lower[:s.n], s.lower)
	copy(c.upper[:s.n], s.upper)
	var b Basis
	s.Basis(&b)
	c.SetBasis(&b)
	return c
}
