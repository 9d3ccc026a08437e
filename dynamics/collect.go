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
	o.Meta.Seed = o.Seed
	return o
}

func (o CollectOptions) validate() error {
	if o.Episodes < 1 || o.Steps < 1 {
		return fmt.Errorf("collect: %d episodes of %d steps; both must be at least 1", o.Episodes, o.Steps)
	}
	if o.Workers < 0 {
		return fmt.Errorf("collect: workers is %d; it must be at least 0", o.Workers)
	}
	return nil
}

// Collect records episodes of plant. Each starts at start(rng); the action in
// the observed state x is what sample writes to dst. observe makes an observer
// per goroutine, since observers have memory; nil observes the plant state
// itself. sample and start must be safe for concurrent use.
//
// Every episode draws from its own random stream, so the data do not depend on
// the number of workers. It returns context.Cause(ctx) if ctx is cancelled.
func Collect(ctx context.Context, plant control.System, observe func() control.Observer,
	sample func(dst, x []float64, rng *rand.Rand), start func(rng *rand.Rand) []float64,
	opts CollectOptions) (*Dataset, error) {
	if plant == nil || sample == nil || start == nil {
		panic("dynamics: Collect: plant, sample and start must not be nil")
	}
	if err := opts.validate(); err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	nx, nu := plant.Dims()
	if observe == nil {
		observe = func() control.Observer { return fullState(nx) }
	}
	plantDim, modelDim := observe().Dims()
	if plantDim != nx {
		panic("dynamics: Collect: observer and plant have different state sizes")
	}
	d := NewDataset(opts.Episodes, opts.Steps, modelDim, nu)
	d.Meta = opts.Meta
	record := func(r *recorder, e int) error {
		r.rng = rand.New(rand.NewPCG(opts.Seed, uint64(e)))
		return r.episode(ctx, e, start(r.rng))
	}
	newRecorder := func() *recorder {
		return &recorder{data: d, plant: plant.Clone(), obs: observe(), sample: sample}
	}
	if err := collectAll(newRecorder, record, opts); err != nil {
		return nil, err
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	return d, nil
}

// collectAll records all episodes with opts.Workers recorders and returns the
// error of the first episode that has one.
func collectAll(newRecorder func() *recorder, record func(*recorder, int) error, opts CollectOptions) error {
	errs := make([]error, opts.Episodes)
	next, failed, done := 0, false, 0
	var mu sync.Mutex
	take := func() (e int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= opts.Episodes && !failed
	}
	finish := func(e int, err error) {
		mu.Lock()
		defer mu.Unlock()
		errs[e] = err
		failed = failed || err != nil
		done++
		if err == nil && opts.OnEpisode != nil {
			opts.OnEpisode(done)
		}
	}
	var wg sync.WaitGroup
	for range opts.Workers {
		wg.Go(func() {
			r := newRecorder()
			for e, ok := take(); ok; e, ok = take() {
				finish(e, record(r, e))
			}
		})
	}
	wg.Wait()
	for e, err := range errs {
		if err != nil {
			return fmt.Errorf("collect: episode %d: %w", e, err)
		}
	}
	return nil
}

// recorder is the exploring policy of one goroutine; it writes what it sees and
// does into the data set.
type recorder struct {
	data   *Dataset
	plant  control.System
	obs    control.Observer
	sample func(dst, x []float64, rng *rand.Rand)
	rng    *rand.Rand
	e      int // the episode under way
}

func (r *recorder) episode(ctx context.Context, e int, x0 []float64) error {
	r.e = e
	tr, err := control.Rollout(ctx, r.plant, r, x0, r.data.Steps, control.RolloutOptions{})
	if err != nil {
		return err
	}
	last := r.data.Steps
	r.obs.Observe(r.data.State(e, last), tr.State(last), tr.Action(last-1))
	return nil
}

// Act observes, explores and records.
func (r *recorder) Act(_ context.Context, dst, x []float64, t int) error {
	var before []float64
	if t == 0 {
		r.obs.Reset()
	} else {
		before = r.data.Action(r.e, t-1)
	}
	seen := r.data.State(r.e, t)
	r.obs.Observe(seen, x, before)
	r.sample(dst, seen, r.rng)
	copy(r.data.Action(r.e, t), dst)
	return nil
}

// fullState is the observer that sees the plant state as it is.
type fullState int

func (n fullState) Dims() (plant, model int)    { return int(n), int(n) }
func (n fullState) Reset()                      {}
func (n fullState) Observe(dst, x, _ []float64) { copy(dst, x) }
