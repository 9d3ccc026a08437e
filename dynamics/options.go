package dynamics

import (
	"cmp"
	"fmt"
	"log/slog"
	"runtime"
	"time"
)

// TrainOptions are the choices of a [Trainer]; the zero value is a sound start.
type TrainOptions struct {
	Horizon int // steps of the roll-out loss; 0 means 3
	// OneStep is the share of the training that learns from the first step of
	// every window alone: a good one-step model is most of a good multi-step model
	// and costs 1/Horizon of the time. 0 means 0.6, below 0 none.
	OneStep      float64
	Epochs       int     // passes over the training windows; 0 means 40
	Batch        int     // windows per optimiser step; 0 means 256
	LearningRate float64 // of Adam at the start, falling to 0 on a cosine; 0 means 1e-2
	ClipNorm     float64 // longest gradient; 0 means 1, below 0 no limit
	// WeightDecay shrinks every weight by rate * WeightDecay per optimiser step,
	// apart from the gradient; 0 means none.
	WeightDecay float64
	// L1 and L2 are the factors of the mean magnitude and the mean square of the
	// weights in the loss; 0 means none.
	L1, L2 float64
	// Shape is the factor of a term that keeps the distances between the points of
	// a state as recorded, for points of a rigid body; 0 means none. It needs two
	// points of [Signals.PointDim] coordinates.
	Shape float64
	// Stable is the factor of a term that rewards units whose phase is known, by
	// the ranges that Ranges makes for a model; 0 means none. See [UnitRanges].
	Stable float64
	Ranges func(m *Model) UnitRanges
	// HardAbove is the error of a window, in deviations of a step of motion, from
	// which on it counts more in later epochs; 0 means that all count the same.
	HardAbove float64
	// Noise is the deviation of the noise on the start state of every window, in
	// units of the deviation of a step of motion; 0 means none.
	Noise float64
	// Validation is the share of episodes kept out of training; 0 means 0.1.
	Validation float64
	// Patience ends training after that many epochs without a better validation
	// loss; 0 means never.
	Patience int
	Seed     uint64 // of shuffling, noise, the split and initial weights
	// Member numbers the models of an ensemble: each has other initial weights,
	// another order and other noise, but the same split.
	Member  uint64
	Workers int // goroutines; 0 means one per CPU. It never changes the result

	// Checkpoint names a model file that is replaced, whole, by the best model so
	// far after an epoch that improved it; "" means none.
	Checkpoint string
	// State names a file that is replaced, whole, by everything needed to go on
	// after an epoch; "" means none. [Trainer.Resume] reads it. [Fit] removes it
	// when all is done.
	State string
	// Resume lets [Fit] go on from State, if there is such a file; if not, and
	// Checkpoint is the result of the same training, nothing is left to do. The
	// result is the same as that of an undisturbed training.
	Resume bool
	// CheckpointEvery is the least time between two writes of either file; 0 means
	// 2 s, below 0 every epoch.
	CheckpointEvery time.Duration
	// OnEpoch is called after every epoch.
	OnEpoch func(Progress)
	Log     *slog.Logger // nil means silent
}

// Progress is the state of training after an epoch.
type Progress struct {
	Epoch, Epochs int     // Epoch is the last one done, counted from 1
	Train, Val    float64 // losses; Train is the mean during the epoch
	Best          float64 // smallest Val so far
	BestEpoch     int     // the epoch whose weights are kept; 0 is the start
	LearningRate  float64
	// Samples are the windows learned from and Elapsed the time, both of this process
	// alone.
	Samples  int
	Elapsed  time.Duration
	History  []Loss // of all epochs so far; read-only
	Finished bool   // no epoch was left when the training went on
}

func (o TrainOptions) withDefaults() TrainOptions {
	o.Horizon = cmp.Or(o.Horizon, 3)
	o.OneStep = cmp.Or(o.OneStep, 0.6)
	o.Epochs = cmp.Or(o.Epochs, 40)
	o.Batch = cmp.Or(o.Batch, 256)
	o.LearningRate = cmp.Or(o.LearningRate, 1e-2)
	o.ClipNorm = cmp.Or(o.ClipNorm, 1)
	o.Validation = cmp.Or(o.Validation, 0.1)
	o.CheckpointEvery = cmp.Or(o.CheckpointEvery, 2*time.Second)
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// validate checks options after withDefaults.
func (o TrainOptions) validate(d *Dataset) error {
	if o.Horizon < 1 || o.Horizon > d.Steps {
		return fmt.Errorf("train: horizon is %d; episodes of %d actions allow 1 to %d", o.Horizon, d.Steps, d.Steps)
	}
	for _, c := range []struct {
		name  string
		value int
	}{{"epochs", o.Epochs}, {"batch", o.Batch}, {"workers", o.Workers}} {
		if c.value < 1 {
			return fmt.Errorf("train: %s is %d; it must be at least 1", c.name, c.value)
		}
	}
	if o.Patience < 0 {
		return fmt.Errorf("train: patience is %d epochs; it must be at least 0", o.Patience)
	}
	if !(o.LearningRate > 0) || !finite(o.LearningRate) {
		return fmt.Errorf("train: learning rate is %g; it must be finite and above 0", o.LearningRate)
	}
	for _, c := range []struct {
		name  string
		value float64
	}{
		{"weight decay", o.WeightDecay}, {"L1", o.L1}, {"L2", o.L2}, {"noise", o.Noise},
		{"shape", o.Shape}, {"stable", o.Stable}, {"hard above", o.HardAbove},
	} {
		if !(c.value >= 0) || !finite(c.value) {
			return fmt.Errorf("train: %s is %g; it must be finite and at least 0", c.name, c.value)
		}
	}
	if points := d.Nx / d.Meta.pointDim(); o.Shape > 0 && (d.Meta.PointDim < 2 || points < 2) {
		return fmt.Errorf("train: shape is %g, but states have %d points of %d coordinates; it needs 2 points of at least 2", o.Shape, points, d.Meta.pointDim())
	}
	if o.Stable > 0 && o.Ranges == nil {
		return fmt.Errorf("train: stable is %g, but no ranges of units are given", o.Stable)
	}
	return nil
}

// memberSeed returns the seed of everything random but the split.
func (o TrainOptions) memberSeed() uint64 {
	const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: members lie far apart
	return o.Seed + o.Member*golden
}
