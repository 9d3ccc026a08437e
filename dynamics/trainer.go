package dynamics

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hinge/internal/vec/dense"
	"hinge/nn"
)

// Gating replaces the fixed gates of a network during training, so that gates
// are chosen together with the weights.
type Gating interface {
	// Draw writes the gates of the next optimiser step to mix.
	Draw(mix nn.GateMix[float32])
	// Learn takes the gradient of that step's loss with respect to mix, and the
	// learning rate of the step.
	Learn(grad nn.GateMix[float32], rate float64)
	// Settle writes the gates used for validation to mix: no chance involved.
	Settle(mix nn.GateMix[float32])
}

// Trainer minimises the roll-out loss of a model by Adam on mini-batches. [Fit]
// is a Trainer of a fresh model; sparsification trains on with other gates.
//
// Batches are cut into shards of fixed size whose gradients are added in order,
// so the result does not depend on the number of workers.
type Trainer struct {
	// Gating, if not nil, chooses the gates. Run then returns the last weights,
	// not those with the best validation loss: losses under different gates do
	// not compare.
	Gating Gating

	opts   TrainOptions
	model  *Model // training writes to best and to the model Run returns only
	source *windowSource
	train  []window // in order
	order  []window // of the epoch under way
	val    []window
	valEps []int
	stable *stability // nil for none

	params []float32
	packed *nn.Weights[float32] // params, as all shards multiply with them
	grad   []float32
	adam   nn.Adam[float32]
	shards []*rollout[float32]
	mix    nn.GateMix[float32]
	mixSum nn.GateMix[float32]
	spans  []span // of the weights in params, without biases

	weights     []float32 // of the training windows by number; nil means 1 each
	epochsDone  int
	step, steps int
	samples     int // windows learned from by this process, again where epochs repeat them
	history     []Loss
	best        []float32 // parameters with the least validation loss
	bestLoss    float64
	bestEpoch   int
	modelSaved  time.Time
	stateSaved  time.Time
	finished    bool   // by an earlier process
	key         []byte // of the state file, once it was asked for
}

// Loss is the losses of an epoch: the mean during it, and that of the validation
// windows after it.
type Loss struct{ Train, Val float64 }

// span is a range of indices.
type span struct{ from, to int }

// shardRows is the size of a shard: large enough for efficient products, small
// enough to give several workers something to do.
const shardRows = 64

// NewTrainer prepares to train a copy of m on d.
func NewTrainer(m *Model, d *Dataset, opts TrainOptions) (*Trainer, error) {
	opts = opts.withDefaults()
	if err := opts.validate(d); err != nil {
		return nil, err
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if nx, nu := m.Dims(); nx != d.Nx || nu != d.Nu {
		return nil, fmt.Errorf("train: model has %d state and %d action coordinates, the data %d and %d", nx, nu, d.Nx, d.Nu)
	}
	trainEps, valEps, err := d.Split(opts.Validation, opts.Seed)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t := &Trainer{
		opts: opts, model: m.clone(), source: newWindowSource(d, m.Out.Scale, opts),
		train: windowsOf(d, trainEps, opts.Horizon), val: windowsOf(d, valEps, opts.Horizon), valEps: valEps,
		params: converted[float32](m.Net.Params), packed: nn.NewWeights[float32](m.Net), grad: make([]float32, len(m.Net.Params)),
		adam:  nn.Adam[float32]{ClipNorm: max(0, opts.ClipNorm)},
		spans: weightSpans(m.Net),
	}
	t.opts.Batch = min(opts.Batch, len(t.train))
	t.steps = opts.Epochs * (len(t.train) / t.opts.Batch)
	t.order = slices.Clone(t.train)
	t.stable = newStability(t.model, opts)
	if opts.HardAbove > 0 {
		t.weights = slices.Repeat([]float32{1}, len(t.train))
	}
	parts, shape := newAffineParts[float32](m), newShapeTerm[float32](opts.Shape, d.Meta.pointDim(), m.Out.Scale)
	for rows := t.opts.Batch; rows > 0; rows -= shardRows {
		r := newRollout(parts, m.Net, opts.Horizon, min(rows, shardRows))
		r.shape = shape
		t.shards = append(t.shards, r)
	}
	return t, nil
}

func weightSpans(n *nn.Net) []span {
	var spans []span
	at := 0
	for i := range n.Layers {
		w := len(n.Weight(i))
		spans = append(spans, span{at, at + w})
		at += w + len(n.Bias(i))
	}
	return spans
}

// DivergedError says that training left the finite numbers. The model returned
// with it is the one after epoch Kept, 0 being the start.
type DivergedError struct {
	Epoch, Step int // where it happened; Step counts within all epochs
	Loss        float64
	Kept        int
}

func (e *DivergedError) Error() string {
	kept := "no epoch before improved the model"
	if e.Kept > 0 {
		kept = fmt.Sprintf("kept the model after epoch %d", e.Kept)
	}
	return fmt.Sprintf("training diverged: the loss is %g at optimiser step %d of epoch %d; %s; a smaller learning rate helps",
		e.Loss, e.Step, e.Epoch, kept)
}

// UntrainedError says that no epoch of a training was better than its start, which
// knows nothing.
type UntrainedError struct {
	Epochs      int
	Start, Last float64 // validation losses
}

func (e *UntrainedError) Error() string {
	return fmt.Sprintf("training learned nothing: the validation loss is %.4g at the start and was never lower in %d epochs (%.4g at the end); a smaller learning rate helps",
		e.Start, e.Epochs, e.Last)
}

// untrained returns an error if nothing was learned although there was something to
// learn.
func (t *Trainer) untrained() error {
	if t.bestEpoch > 0 || t.bestLoss == 0 || len(t.history) == 0 {
		return nil
	}
	return &UntrainedError{Epochs: len(t.history), Start: t.bestLoss, Last: t.history[len(t.history)-1].Val}
}

// Run trains for all epochs and returns the model with the least validation
// loss. If ctx is cancelled, or the loss leaves the finite numbers, it returns
// the best model so far together with the error.
func (t *Trainer) Run(ctx context.Context) (*Model, Progress, error) {
	t.ungate()
	if t.Gating != nil {
		t.gate()
	}
	begin := time.Now()
	if t.best == nil {
		t.keep(0, t.validate())
	}
	p := Progress{Epochs: t.opts.Epochs, Best: t.bestLoss, BestEpoch: t.bestEpoch, Finished: !t.more()}
	err := t.epochs(ctx, begin, &p)
	p.Epoch, p.History = t.epochsDone, t.history // also of a training that an error ended
	if !p.Finished {
		p.Samples, p.Elapsed = t.samples, time.Since(begin)
	}
	return t.result(), p, err
}

// epochs trains for the epochs that are left and tells of them in p.
func (t *Trainer) epochs(ctx context.Context, begin time.Time, p *Progress) error {
	for t.more() {
		p.Epoch = t.epochsDone + 1
		loss, err := t.epoch(ctx, p.Epoch)
		if err != nil {
			return err
		}
		p.Train, p.Val, p.LearningRate = loss, t.validate(), t.rate()
		if !finite(p.Val) {
			return &DivergedError{Epoch: p.Epoch, Step: t.step, Loss: p.Val, Kept: t.bestEpoch}
		}
		improved := p.Val < t.bestLoss
		if improved || t.Gating != nil {
			t.keep(p.Epoch, p.Val)
		}
		t.epochsDone, t.history = p.Epoch, append(t.history, Loss{p.Train, p.Val})
		p.Best, p.BestEpoch, p.History = t.bestLoss, t.bestEpoch, t.history
		p.Samples, p.Elapsed = t.samples, time.Since(begin)
		if err := t.checkpoint(improved); err != nil {
			return err
		}
		t.report(*p)
	}
	return nil
}

// more reports whether an epoch is left to train.
func (t *Trainer) more() bool {
	return t.epochsDone < t.opts.Epochs && !t.finished && !t.stalled()
}

// stalled reports whether the validation loss has not improved for too long.
func (t *Trainer) stalled() bool {
	return t.opts.Patience > 0 && t.epochsDone-t.bestEpoch >= t.opts.Patience
}

func (t *Trainer) report(p Progress) {
	t.opts.Log.Info("epoch", "epoch", p.Epoch, "train", p.Train, "val", p.Val, "best", p.Best, "rate", p.LearningRate)
	if t.opts.OnEpoch != nil {
		t.opts.OnEpoch(p)
	}
}

// rate returns the learning rate of the next step.
func (t *Trainer) rate() float64 { return nn.Cosine(t.step, t.steps, t.opts.LearningRate, 0) }

// activeSteps returns how many steps of the roll-out the next batch learns from.
func (t *Trainer) activeSteps() int {
	if float64(t.step) < t.opts.OneStep*float64(t.steps) {
		return 1
	}
	return t.opts.Horizon
}

// keep remembers the parameters after an epoch.
func (t *Trainer) keep(epoch int, loss float64) {
	t.best = append(t.best[:0], t.params...)
	t.bestEpoch, t.bestLoss = epoch, loss
}

// result returns the kept model.
func (t *Trainer) result() *Model {
	m := t.model.clone()
	m.Net = t.model.Net.Clone()
	nn.Convert(m.Net.Params, t.best)
	return m
}

// checkpoint saves the best model, if it is new, and the state of the training,
// each if it was last written some time ago.
func (t *Trainer) checkpoint(improved bool) error {
	if improved && t.opts.Checkpoint != "" && time.Since(t.modelSaved) >= t.opts.CheckpointEvery {
		t.modelSaved = time.Now()
		if err := t.result().Save(t.opts.Checkpoint); err != nil {
			return err
		}
	}
	if t.opts.State != "" && time.Since(t.stateSaved) >= t.opts.CheckpointEvery {
		t.stateSaved = time.Now()
		return t.saveState()
	}
	return nil
}

// gate makes all shards use the gates of t.Gating.
func (t *Trainer) gate() {
	t.mix = nn.NewGateMix[float32](t.model.Net)
	t.mixSum = make(nn.GateMix[float32], len(t.mix))
	for _, s := range t.shards {
		s.gate(t.mix)
	}
}

// ungate makes all shards use the gates of the network.
func (t *Trainer) ungate() {
	for _, s := range t.shards {
		s.gate(nil)
	}
}

// epoch goes over all training windows in a new order and returns the mean loss.
func (t *Trainer) epoch(ctx context.Context, epoch int) (float64, error) {
	copy(t.order, t.train)
	t.source.shuffle(t.order, epoch)
	sum, batches := 0.0, 0
	for batch := range slices.Chunk(t.order, t.opts.Batch) {
		if len(batch) < t.opts.Batch {
			break // the remainder gets its turn in another epoch
		}
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		loss := t.update(batch)
		if !finite(loss) {
			return 0, &DivergedError{Epoch: epoch, Step: t.step, Loss: loss, Kept: t.bestEpoch}
		}
		sum, batches = sum+loss, batches+1
	}
	return sum / float64(batches), nil
}

// update makes one optimiser step and returns the loss before it.
func (t *Trainer) update(batch []window) float64 {
	rate, steps := t.rate(), t.activeSteps()
	if t.Gating != nil {
		t.Gating.Draw(t.mix)
	}
	weight := t.weightOf(batch)
	t.packed.Set(t.params)
	loss := t.eachShard(batch, func(s *rollout[float32], part []window, first int) float64 {
		t.source.fill(s, part, t.step, first)
		t.weigh(s, part)
		loss := s.forward(t.packed, len(part), steps)
		s.backward(len(part), float32(1/weight))
		if t.weights != nil {
			t.reweigh(part, s.rowLoss)
		}
		return loss
	})
	clear(t.grad)
	clear(t.mixSum)
	for _, s := range t.shards {
		addTo(t.grad, s.grad)
		addTo(t.mixSum, s.mixGrad)
	}
	t.regularize(rate)
	t.adam.Step(t.params, t.grad, rate)
	if t.Gating != nil {
		t.Gating.Learn(t.mixSum, rate)
	}
	t.step++
	t.samples += len(batch)
	return loss / weight
}

func addTo(sum, v []float32) { dense.Best[float32]().Add(sum[:len(v)], v) }

// regularize adds the gradients of the terms in the weights alone and shrinks
// the weights.
func (t *Trainer) regularize(rate float64) {
	if t.stable != nil {
		t.stable.addGrad(t.grad, t.params)
	}
	addPenaltyGrad(t.grad, t.params, t.spans, t.opts.L1, t.opts.L2)
	if t.opts.WeightDecay == 0 {
		return
	}
	keep := float32(1 - rate*t.opts.WeightDecay)
	for _, s := range t.spans {
		for i := range t.params[s.from:s.to] {
			t.params[s.from+i] *= keep
		}
	}
}

// addPenaltyGrad adds the gradient of l1 mean |w| + l2 mean w^2 over the weights
// in spans.
func addPenaltyGrad[T nn.Float](grad, params []T, spans []span, l1, l2 float64) {
	if l1 == 0 && l2 == 0 {
		return
	}
	n := 0
	for _, s := range spans {
		n += s.to - s.from
	}
	size, square := T(l1/float64(n)), T(2*l2/float64(n))
	for _, s := range spans {
		g := grad[s.from:s.to]
		for i, w := range params[s.from:s.to] {
			g[i] += square * w
			switch {
			case w > 0:
				g[i] += size
			case w < 0:
				g[i] -= size
			}
		}
	}
}

// validate returns the mean loss of the validation windows.
func (t *Trainer) validate() float64 {
	if t.Gating != nil {
		t.Gating.Settle(t.mix)
	}
	t.packed.Set(t.params)
	sum := 0.0
	for batch := range slices.Chunk(t.val, t.opts.Batch) {
		sum += t.eachShard(batch, func(s *rollout[float32], part []window, _ int) float64 {
			fillExact(t.source, s, part)
			s.weighEqually()
			return s.forward(t.packed, len(part), t.opts.Horizon)
		})
	}
	return sum / float64(len(t.val))
}
