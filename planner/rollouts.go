package planner

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"hinge/control"
)

// rollouts evaluates action sequences of one problem, many at once. Work is cut
// into chunks of batchRows sequences; which worker takes a chunk changes nothing
// in it, so the costs are the same for any number of workers.
type rollouts struct {
	nx, nu, horizon int
	cost            *stageCost
	full            *control.Cost
	exact           control.System // steps one state in float64
	workers         []rolloutWorker

	x0, before []float64 // of the current plan
}

type rolloutWorker struct {
	sys   control.System
	batch control.BatchSystem // sys if it is one, else nil
	x     []float64           // batchRows x nx
	u     []float64           // batchRows x nu
	rng   *stream
}

// drawFunc fills row i of a set of sequences. Whatever it draws comes from
// streams that belong to i, so that it does not matter which worker calls it.
type drawFunc func(i int, row []float64, rng *stream)

// newRollouts returns an evaluator with the given number of workers. A network
// is stepped in float32, single trajectories always in float64.
func newRollouts(p *Problem, workers int) *rollouts {
	nx, nu := p.System.Dims()
	r := &rollouts{nx: nx, nu: nu, horizon: p.Cost.Horizon, cost: newStageCost(p.Cost), full: p.Cost,
		exact: p.System.Clone(), workers: make([]rolloutWorker, workers)}
	for i := range r.workers {
		w := &r.workers[i]
		if net, ok := p.System.(*NetSystem); ok {
			w.sys = net.Single()
		} else {
			w.sys = p.System.Clone()
		}
		w.batch, _ = w.sys.(control.BatchSystem)
		w.x, w.u, w.rng = make([]float64, batchRows*nx), make([]float64, batchRows*nu), newStream()
	}
	return r
}

// size returns the length of one action sequence.
func (r *rollouts) size() int { return r.horizon * r.nu }

// start sets what every sequence starts from.
func (r *rollouts) start(x0, before []float64) { r.x0, r.before = x0, before }

// evaluate writes the costs of the len(costs) sequences in u (one a row) to
// costs, after draw(i, row) has filled row i; nil draws nothing. Once ctx is done
// the remaining costs are +Inf, and
// their rows are not drawn.
func (r *rollouts) evaluate(ctx context.Context, costs, u []float64, draw drawFunc) {
	r.chunks(len(costs), func(w *rolloutWorker, first, last int) {
		r.chunk(ctx, w, costs, u, first, last, draw)
	})
}

// chunks calls f for the chunks of n rows, shared among the workers.
func (r *rollouts) chunks(n int, f func(w *rolloutWorker, first, last int)) {
	r.each((n+batchRows-1)/batchRows, func(w *rolloutWorker, c int) { f(w, c*batchRows, min((c+1)*batchRows, n)) })
}

// each calls f for items 0 .. n-1, shared among the workers.
func (r *rollouts) each(n int, f func(w *rolloutWorker, i int)) {
	if len(r.workers) == 1 || n == 1 {
		for i := range n {
			f(&r.workers[0], i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for k := range min(len(r.workers), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(&r.workers[k], i)
			}
		})
	}
	wg.Wait()
}

func (r *rollouts) chunk(ctx context.Context, w *rolloutWorker, costs, u []float64, first, last int, draw drawFunc) {
	if ctx.Err() != nil {
		for i := first; i < last; i++ {
			costs[i] = math.Inf(1)
		}
		return
	}
	size := r.size()
	if draw != nil {
		for i := first; i < last; i++ {
			draw(i, u[i*size:(i+1)*size], w.rng)
		}
	}
	w.run(r, costs[first:last], u[first*size:last*size])
}

// run steps the sequences in u together.
func (w *rolloutWorker) run(r *rollouts, costs, u []float64) { w.roll(r, costs, u, nil) }

// roll steps the sequences in u together. react, if not nil, may change the action
// of sequence i at step t in view of its state, row i of w.x.
func (w *rolloutWorker) roll(r *rollouts, costs, u []float64, react func(t, i int, u []float64)) {
	n, size := len(costs), r.size()
	clear(costs)
	for i := range n {
		copy(w.x[i*r.nx:(i+1)*r.nx], r.x0)
	}
	for t := range r.horizon {
		for i := range n {
			action := u[i*size+t*r.nu : i*size+(t+1)*r.nu]
			if react != nil {
				react(t, i, action)
			}
			copy(w.u[i*r.nu:(i+1)*r.nu], action)
		}
		w.steps(w.x[:n*r.nx], w.u[:n*r.nu], n)
		for i := range n {
			row := u[i*size : (i+1)*size]
			prev := r.before
			if t > 0 {
				prev = row[(t-1)*r.nu : t*r.nu]
			}
			costs[i] += r.cost.at(t+1, w.x[i*r.nx:(i+1)*r.nx], row[t*r.nu:(t+1)*r.nu], prev)
		}
	}
	for i, c := range costs {
		if math.IsNaN(c) {
			costs[i] = math.Inf(1)
		}
	}
}

// steps steps the n states in x in place, by the actions in u.
func (w *rolloutWorker) steps(x, u []float64, n int) {
	if w.batch != nil {
		w.batch.StepBatch(x, x, u, n)
		return
	}
	nx, nu := len(x)/n, len(u)/n
	for i := range n {
		xi := x[i*nx : (i+1)*nx]
		w.sys.Step(xi, xi, u[i*nu:(i+1)*nu])
	}
}

// trajectory fills tr with the actions u, their states in float64, and returns
// the cost; +Inf where it is not a number.
func (r *rollouts) trajectory(tr *control.Trajectory, u []float64) float64 {
	copy(tr.U, u)
	tr.Simulate(r.exact, r.x0)
	if cost := r.full.Total(tr, r.before); !math.IsNaN(cost) {
		return cost
	}
	return math.Inf(1)
}
