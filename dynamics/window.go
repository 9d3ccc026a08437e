package dynamics

import (
	"math/rand/v2"
	"sync"

	"hinge/nn"
)

// window names the start of H recorded steps: step t of episode e. Its number is
// its place among all windows, in order.
type window struct {
	e, t   int32
	number int
}

// windowsOf returns all windows of the given episodes.
func windowsOf(d *Dataset, episodes []int, horizon int) []window {
	w := make([]window, 0, len(episodes)*(d.Steps-horizon+1))
	for _, e := range episodes {
		for t := range d.Steps - horizon + 1 {
			w = append(w, window{int32(e), int32(t), len(w)})
		}
	}
	return w
}

// windowSource copies windows of a data set into roll-outs, in float32 and in the frame
// of each.
type windowSource struct {
	data  *Dataset
	noise []float32 // deviation per state coordinate; nil means none
	seed  uint64
}

func newWindowSource(d *Dataset, scale []float64, opts TrainOptions) *windowSource {
	s := &windowSource{data: d, seed: opts.memberSeed()}
	if opts.Noise > 0 {
		s.noise = converted[float32](scale)
		for i := range s.noise {
			s.noise[i] *= float32(opts.Noise)
		}
	}
	return s
}

// shuffle puts windows, which are in order, into the order of an epoch. Every
// epoch starts from the same order, so that a training can go on at any of them.
func (s *windowSource) shuffle(windows []window, epoch int) {
	rng := rand.New(rand.NewPCG(s.seed, shuffleStream+uint64(epoch)))
	rng.Shuffle(len(windows), func(i, j int) { windows[i], windows[j] = windows[j], windows[i] })
}

// fill copies windows to the rows of r, with noise on their start states. Every
// shard of every optimiser step, first being its first row in the batch, has its
// own random stream.
func (s *windowSource) fill(r *rollout[float32], windows []window, step, first int) {
	fillExact(s, r, windows)
	if s.noise == nil {
		return
	}
	rng := rand.New(rand.NewPCG(s.seed, noiseStream+uint64(step)<<20+uint64(first)))
	nv := r.parts.nx + r.parts.nu
	for row := range windows {
		for i, sigma := range s.noise {
			r.steps[0].v[row*nv+i] += sigma * float32(rng.NormFloat64())
		}
	}
}

// fillExact copies windows to the rows of r as they are.
func fillExact[T nn.Float](s *windowSource, r *rollout[T], windows []window) {
	d := s.data
	for row, w := range windows {
		x := d.X[(int(w.e)*(d.Steps+1)+int(w.t))*d.Nx:]
		u := d.U[(int(w.e)*d.Steps+int(w.t))*d.Nu:]
		if d.Align != nil {
			x, u = r.see(d.Align(x[:d.Nx]), x, u)
		}
		r.start(row, x[:d.Nx], u, x[d.Nx:])
	}
}

// eachShard calls f for every shard of the batch, on all workers, and returns
// the sum of the results in the order of the shards.
func (t *Trainer) eachShard(batch []window, f func(s *rollout[float32], part []window, first int) float64) float64 {
	results := make([]float64, len(t.shards))
	work := func(worker int) {
		for i := worker; i < len(t.shards); i += t.opts.Workers {
			first := min(i*shardRows, len(batch))
			part := batch[first:min(first+shardRows, len(batch))]
			if len(part) > 0 {
				results[i] = f(t.shards[i], part, first)
			}
		}
	}
	if t.opts.Workers == 1 {
		work(0)
	} else {
		var wg sync.WaitGroup
		for worker := range min(t.opts.Workers, len(t.shards)) {
			wg.Go(func() { work(worker) })
		}
		wg.Wait()
	}
	sum := 0.0
	for _, r := range results {
		sum += r
	}
	return sum
}
