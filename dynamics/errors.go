package dynamics

import (
	"fmt"
	"math"
	"slices"

	"hinge/control"
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
	// ByStep is the mean error after 1, 2, .. steps: to the horizon, and to ten
	// where the episodes allow it.
	ByStep []float64 `json:"by_step,omitempty"`
	// OneStepOf and HStepOf are the root mean squares of the error of every state
	// coordinate, in its own unit, for those states whose units differ.
	OneStepOf []float64 `json:"one_step_of,omitempty"`
	HStepOf   []float64 `json:"h_step_of,omitempty"`
	// ByStepOf are these root mean squares for every step of ByStep: steps x Nx.
	ByStepOf [][]float64 `json:"by_step_of,omitempty"`
}

// stepsShown is how many steps a model's error is known for at least.
const stepsShown = 10

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
		episodes = d.AllEpisodes()
	}
	v := newEvaluation(d, episodes, horizon)
	ro := newEpisodeRollout(m.clone(), d)
	for _, e := range episodes {
		ro.start(e)
		for k := 1; k <= len(v.steps); k++ {
			ro.step()
			for t := range ro.windows() {
				v.add(e, t, k, ro.state(t))
			}
		}
	}
	return v.errors(), nil
}

// evaluation collects the errors of predictions.
type evaluation struct {
	d       *Dataset
	horizon int
	moved   movement
	steps   []*tally      // all rows, by step
	of      []coordinates // by step

	oneMoved, hMoved, still *tally
}

func newEvaluation(d *Dataset, episodes []int, horizon int) *evaluation {
	dim := d.Meta.pointDim()
	v := &evaluation{
		d: d, horizon: horizon, moved: newMovement(d, episodes),
		steps:    make([]*tally, max(horizon, min(stepsShown, d.Steps))),
		oneMoved: newTally(dim), hMoved: newTally(dim), still: newTally(dim),
	}
	v.of = make([]coordinates, len(v.steps))
	for k := range v.steps {
		v.steps[k], v.of[k] = newTally(dim), make(coordinates, d.Nx)
	}
	return v
}

// add enters the prediction of x_{t+k} of episode e from x_t.
func (v *evaluation) add(e, t, k int, predicted []float64) {
	recorded := v.d.State(e, t+k)
	touched := v.moved.between(v.d.State(e, t+k-1), recorded)
	v.steps[k-1].add(predicted, recorded)
	v.of[k-1].add(predicted, recorded)
	if k == 1 && touched {
		v.oneMoved.add(predicted, recorded)
		v.still.add(v.d.State(e, t), recorded)
	}
	if k == v.horizon && touched {
		v.hMoved.add(predicted, recorded)
	}
}

func (v *evaluation) errors() Errors {
	e := Errors{
		Unit: v.d.Meta.unit(), Horizon: v.horizon,
		OneStep: v.steps[0].stats(), OneStepMoved: v.oneMoved.stats(),
		HStep: v.steps[v.horizon-1].stats(), HStepMoved: v.hMoved.stats(), Still: v.still.stats(),
	}
	for k, s := range v.steps {
		stats := s.stats()
		e.ByStep, e.ByStepOf = append(e.ByStep, stats.Mean), append(e.ByStepOf, v.of[k].rms(stats.Rows))
	}
	e.OneStepOf, e.HStepOf = e.ByStepOf[0], e.ByStepOf[v.horizon-1]
	return e
}

// coordinates are sums of squared errors.
type coordinates []float64

func (c coordinates) add(a, b []float64) {
	for i := range c {
		c[i] += (a[i] - b[i]) * (a[i] - b[i])
	}
}

func (c coordinates) rms(rows int) []float64 {
	r := make([]float64, len(c))
	for i, sum := range c {
		r[i] = finiteError(math.Sqrt(sum / float64(max(1, rows))))
	}
	return r
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
// is the prediction of x_{t+k} from x_t, for every t with recorded actions, made in the
// frame of x_t.
type episodeRollout struct {
	m      *Model
	d      *Dataset
	e      int
	k      int
	frames []control.Frame // Steps
	x      []float64       // Steps x Nx
	u      []float64       // Steps x Nu
	world  []float64       // Nx
}

func newEpisodeRollout(m *Model, d *Dataset) *episodeRollout {
	return &episodeRollout{m: m, d: d, frames: make([]control.Frame, d.Steps), x: make([]float64, d.Steps*d.Nx),
		u: make([]float64, d.Steps*d.Nu), world: make([]float64, d.Nx)}
}

func (r *episodeRollout) start(e int) {
	r.e, r.k = e, 0
	for t := range r.frames {
		r.frames[t] = r.d.Align.Of(r.d.State(e, t))
		r.frames[t].Points(r.row(t), r.d.State(e, t))
	}
}

// windows returns the number of rows that k steps are recorded for.
func (r *episodeRollout) windows() int { return r.d.Steps - r.k + 1 }

func (r *episodeRollout) row(t int) []float64 { return r.x[t*r.d.Nx : (t+1)*r.d.Nx] }

// state returns row t, in the world, until the next call.
func (r *episodeRollout) state(t int) []float64 {
	r.frames[t].WorldPoints(r.world, r.row(t))
	return r.world
}

func (r *episodeRollout) step() {
	r.k++
	n := r.windows()
	for t := range n {
		r.frames[t].Vectors(r.u[t*r.d.Nu:(t+1)*r.d.Nu], r.d.Action(r.e, t+r.k-1))
	}
	r.m.StepBatch(r.x[:n*r.d.Nx], r.x[:n*r.d.Nx], r.u[:n*r.d.Nu], n)
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

// addRow enters a row that is one number.
func (s *tally) addRow(v float64) {
	s.points++
	s.sum2 += v * v
	s.rows = append(s.rows, v)
}

func (s *tally) stats() Stats {
	n := len(s.rows)
	if n == 0 {
		return Stats{}
	}
	for i, r := range s.rows {
		s.rows[i] = finiteError(r) // NaN has no place in an order
	}
	slices.Sort(s.rows)
	sum := 0.0
	for _, r := range s.rows {
		sum += r
	}
	return Stats{
		Rows: n, RMS: finiteError(math.Sqrt(s.sum2 / float64(s.points))), Mean: finiteError(sum / float64(n)),
		Median: finiteError(s.rows[n/2]), P95: finiteError(s.rows[min(n-1, n*95/100)]),
	}
}

// finiteError returns an error as it can be written to a file: where predictions leave
// the finite numbers it is the largest of them.
func finiteError(v float64) float64 {
	if !finite(v) {
		return math.MaxFloat64
	}
	return v
}
