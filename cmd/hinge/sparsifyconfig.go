package main

import (
	"hinge/dynamics"
	"hinge/sparsify"
)

// sparsifyConfig is the file of hinge sparsify --config. Its defaults are those
// of [sparsify.Options], written out.
type sparsifyConfig struct {
	Method       string  `yaml:"method" oneof:"end_to_end,magnitude,stability,hard_concrete,scratch" doc:"how the units that stay are chosen"`
	Horizon      int     `yaml:"horizon" range:"[1,1000]" doc:"steps of the roll-out loss"`
	OneStep      float64 `yaml:"one_step" range:"[0,1]" doc:"share of the last training that learns from first steps alone"`
	Epochs       int     `yaml:"epochs" range:"[1,1000000]" doc:"of the last training of a budget"`
	LearningRate float64 `yaml:"learning_rate" range:"(0,inf)" doc:"of the last training of a budget"`
	Batch        int     `yaml:"batch" range:"[1,1000000]" doc:"windows per optimiser step"`
	Validation   float64 `yaml:"validation" range:"(0,1)" doc:"share of episodes kept out of training"`
	Noise        float64 `yaml:"noise" range:"[0,inf)" doc:"on start states, in deviations of a step of motion"`
	ClipNorm     float64 `yaml:"clip_norm" range:"[0,inf)" doc:"longest gradient, 0 for no limit"`
	WeightDecay  float64 `yaml:"weight_decay" range:"[0,inf)" doc:"shrinkage of every weight per unit of learning rate"`
	L1           float64 `yaml:"l1" range:"[0,inf)" doc:"factor of the mean weight magnitude in the loss"`
	L2           float64 `yaml:"l2" range:"[0,inf)" doc:"factor of the mean square of the weights in the loss"`
	Shape        float64 `yaml:"shape" range:"[0,inf)" doc:"factor of a term that keeps distances between the points of a state"`
	Stable       float64 `yaml:"stable" range:"[0,inf)" doc:"factor of a reward for units whose phase is known where a planner looks"`
	HardAbove    float64 `yaml:"hard_above" range:"[0,inf)" doc:"error from which a window counts more in later epochs of a training, in deviations of a step; 0 for never"`
	Patience     int     `yaml:"patience" range:"[0,inf)" doc:"epochs without progress before the last training of a budget ends, 0 for never"`
	Workers      int     `yaml:"workers" range:"[0,1024]" doc:"goroutines, 0 for one per CPU; never changes the result"`

	GateEpochs      int     `yaml:"gate_epochs" range:"[1,1000000]" doc:"of choosing gates, in every round"`
	TuneEpochs      int     `yaml:"tune_epochs" range:"[1,1000000]" doc:"of training with the new gates, in every round"`
	RoundRate       float64 `yaml:"round_rate" range:"(0,inf)" doc:"learning rate of the weights in rounds"`
	GateRate        float64 `yaml:"gate_rate" range:"(0,inf)" doc:"learning rate of the gates"`
	Temperature     float64 `yaml:"temperature" range:"(0,inf)" doc:"of the Gumbel-softmax"`
	InitialReLU     float64 `yaml:"initial_relu" range:"(0,1)" doc:"probability of a ReLU at the start of a round"`
	ReLUPenalty     float64 `yaml:"relu_penalty" range:"[0,inf)" doc:"loss of a ReLU"`
	IdentityPenalty float64 `yaml:"identity_penalty" range:"[0,inf)" doc:"loss of an identity"`
	Keep            float64 `yaml:"keep" range:"(0,1)" doc:"smallest share of the ReLUs a round keeps"`
}

func defaultSparsifyConfig() sparsifyConfig {
	return sparsifyConfig{
		Method: sparsify.EndToEnd.String(), Horizon: 3, OneStep: 0.6, Epochs: 40, LearningRate: 0.02, Batch: 256, Validation: 0.1, ClipNorm: 1,
		GateEpochs: 6, TuneEpochs: 4, RoundRate: 0.01, GateRate: 0.06, Temperature: 0.5,
		InitialReLU: 0.8, ReLUPenalty: 3e-3, IdentityPenalty: 2e-4, Keep: 0.8,
	}
}

// options returns what c means, apart from seed and files.
func (c sparsifyConfig) options() sparsify.Options {
	method, err := sparsify.ParseMethod(c.Method)
	if err != nil {
		panic("sparsify: a checked method: " + err.Error())
	}
	return sparsify.Options{
		Method: method,
		Train: dynamics.TrainOptions{
			Horizon: c.Horizon, OneStep: orNone(c.OneStep), Epochs: c.Epochs, LearningRate: c.LearningRate, Batch: c.Batch,
			Validation: c.Validation, Noise: c.Noise, Workers: c.Workers, ClipNorm: orNone(c.ClipNorm), WeightDecay: c.WeightDecay,
			L1: c.L1, L2: c.L2, Shape: c.Shape, Stable: c.Stable, HardAbove: c.HardAbove, Patience: c.Patience,
		},
		GateEpochs: c.GateEpochs, TuneEpochs: c.TuneEpochs, RoundRate: c.RoundRate, GateRate: c.GateRate,
		Temperature: c.Temperature, InitialReLU: c.InitialReLU,
		ReLUPenalty: orNone(c.ReLUPenalty), IdentityPenalty: orNone(c.IdentityPenalty), Keep: c.Keep,
	}
}

// orNone translates a value: where 0 means none here, sparsify takes 0 for its
// default and a negative value for none.
func orNone(value float64) float64 {
	if value == 0 {
		return -1
	}
	return value
}
