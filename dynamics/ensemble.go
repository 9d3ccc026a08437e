package dynamics

import (
	"context"
	"fmt"
	"math"
)

// Spread is how far the members of an ensemble are from their mean: models that
// agree where there were data and differ elsewhere say by it where not to trust
// them.
type Spread struct {
	Members int `json:"members"`
	Horizon int `json:"horizon"`
	// OneStep and HStep are, on validation data, the distances of the members'
	// predictions from their mean: of a row the root mean square over members,
	// averaged over its points.
	OneStep Stats `json:"one_step"`
	HStep   Stats `json:"h_step"`
	// MeanOneStep and MeanHStep are the errors of the mean prediction.
	MeanOneStep Stats `json:"mean_one_step"`
	MeanHStep   Stats `json:"mean_h_step"`
	// Correlation is that of spread and error over the rows of one step: near 1
	// where the spread says how wrong the mean is, near 0 where it says nothing.
	Correlation float64 `json:"correlation"`
}

// FitEnsemble trains models that differ in [TrainOptions.Member] alone, from 0 to
// members-1, the first one last: its Card can tell of the others, which are given
// to it. each changes the options of a member before it is trained, such as its
// files; nil for none. The report is that of the first one, but its Samples and
// Elapsed are those of all.
func FitEnsemble(ctx context.Context, d *Dataset, opts FitOptions, members int, each func(member int, o *FitOptions, others []*Model)) ([]*Model, Report, error) {
	if members < 1 {
		return nil, Report{}, fmt.Errorf("ensemble of %d models; it needs at least 1", members)
	}
	models := make([]*Model, members)
	var total Progress
	for i := members - 1; i >= 0; i-- {
		o := opts
		o.Member = uint64(i)
		if each != nil {
			each(i, &o, models[i+1:])
		}
		m, report, err := Fit(ctx, d, o)
		total.Samples, total.Elapsed = total.Samples+report.Samples, total.Elapsed+report.Elapsed
		report.Samples, report.Elapsed = total.Samples, total.Elapsed
		if models[i] = m; err != nil || i == 0 {
			return models, report, err
		}
	}
	panic("unreachable")
}

// EvaluateSpread returns the spread of models on episodes of d, nil meaning all,
// as [Evaluate] does the errors of one.
func EvaluateSpread(models []*Model, d *Dataset, episodes []int, horizon int) (Spread, error) {
	if horizon < 1 || horizon > d.Steps {
		return Spread{}, fmt.Errorf("horizon is %d; the episodes allow 1 to %d", horizon, d.Steps)
	}
	if episodes == nil {
		episodes = d.AllEpisodes()
	}
	var rollouts []*episodeRollout
	for _, m := range models {
		if nx, nu := m.Dims(); nx != d.Nx || nu != d.Nu {
			panic("dynamics: EvaluateSpread: model and data have different sizes")
		}
		rollouts = append(rollouts, newEpisodeRollout(m.clone(), d))
	}
	v := newSpreadTally(rollouts, d, horizon)
	for _, e := range episodes {
		for _, r := range rollouts {
			r.start(e)
		}
		for k := 1; k <= horizon; k++ {
			for _, r := range rollouts {
				r.step()
			}
			v.add(e, k)
		}
	}
	return v.spread(), nil
}

// spreadTally collects how far predictions are from their mean, and that from the
// record, after the steps that a [Spread] tells of.
type spreadTally struct {
	d        *Dataset
	rollouts []*episodeRollout
	horizon  int
	spreads  map[int]*tally // by step
	errors   map[int]*tally // of the mean
	both     correlation
	mean     []float64 // Nx
}

func newSpreadTally(rollouts []*episodeRollout, d *Dataset, horizon int) *spreadTally {
	dim := d.Meta.pointDim()
	return &spreadTally{
		d: d, rollouts: rollouts, horizon: horizon, mean: make([]float64, d.Nx),
		spreads: map[int]*tally{1: newTally(dim), horizon: newTally(dim)},
		errors:  map[int]*tally{1: newTally(dim), horizon: newTally(dim)},
	}
}

// add enters the predictions of episode e after k steps.
func (v *spreadTally) add(e, k int) {
	spreads, errors := v.spreads[k], v.errors[k]
	if spreads == nil {
		return
	}
	for t := range v.rollouts[0].windows() {
		meanState(v.mean, v.rollouts, t)
		s := spreadOf(v.mean, v.rollouts, t, spreads.dim)
		spreads.addRow(s)
		errors.add(v.mean, v.d.State(e, t+k))
		if k == 1 {
			v.both.add(s, errors.rows[len(errors.rows)-1])
		}
	}
}

func (v *spreadTally) spread() Spread {
	return Spread{
		Members: len(v.rollouts), Horizon: v.horizon,
		OneStep: v.spreads[1].stats(), HStep: v.spreads[v.horizon].stats(),
		MeanOneStep: v.errors[1].stats(), MeanHStep: v.errors[v.horizon].stats(),
		Correlation: v.both.value(),
	}
}

func meanState(mean []float64, rollouts []*episodeRollout, t int) {
	clear(mean)
	for _, r := range rollouts {
		for i, x := range r.state(t) {
			mean[i] += x / float64(len(rollouts))
		}
	}
}

// spreadOf returns the spread of row t: the mean over its points of the root mean
// square distance of the members from the mean.
func spreadOf(mean []float64, rollouts []*episodeRollout, t, dim int) float64 {
	sum := 0.0
	for i := 0; i < len(mean); i += dim {
		square := 0.0
		for _, r := range rollouts {
			for j := i; j < i+dim; j++ {
				d := r.state(t)[j] - mean[j]
				square += d * d
			}
		}
		sum += math.Sqrt(square / float64(len(rollouts)))
	}
	return sum / float64(len(mean)/dim)
}

// correlation is Pearson's, of pairs seen one at a time.
type correlation struct{ n, x, y, xx, yy, xy float64 }

func (c *correlation) add(x, y float64) {
	c.n++
	dx, dy := x-c.x, y-c.y
	c.x += dx / c.n
	c.y += dy / c.n
	c.xx += dx * (x - c.x)
	c.yy += dy * (y - c.y)
	c.xy += dx * (y - c.y)
}

// value returns 0 where one of the two never varies.
func (c *correlation) value() float64 {
	if c.xx == 0 || c.yy == 0 {
		return 0
	}
	return c.xy / math.Sqrt(c.xx*c.yy)
}
