package sparsify

import (
	"cmp"
	"fmt"
	"math"

	"hinge/dynamics"
)

// Options are the choices of [Reduce]; the zero value is a sound start.
type Options struct {
	Method Method // how the units that stay are chosen; 0 means [EndToEnd]

	// Train holds what all phases of training share: horizon, batch size, split,
	// seed, workers, log. Its Epochs and LearningRate are those of the last
	// training of a budget, 0 meaning 40 and 0.02: a small network needs, and
	// stands, large steps to leave the minimum it was cut out of.
	// Patience counts there only; Checkpoint, State and OnEpoch must not be set. Rounds
	// learn from the first step of every window alone unless OneStep is below 0.
	Train dynamics.TrainOptions

	// GateEpochs are those of choosing gates, in every round; 0 means 6. A method
	// that chooses by weights or data trains for as long before it does.
	GateEpochs int
	TuneEpochs int     // of training with the new gates, in every round; 0 means 4
	RoundRate  float64 // learning rate of the weights in rounds; 0 means 0.01
	GateRate   float64 // learning rate of the logits; 0 means 0.06

	Temperature float64 // tau; 0 means 0.5
	// InitialReLU is p(ReLU) at the start of a round; the other two gates share
	// the rest. 0 means 0.8. With the authors' 1/3 two of three units are off from
	// the first step on, so a round of few epochs starts from ruins; 0.5 makes
	// models of pushing a T that are 2 to 5 % better, 0.8 another 1 to 8 %.
	InitialReLU     float64
	ReLUPenalty     float64 // lambda_relu, and the price of [HardConcrete]; 0 means 3e-3, below 0 none
	IdentityPenalty float64 // lambda_identity; 0 means 2e-4, below 0 none

	// Keep is the smallest share of the ReLUs a round keeps; rounds are inserted
	// between the budgets accordingly. 0 means 0.8.
	Keep float64

	OnEpoch func(Progress) // called after every epoch of every phase
	// OnResult is called with the model of every budget as soon as it is there, the
	// largest budget first. An error ends the reduction.
	OnResult func(Result) error
}

// Phase is a part of the reduction.
type Phase uint8

// The phases. Gates and Tune make a round, Final ends a budget.
const (
	Gates Phase = iota
	Tune
	Final
)

var phaseNames = [...]string{"gates", "tune", "final"}

// String returns the name of the phase.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return fmt.Sprintf("phase(%d)", uint8(p))
}

// Progress is the state of a reduction after an epoch.
type Progress struct {
	dynamics.Progress       // of the phase
	Phase             Phase //
	ReLUs             int   // of the round or budget
	Done, Total       int   // epochs of the whole reduction
}

func (o Options) withDefaults() Options {
	o.Train.Epochs = cmp.Or(o.Train.Epochs, 40)
	o.Train.LearningRate = cmp.Or(o.Train.LearningRate, 2e-2)
	o.GateEpochs = cmp.Or(o.GateEpochs, 6)
	o.TuneEpochs = cmp.Or(o.TuneEpochs, 4)
	o.RoundRate = cmp.Or(o.RoundRate, 1e-2)
	o.GateRate = cmp.Or(o.GateRate, 6e-2)
	o.Temperature = cmp.Or(o.Temperature, 0.5)
	o.InitialReLU = cmp.Or(o.InitialReLU, 0.8)
	o.ReLUPenalty = cmp.Or(o.ReLUPenalty, 3e-3)
	o.IdentityPenalty = cmp.Or(o.IdentityPenalty, 2e-4)
	o.Keep = cmp.Or(o.Keep, 0.8)
	o.ReLUPenalty, o.IdentityPenalty = max(0, o.ReLUPenalty), max(0, o.IdentityPenalty)
	return o
}

// validate checks options after withDefaults. [dynamics.NewTrainer] checks Train.
func (o Options) validate() error {
	if o.Train.Checkpoint != "" || o.Train.State != "" || o.Train.OnEpoch != nil {
		panic("sparsify: Options.Train: Checkpoint, State and OnEpoch must not be set")
	}
	if int(o.Method) >= len(methodNames) {
		return fmt.Errorf("sparsify: method is %d; valid are 0 to %d", o.Method, len(methodNames)-1)
	}
	if o.GateEpochs < 1 || o.TuneEpochs < 1 {
		return fmt.Errorf("sparsify: gate epochs are %d and tune epochs %d; both must be at least 1", o.GateEpochs, o.TuneEpochs)
	}
	for _, c := range []struct {
		name             string
		value, low, high float64
	}{
		{"round rate", o.RoundRate, 0, math.Inf(1)},
		{"gate rate", o.GateRate, 0, math.Inf(1)},
		{"temperature", o.Temperature, 0, math.Inf(1)},
		{"initial p(ReLU)", o.InitialReLU, 0, 1},
		{"keep", o.Keep, 0, 1},
	} {
		if !(c.value > c.low && c.value < c.high) {
			return fmt.Errorf("sparsify: %s is %g; it must lie between %g and %g", c.name, c.value, c.low, c.high)
		}
	}
	if !(o.ReLUPenalty < math.Inf(1)) || !(o.IdentityPenalty < math.Inf(1)) {
		return fmt.Errorf("sparsify: penalties are %g and %g; both must be finite", o.ReLUPenalty, o.IdentityPenalty)
	}
	return nil
}
