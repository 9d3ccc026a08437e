package main

import (
	"os"

	"hinge/dynamics"
	"hinge/internal/strictyaml"
)

// trainConfig is the file of hinge train --config. Its defaults are those of
// [dynamics.FitOptions], written out.
type trainConfig struct {
	Hidden       []int   `yaml:"hidden" range:"[1,4096]" doc:"units of the hidden layers"`
	Skip         bool    `yaml:"skip" doc:"output layer also reads the features and all hidden layers"`
	Horizon      int     `yaml:"horizon" range:"[1,1000]" doc:"steps of the roll-out loss"`
	OneStep      float64 `yaml:"one_step" range:"[0,1]" doc:"share of the training that learns from first steps alone"`
	Epochs       int     `yaml:"epochs" range:"[1,1000000]" doc:"passes over the training data"`
	Batch        int     `yaml:"batch" range:"[1,1000000]" doc:"windows per optimiser step"`
	LearningRate float64 `yaml:"learning_rate" range:"(0,inf)" doc:"of Adam at the start, falling to 0 on a cosine"`
	ClipNorm     float64 `yaml:"clip_norm" range:"[0,inf)" doc:"longest gradient, 0 for no limit"`
	WeightDecay  float64 `yaml:"weight_decay" range:"[0,inf)" doc:"shrinkage of every weight per unit of learning rate"`
	L1           float64 `yaml:"l1" range:"[0,inf)" doc:"factor of the mean weight magnitude in the loss"`
	L2           float64 `yaml:"l2" range:"[0,inf)" doc:"factor of the mean square of the weights in the loss"`
	Shape        float64 `yaml:"shape" range:"[0,inf)" doc:"factor of a term that keeps distances between the points of a state"`
	Stable       float64 `yaml:"stable" range:"[0,inf)" doc:"factor of a reward for units whose phase is known where a planner looks"`
	HardAbove    float64 `yaml:"hard_above" range:"[0,inf)" doc:"error from which a window counts more in later epochs, in deviations of a step; 0 for never"`
	Noise        float64 `yaml:"noise" range:"[0,inf)" doc:"on start states, in deviations of a step of motion"`
	Validation   float64 `yaml:"validation" range:"(0,1)" doc:"share of episodes kept out of training"`
	Patience     int     `yaml:"patience" range:"[0,inf)" doc:"epochs without progress before it ends, 0 for never"`
	Workers      int     `yaml:"workers" range:"[0,1024]" doc:"goroutines, 0 for one per CPU; never changes the result"`
}

func defaultTrainConfig() trainConfig {
	return trainConfig{
		Hidden: []int{128, 128}, Skip: true, Horizon: 3, OneStep: 0.6, Epochs: 40, Batch: 256,
		LearningRate: 1e-2, ClipNorm: 1, Validation: 0.1,
	}
}

// readConfig fills the struct dst points to, which holds the defaults, from the
// file of --config, "" for none, and the overrides of --set.
func readConfig(path string, sets []string, dst any) error {
	return readYAML("--config", path, sets, dst)
}

// readYAML is readConfig for the file of any flag.
func readYAML(flag, path string, sets []string, dst any) error {
	var data []byte
	if path != "" {
		if err := needFile(flag, path); err != nil {
			return err
		}
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return badInputf("%s: %w", flag, err)
		}
	}
	source, err := strictyaml.Decode(path, data, dst)
	if err != nil {
		return badInputf("%s %w", flag, err)
	}
	overrides, err := parseSets(sets)
	if err != nil {
		return err
	}
	for _, o := range overrides {
		if err := source.Set(o, dst); err != nil {
			return badInput(err)
		}
	}
	return nil
}

func parseSets(sets []string) ([]strictyaml.Override, error) {
	var overrides []strictyaml.Override
	for _, text := range sets {
		o, err := strictyaml.ParseSet(text)
		if err != nil {
			return nil, badInput(err)
		}
		overrides = append(overrides, o)
	}
	return overrides, nil
}

// options returns what c means to the trainer, apart from seed and files.
func (c trainConfig) options() dynamics.FitOptions {
	return dynamics.FitOptions{
		Hidden: c.Hidden, NoSkip: !c.Skip,
		TrainOptions: dynamics.TrainOptions{
			Horizon: c.Horizon, OneStep: orNone(c.OneStep), Epochs: c.Epochs, Batch: c.Batch, LearningRate: c.LearningRate,
			ClipNorm: orNone(c.ClipNorm), WeightDecay: c.WeightDecay, L1: c.L1, L2: c.L2, Noise: c.Noise,
			Shape: c.Shape, Stable: c.Stable, HardAbove: c.HardAbove,
			Validation: c.Validation, Patience: c.Patience, Workers: c.Workers,
		},
	}
}
