package dynamics

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"

	"hinge/control"
)

// CollectOptions are the choices of [Collect].
type CollectOptions struct {
	First    int    // number of the first episode
	Episodes int    // at least 1
	Steps    int    // actions in an episode; at least 1
	Seed     uint64 // episode e uses the stream (Seed, e)
	Workers  int    // goroutines; 0 means one per CPU. It never changes the data
	Meta     DataMeta
	// OnEpisode is called after every episode with the number done so far,
	// by one goroutine at a time.
	OnEpisode func(done int)
}

func (o CollectOptions) withDefaults() CollectOptions {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Workers = min(o.Workers, o.Episodes)
	return o
}

func (o CollectOptions) validate() error {
	if o.Episodes < 1 || o.Steps < 1 {
		return fmt.Errorf("collect: %d episodes of %d steps; both must be at least 1", o.Episodes, o.Steps)
	}
	if o.First < 0 {
		return fmt.Errorf("collect: the first episode is %d; it must be at least 0", o.First)
	}
	if o.Workers < 0 {
		return fmt.Errorf("collect: workers is %d; it must be at least 0", o.Workers)
	}
	return nil
}

// Beginning is how an episode begins: the state of the plant, and who acts. The
// policy sees what the observer makes of the plant.
type Beginning struct {
	Start  []float64
	Policy control.Policy
}

// Begin makes the beginning of an episode from its random stream, which the
// policy may go on drawing from. It is called by several goroutines.
type Begin func(rng *rand.Rand) (Beginning, error)

// Exploring begins episodes in which every action is what sample writes to dst
// for the observed state x. Both functions must be safe for concurrent use.
func Exploring(start func(rng *rand.Rand) []float64, sample func(dst, x []float64, rng *rand.Rand)) Begin {
	if start == nil || sample == nil {
		panic("dynamics: Exploring: start and sample must not be nil")
	}
	return func(rng *rand.Rand) (Beginning, error) {
		act := func(_ context.Context, dst, x []float64, _ int) error {
			sample(dst, x, rng)
			return nil
		}
		return Beginning{start(rng), control.PolicyFunc(act)}, nil
	}
}

// walkStep is the deviation of a step of a random walk, as a share of half the
// action box.
const walkStep = 0.3

// Walking begins episodes in which actions walk at random through the box: each is
// the one before and a normal step, kept inside. A slow motion of the actions goes
// far where independent ones go back and forth.
func Walking(start func(rng *rand.Rand) []float64, box control.Box) Begin {
	return func(rng *rand.Rand) (Beginning, error) {
		u := make([]float64, box.Dim())
		act := func(_ context.Context, dst, _ []float64, t int) error {
			if t == 0 {
				box.Sample(u, rng)
			} else {
				for i := range u {
					u[i] += walkStep * (box.Upper[i] - box.Lower[i]) / 2 * rng.NormFloat64()
				}
				box.Clamp(u, u)
			}
			copy(dst, u)
			return nil
		}
		return Beginning{start(rng), control.PolicyFunc(act)}, nil
	}
}

// Collect records episodes of plant. observe makes an observer per goroutine,
// since observers have memory; nil observes the plant state itself.
//
// Every episode draws from its own random stream, so the data do not depend on
// the number of workers. It returns context.Cause(ctx) if ctx is cancelled.
func Collect(ctx context.Context, plant control.System, observe func() control.Observer, begin Begin, opts CollectOptions) (*Dataset, error) {
	var d *Dataset
	err := Record(ctx, plant, observe, begin, opts, func(e int, x, u []float64) error {
		if d == nil {
			d = NewDataset(opts.Episodes, opts.Steps, len(x)/(opts.Steps+1), len(u)/opts.Steps)
			d.Meta = opts.Meta
			d.Meta.Seed = opts.Seed
		}
		copy(d.X[(e-opts.First)*len(x):], x)
		copy(d.U[(e-opts.First)*len(u):], u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	return d, nil
}

// Record simulates episodes opts.First to opts.First + opts.Episodes - 1 and gives
// them to emit in order, states x ((Steps+1) x Nx) and actions u (Steps x Nu), in
// memory that is used again. Otherwise it is [Collect].
func Record(ctx context.Context, plant control.System, observe func() control.Observer, begin Begin, opts CollectOptions,
	emit func(e int, x, u []float64) error) error {
	if plant == nil || begin == nil {
		panic("dynamics: Record: plant and begin must not be nil")
	}
	if err := opts.validate(); err != nil {
		return err
	}
	opts = opts.withDefaults()
	nx, nu := plant.Dims()
	if observe == nil {
		observe = func() control.Observer { return fullState(nx) }
	}
	plantDim, modelDim := observe().Dims()
	if plantDim != nx {
		panic("dynamics: Record: observer and plant have different state sizes")
	}
	newRecorder := func() *recorder {
		return &recorder{
			plant: plant.Clone(), obs: observe(), steps: opts.Steps, nx: modelDim, nu: nu,
			x: make([]float64, (opts.Steps+1)*modelDim), u: make([]float64, opts.Steps*nu),
		}
	}
	record := func(r *recorder, e int) error {
		b, err := begin(rand.New(rand.NewPCG(opts.Seed, uint64(e))))
		if err != nil {
			return err
		}
		return r.episode(ctx, b)
	}
	return (&collection{opts: opts, emit: emit, next: opts.First}).run(newRecorder, record)
}

// collection is a call of [Record]: workers take episodes in order, and each waits
// with its own until all before it are emitted.
type collection struct {
	opts CollectOptions
	emit func(e int, x, u []float64) error

	mu    sync.Mutex
	taken int   // episodes
	next  int   // to be emitted
	err   error // of the first episode that has one; ends everything
}

func (c *collection) run(newRecorder func() *recorder, record func(*recorder, int) error) error {
	turn := sync.NewCond(&c.mu)
	var wg sync.WaitGroup
	for range c.opts.Workers {
		wg.Go(func() {
			r := newRecorder()
			for e, ok := c.take(); ok; e, ok = c.take() {
				err := record(r, e)
				c.mu.Lock()
				for c.next != e && c.err == nil {
					turn.Wait()
				}
				c.finish(r, e, err)
				turn.Broadcast()
				c.mu.Unlock()
			}
		})
	}
	wg.Wait()
	return c.err
}

// take returns the next episode to simulate, or false where there is none.
func (c *collection) take() (e int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken == c.opts.Episodes || c.err != nil {
		return 0, false
	}
	c.taken++
	return c.opts.First + c.taken - 1, true
}

// finish emits episode e, unless it or one before it failed.
func (c *collection) finish(r *recorder, e int, err error) {
	if c.err != nil {
		return
	}
	if err == nil {
		err = r.emit(e, c.emit)
	}
	if err != nil {
		c.err = fmt.Errorf("collect: episode %d: %w", e, err)
		return
	}
	c.next++
	if c.opts.OnEpisode != nil {
		c.opts.OnEpisode(c.next - c.opts.First)
	}
}

// recorder simulates the episodes of one goroutine; it is a policy that observes,
// lets another one act and keeps both.
type recorder struct {
	plant  control.System
	obs    control.Observer
	policy control.Policy
	steps  int
	nx, nu int
	x, u   []float64 // of the episode under way
}

func (r *recorder) state(t int) []float64  { return r.x[t*r.nx : (t+1)*r.nx] }
func (r *recorder) action(t int) []float64 { return r.u[t*r.nu : (t+1)*r.nu] }

func (r *recorder) episode(ctx context.Context, b Beginning) error {
	r.policy = b.Policy
	tr, err := control.Rollout(ctx, r.plant, r, b.Start, r.steps, control.RolloutOptions{})
	if err != nil {
		return err
	}
	r.obs.Observe(r.state(r.steps), tr.State(r.steps), tr.Action(r.steps-1))
	return nil
}

// emit hands the episode on, if all its values are finite.
func (r *recorder) emit(e int, emit func(e int, x, u []float64) error) error {
	if err := checkFinite("x", r.x, r.steps+1, r.nx); err != nil {
		return err
	}
	if err := checkFinite("u", r.u, r.steps, r.nu); err != nil {
		return err
	}
	return emit(e, r.x, r.u)
}

// Act observes, lets the policy act and records.
func (r *recorder) Act(ctx context.Context, dst, x []float64, t int) error {
	var before []float64
	if t == 0 {
		r.obs.Reset()
	} else {
		before = r.action(t - 1)
	}
	seen := r.state(t)
	r.obs.Observe(seen, x, before)
	if err := r.policy.Act(ctx, dst, seen, t); err != nil {
		return err
	}
	copy(r.action(t), dst)
	return nil
}

// fullState is the observer that sees the plant state as it is.
type fullState int

func (n fullState) Dims() (plant, model int)    { return int(n), int(n) }
func (n fullState) Reset()                      {}
func (n fullState) Observe(dst, x, _ []float64) { copy(dst, x) }
