package planner

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"hinge/control"
)

// MPPIOptions are the choices of [MPPI]. The zero value is the documented default.
type MPPIOptions struct {
	Sampling // 256 samples, 16 iterations

	// Temperature scales lambda, the cost difference that costs a sample a factor
	// e of its weight: lambda = Temperature (J_10% - J_min) of the iteration's
	// samples, so it has no unit. 0 means 0.5.
	Temperature float64
	// Std is the first standard deviation as a share of half the box; 0 means 0.5.
	Std float64
	// Decay multiplies the deviation after every iteration; 0 means 0.9. From
	// 0.01 on it stays.
	Decay float64
	// Correlation of the noise between neighbouring steps, in [0, 1); 0 means
	// 0.5, negative none.
	Correlation float64
}

// minStd is the share of half the box at which the deviation stops to decay.
const minStd = 0.01

func (o MPPIOptions) withDefaults() MPPIOptions {
	o.Sampling = o.Sampling.withDefaults(256, 16)
	o.Temperature = defaultTo(o.Temperature, 0.5)
	o.Std = defaultTo(o.Std, 0.5)
	o.Decay = defaultTo(o.Decay, 0.9)
	o.Correlation = max(0, defaultTo(o.Correlation, 0.5))
	return o
}

func (o *MPPIOptions) validate() error {
	switch {
	case o.Samples < 2:
		return fmt.Errorf("planner: mppi: %d samples; it needs at least 2", o.Samples)
	case !(o.Temperature > 0):
		return fmt.Errorf("planner: mppi: temperature is %g; it must be positive", o.Temperature)
	case !(o.Decay > 0 && o.Decay <= 1):
		return fmt.Errorf("planner: mppi: decay is %g; it must be in (0, 1]", o.Decay)
	}
	return checkNoise("mppi", o.Std, o.Correlation)
}

// MPPI is model-predictive path-integral control (Williams et al., ICRA 2017):
//
//	u_i ~ clamp(nominal + noise),   w_i = exp(-(J_i - J_min) / lambda)
//	nominal <- sum w_i u_i / sum w_i
//
// repeated from the shifted plan or the held action. The plan is the best of the
// samples and the nominal sequences, judged in float64.
type MPPI struct {
	sampler
	opts    MPPIOptions
	nominal []float64
	share   float64   // of half the box: deviation of the coming samples
	std     []float64 // the same, in the unit of each coordinate
}

var _ control.Planner = (*MPPI)(nil)

// NewMPPI returns a path-integral planner.
func NewMPPI(p Problem, opts MPPIOptions) (*MPPI, error) {
	p, err := p.withDefaults()
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	m := &MPPI{sampler: newSampler("mppi", p, opts.Sampling, opts.Samples), opts: opts}
	m.nominal, m.std = make([]float64, m.r.size()), make([]float64, m.r.size())
	return m, nil
}

// Plan improves the nominal sequence Iterations times.
func (m *MPPI) Plan(ctx context.Context, x0 []float64, warm *control.Plan) (*control.Plan, error) {
	return m.plan(ctx, x0, warm, m)
}

func (m *MPPI) begin() {
	copy(m.nominal, m.best.tr.U)
	m.share = m.opts.Std
}

// iterate draws samples, of which sample 0 is the nominal sequence itself, and
// moves the nominal sequence.
func (m *MPPI) iterate(ctx context.Context, iteration int) {
	m.spread(m.std, m.share)
	m.share = max(m.share*m.opts.Decay, min(minStd, m.opts.Std))
	m.evaluate(ctx, iteration, func(i int, row []float64, rng *rand.Rand) {
		if i == 0 {
			copy(row, m.nominal)
			return
		}
		m.perturb(row, m.nominal, m.std, m.opts.Correlation, rng)
	})
	m.offerBest(&m.samples)
	if m.samples.usable() < 2 {
		return // the clock ran out, or no sample has a finite cost
	}
	m.average()
	m.best.offer(m.r, m.nominal)
}

// average replaces the nominal sequence by the weighted mean of the samples.
func (m *MPPI) average() {
	s := &m.samples
	least := s.costs[s.order[0]]
	lambda := m.opts.Temperature * (s.costs[s.order[s.usable()/10]] - least)
	clear(m.nominal)
	var sum float64
	for j, cost := range s.costs {
		w := 0.0
		switch {
		case cost == least:
			w = 1
		case lambda > 0:
			w = math.Exp((least - cost) / lambda)
		}
		if w == 0 {
			continue
		}
		sum += w
		for k, v := range s.row(j) {
			m.nominal[k] += w * v
		}
	}
	for k := range m.nominal {
		m.nominal[k] /= sum
	}
	m.actions.Clamp(m.nominal, m.nominal) // a mean leaves the box by rounding only
}
