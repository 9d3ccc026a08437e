package dynamics

import "math"

// heaviest is the largest weight of a window.
const heaviest = 16

// reweigh makes windows count more that were predicted badly: where the error,
// the root of the loss, is above the threshold, the weight is multiplied by
// exp(error), up to heaviest. It counts from the next epoch on, since every
// window is seen once in each.
//
// The rule is that of BaB-ND (Shen et al., ICLR 2025), which weighs the contacts
// that are rare in the data and decide the task.
func (t *Trainer) reweigh(windows []window, losses []float64) {
	for i, w := range windows {
		if e := math.Sqrt(losses[i]); e > t.opts.HardAbove {
			t.weights[w.number] = min(heaviest, t.weights[w.number]*float32(math.Exp(min(e, heaviest))))
		}
	}
}

// weigh sets the weights of the rows of a roll-out.
func (t *Trainer) weigh(r *rollout[float32], windows []window) {
	if t.weights == nil {
		return
	}
	for i, w := range windows {
		r.weight[i] = t.weights[w.number]
	}
}

// weightOf returns the sum of the weights of a batch.
func (t *Trainer) weightOf(batch []window) float64 {
	if t.weights == nil {
		return float64(len(batch))
	}
	sum := 0.0
	for _, w := range batch {
		sum += float64(t.weights[w.number])
	}
	return sum
}
