package bnb

import (
	"math"
	"slices"

	"hinge/milp/bound"
	"hinge/milp/relu"
)

// branch is the split of a node: its box is cut in two at a point of one input, or
// a hidden unit is off in one half and on in the other.
type branch struct {
	input int
	point float64
	unit  int // if onUnit
	// onUnit tells the second kind from the first.
	onUnit bool
	// none means that all edges are too short to be cut.
	none bool
}

// discount prefers early actions, which later states depend on: the score of an
// action at step t is multiplied by discount^t.
const discount = .7

// choose picks the input to split. The score of input k is
//
//	(g_k + (mean g / 2 + 1e-3) rel_k) discount^t influence_k
//
// where g_k is the guess of [bound.Bounder.Gains] for a plain dual, not for the
// optimised one: that one sets its multipliers to 0 where the relaxation is loose,
// and inputs it does not see would never be split. rel_k is the edge as a share of
// the root's: it keeps inputs from starving of which the guess knows nothing.
func choose(p *problem, gain []float64, lower, upper []float64) branch {
	var mean float64
	for _, g := range gain {
		mean += g
	}
	mean /= float64(len(gain))
	best, cut := -1.0, branch{none: true}
	for k, g := range gain {
		rel := (upper[k] - lower[k]) / p.width[k]
		middle := lower[k] + (upper[k]-lower[k])/2
		if !(lower[k] < middle && middle < upper[k]) {
			continue
		}
		score := (g + (mean/2+1e-3)*rel) * math.Pow(discount, float64(k/p.Nu)) * p.influence[k]
		if score > best {
			best, cut = score, branch{input: k, point: middle}
		}
	}
	return cut
}

// influence returns how much each input can move the hidden units of its own
// step, as a share of the most influential one. In a program of one step an
// input that moves none enters the cost alone, which the dual bounds exactly:
// splitting it gains nothing. Over several steps every input matters later.
func influence(p *relu.Program, width []float64) []float64 {
	share := make([]float64, len(width))
	last := len(p.Step.Layers) - 1
	for k := range share {
		share[k] = 1
		if p.Horizon > 1 {
			continue
		}
		share[k] = 0
		for l := range last {
			y := &p.Step.Layers[l]
			if in := p.Nx + k - y.From; in >= 0 && in < y.In() {
				for h := range y.Out {
					share[k] += math.Abs(p.Step.Weight(l)[h*y.In()+in]) * width[k]
				}
			}
		}
	}
	top := slices.Max(share)
	for k := range share {
		share[k] = max(share[k], 1e-6*top, 1e-300) / max(top, 1e-300)
	}
	return share
}

// plainGains writes the guess what splitting each input would gain to dst.
func plainGains(dst []float64, b *bound.Bounder, d *bound.Dual, r bound.Ranges, lower, upper []float64) {
	b.PlainDual(d, r, lower, upper)
	b.Objective(d, nil, r, lower, upper, bound.Ascent{})
	clear(dst)
	b.Gains(dst, r, lower, upper)
}
