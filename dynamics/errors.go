package dynamics

import (
	"fmt"
	"math"
	"slices"
)

// Stats summarises the prediction errors of many rows. The error of a row is the
// mean over its points of the distance between prediction and record, in the
// unit of the state; without points every coordinate is one.
type Stats struct {
	Rows   int     `json:"rows"`
	RMS    float64 `json:"rms"`    // over all points of all rows
	Mean   float64 `json:"mean"`   // over rows
	Median float64 `json:"median"` // over rows
	P95    float64 `json:"p95"`    // over rows
}

// Errors is how well a model predicts recorded episodes. Moved counts only rows
// whose recorded step changes the state: where nothing is touched, nothing
// moves, and such rows make a contact model look better than it is.
type Errors struct {
	Unit    string `json:"unit,omitempty"`
	Horizon int    `json:"horizon"`

	OneStep      Stats `json:"one_step"`
	OneStepMoved Stats `json:"one_step_moved"`
	// HStep is the error after Horizon steps on the model's own predictions.
	HStep      Stats `json:"h_step"`
	HStepMoved Stats `json:"h_step_moved"`
	// Still is the error of predicting one step without motion, on moved rows.
	Still Stats `json:"still"`
}

// Evaluate returns the errors of m on the given episodes of d, nil meaning all,
// for predictions of one and of horizon steps. It panics if the sizes of model
// and data differ; a horizon beyond the episodes is an error.
func Evaluate(m *Model, d *Dataset, episodes []int, horizon int) (Errors, error) {
	if nx, nu := m.Dims(); nx != d.Nx || nu != d.Nu {
		panic("dynamics: Evaluate: model and data have different sizes")
	}
	if horizon < 1 || horizon > d.Steps {
		return Errors{}, fmt.Errorf("horizon is %d; the episodes allow 1 to %d", horizon, d.Steps)
	}
	if episodes == nil {
		episodes = allEpisodes(d)
	}
	moved := newMovement(d, episodes)
	dim := d.Meta.pointDim()
	one, oneMoved := newTally(dim), newTally(dim)
	h, hMoved, still := newTally(dim), newTally(dim), newTally(dim)
	ro := newEpisodeRollout(m.clone(), d)
	for _, e := range episodes {
		ro.start(e)
		for k := 1; k <= horizon; k++ {
			ro.step()
			for t := range ro.windows() {
				predicted, recorded := ro.state(t), d.State(e, t+k)
				touched := moved.between(d.State(e, t+k-1), recorded)
				if k == 1 {
					one.add(predicted, recorded)
					if touched {
						oneMoved.add(predicted, recorded)
						still.add(d.State(e, t), recorded)
					}
				}
				if k == horizon {
					h.add(predicted, recorded)
					if touched {
						hMoved.add(predicted, recorded)
					}
				}
			}
		}
	}
	return Errors{
		Unit: d.Meta.unit(), Horizon: horizon,
		OneStep: one.stats(), OneStepMoved: oneMoved.stats(),
		HStep: h.stats(), HStepMoved: hMoved.stats(), Still: still.stats(),
	}, nil
}

func allEpisodes(d *Dataset) []int {
	all := make([]int, d.Episodes)
	for e := range all {
		all[e] = e
	}
	return all
}

// unit returns the unit all state coordinates share, "" if they do not.
func (s *Signals) unit() string {
	if len(s.StateUnits) == 0 {
		return ""
	}
	for _, u := range s.StateUnits {
		if u != s.StateUnits[0] {
			return ""
		}
	}
	return s.StateUnits[0]
}

// episodeRollout steps all windows of one episode together: after k steps, row t
// is the prediction of x_{t+k} from x_t, for every t with recorded actions.
type episodeRollout struct {
	m *Model
	d *Dataset
	e int
	k int
	x []float64 // Steps x Nx
}

func newEpisodeRollout(m *Model, d *Dataset) *episodeRollout {
	return &episodeRollout{m: m, d: d, x: make([]float64, d.Steps*d.Nx)}
}

func (r *episodeRollout) start(e int) {
	r.e, r.k = e, 0
	i := e * (r.d.Steps + 1) * r.d.Nx
	copy(r.x, r.d.X[i:i+len(r.x)])
}

// windows returns the number of rows that k steps are recorded for.
func (r *episodeRollout) windows() int { return r.d.Steps - r.k + 1 }

func (r *episodeRollout) state(t int) []float64 { return r.x[t*r.d.Nx : (t+1)*r.d.Nx] }

func (r *episodeRollout) step() {
	r.k++
	n := r.windows()
	i := (r.e*r.d.Steps + r.k - 1) * r.d.Nu
	r.m.StepBatch(r.x[:n*r.d.Nx], r.x[:n*r.d.Nx], r.d.U[i:i+n*r.d.Nu], n)
}

// movement tells steps that change the state from those that do not.
type movement struct{ least []float64 } // per coordinate

// movedAbove is the change of a coordinate, as a fraction of its typical change,
// that counts as motion.
const movedAbove = 1e-3

func newMovement(d *Dataset, episodes []int) movement {
	m := movement{least: make([]float64, d.Nx)}
	for _, e := range episodes {
		for t := range d.Steps {
			for i, x := range d.State(e, t) {
				dx := d.State(e, t+1)[i] - x
				m.least[i] += dx * dx
			}
		}
	}
	for i, sum := range m.least {
		m.least[i] = movedAbove * math.Sqrt(sum/float64(len(episodes)*d.Steps))
	}
	return m
}

func (m movement) between(x, next []float64) bool {
	for i, least := range m.least {
		if math.Abs(next[i]-x[i]) > least {
			return true
		}
	}
	return false
}

// tally collects row errors.
type tally struct {
	dim    int // coordinates of a point
	sum2   float64
	points int
	rows   []float64
}

func newTally(dim int) *tally { return &tally{dim: dim} }

func (s *tally) add(a, b []float64) {
	sum, points := 0.0, len(a)/s.dim
	for i := 0; i < len(a); i += s.dim {
		d2 := 0.0
		for j := i; j < i+s.dim; j++ {
			d2 += (a[j] - b[j]) * (a[j] - b[j])
		}
		s.sum2 += d2
		sum += math.Sqrt(d2)
	}
	s.points += points
	s.rows = append(s.rows, sum/float64(points))
}

func (s *tally) stats() Stats {
	n := len(s.rows)
	if n == 0 {
		return Stats{}
	}
	slices.Sort(s.rows)
	sum := 0.0
	for _, r := range s.rows {
		sum += r
	}
	return Stats{
		Rows: n, RMS: math.Sqrt(s.sum2 / float64(s.points)), Mean: sum / float64(n),
		Median: s.rows[n/2], P95: s.rows[min(n-1, n*95/100)],
	}
}
