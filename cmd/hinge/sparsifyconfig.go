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
		Method: sparsify.EndToEnd.String(), Horizon: 3, OneStep: 0.6, Epochs: 40, LearningRate: 0.02, Batch: 256, Validation: 0.1,
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
			Validation: c.Validation, Noise: c.Noise, Workers: c.Workers,
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
