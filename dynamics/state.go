package dynamics

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"hinge/internal/atomicfile"
	"hinge/nn"
)

// A state file is a NumPy archive of all that a training is after an epoch:
//
//	key       JSON: the options and data it belongs to
//	progress  [optimiser steps, epochs, best epoch, best loss, steps of Adam]
//	history   epochs x [train, validation]
//	params, best, adam_m, adam_v    parameters each
//	weights   of the training windows; empty where all count the same
//
// Random streams are no part of it, since each belongs to an epoch or a step.

// stateKey is what must be the same for a training to go on.
type stateKey struct {
	Data         string  `json:"data"`
	Aligned      bool    `json:"aligned"`
	Layers       []int   `json:"layers"`
	Horizon      int     `json:"horizon"`
	OneStep      float64 `json:"one_step"`
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
	LearningRate float64 `json:"learning_rate"`
	ClipNorm     float64 `json:"clip_norm"`
	WeightDecay  float64 `json:"weight_decay"`
	L1           float64 `json:"l1"`
	L2           float64 `json:"l2"`
	Shape        float64 `json:"shape"`
	Stable       float64 `json:"stable"`
	HardAbove    float64 `json:"hard_above"`
	Noise        float64 `json:"noise"`
	Validation   float64 `json:"validation"`
	Patience     int     `json:"patience"`
	Seed         uint64  `json:"seed"`
	Member       uint64  `json:"member"`
	Start        string  `json:"start"` // [Model.Hash] of the untrained model
	Tool         string  `json:"tool"`  // another version may train in another way
}

func (t *Trainer) stateKey() stateKey {
	o := t.opts
	k := stateKey{
		Data: t.source.data.Hash(), Aligned: t.source.data.Align != nil, Layers: []int{t.model.Net.In},
		Horizon: o.Horizon, OneStep: o.OneStep, Epochs: o.Epochs, Batch: o.Batch, LearningRate: o.LearningRate,
		ClipNorm: o.ClipNorm, WeightDecay: o.WeightDecay, L1: o.L1, L2: o.L2, Shape: o.Shape, Stable: o.Stable,
		HardAbove: o.HardAbove, Noise: o.Noise, Validation: o.Validation, Patience: o.Patience, Seed: o.Seed, Member: o.Member,
		Start: t.model.Hash(), Tool: t.model.Meta.Tool,
	}
	for _, l := range t.model.Net.Layers {
		k.Layers = append(k.Layers, l.Out)
	}
	return k
}

// keyText returns the key as JSON.
func (t *Trainer) keyText() ([]byte, error) {
	if t.key == nil {
		key, err := json.Marshal(t.stateKey())
		if err != nil {
			return nil, fmt.Errorf("options as JSON: %w", err)
		}
		t.key = key
	}
	return t.key, nil
}

// keyHash returns what [Training.Key] says of a training that is over.
func (t *Trainer) keyHash() (string, error) {
	key, err := t.keyText()
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:]), err
}

// saveState replaces the state file.
func (t *Trainer) saveState() error {
	key, err := t.keyText()
	if err != nil {
		return fmt.Errorf("write %s: %w", t.opts.State, err)
	}
	steps, m, v := t.adam.State()
	progress := []float64{float64(t.step), float64(t.epochsDone), float64(t.bestEpoch), t.bestLoss, float64(steps)}
	history := make([]float64, 0, 2*len(t.history))
	for _, l := range t.history {
		history = append(history, l.Train, l.Val)
	}
	floats := func(name string, v []float64) archiveArray {
		return archiveArray{name, func(w io.Writer) error { return writeNPYFloats(w, v, len(v)) }}
	}
	return atomicfile.Write(t.opts.State, func(w io.Writer) error {
		return writeArchive(w,
			archiveArray{"key", func(w io.Writer) error { return writeNPYBytes(w, key) }},
			floats("progress", progress), floats("history", history),
			floats("params", toFloat64(t.params)), floats("best", toFloat64(t.best)),
			floats("adam_m", toFloat64(m)), floats("adam_v", toFloat64(v)), floats("weights", toFloat64(t.weights)))
	})
}

func toFloat64(v []float32) []float64 {
	f := make([]float64, len(v))
	nn.Convert(f, v)
	return f
}

// Resume goes on from the state file TrainOptions.State: Run then does the epochs
// that are missing and returns what an undisturbed training would have. Without
// such a file the training is over, if the file Checkpoint is its result, or else
// nothing was done yet. A state of other options or data is an error. A training
// with a Gating cannot be resumed.
func (t *Trainer) Resume() error {
	data, err := os.ReadFile(t.opts.State)
	if errors.Is(err, fs.ErrNotExist) {
		return t.resumeFinished()
	}
	if err == nil {
		err = t.restore(data)
	}
	if err != nil {
		return fmt.Errorf("resume from %s: %w", t.opts.State, err)
	}
	t.opts.Log.Info("resume", "epoch", t.epochsDone, "of", t.opts.Epochs)
	return nil
}

// resumeFinished takes over the result of the same training, if there is one.
func (t *Trainer) resumeFinished() error {
	key, err := t.keyHash()
	if err != nil {
		return err
	}
	m, err := Load(t.opts.Checkpoint)
	if err != nil || m.Meta.Training == nil || m.Meta.Training.Key != key {
		t.opts.Log.Info("no state to resume from", "file", t.opts.State)
		return nil
	}
	nn.Convert(t.params, m.Net.Params)
	t.keep(m.Meta.Training.BestEpoch, m.Meta.Training.Loss)
	t.epochsDone, t.finished = m.Meta.Training.Epochs, true
	t.opts.Log.Info("the training is over", "file", t.opts.Checkpoint)
	return nil
}

func (t *Trainer) restore(data []byte) error {
	z, err := openArchive(data)
	if err != nil {
		return err
	}
	key, err := z.bytes("key")
	if err != nil {
		return err
	}
	if err := t.checkKey(key); err != nil {
		return err
	}
	arrays := map[string][]float64{}
	params := len(t.params)
	for _, a := range []struct {
		name string
		want int // -1 for any length
	}{
		{"progress", 5}, {"history", -1}, {"params", params}, {"best", params},
		{"adam_m", params}, {"adam_v", params}, {"weights", len(t.weights)},
	} {
		_, v, err := z.floats(a.name, 1)
		if err != nil {
			return err
		}
		if a.want >= 0 && len(v) != a.want {
			return fmt.Errorf("array %s has %d values; it must have %d", a.name, len(v), a.want)
		}
		arrays[a.name] = v
	}
	if n := len(arrays["history"]); n%2 != 0 {
		return fmt.Errorf("array history has %d values; it must have two an epoch", n)
	}
	t.adopt(arrays)
	return nil
}

// adopt makes arrays of the right lengths the state of t.
func (t *Trainer) adopt(arrays map[string][]float64) {
	p := arrays["progress"]
	t.step, t.epochsDone, t.bestEpoch, t.bestLoss = int(p[0]), int(p[1]), int(p[2]), p[3]
	nn.Convert(t.params, arrays["params"])
	t.best = converted[float32](arrays["best"])
	t.adam.SetState(int(p[4]), converted[float32](arrays["adam_m"]), converted[float32](arrays["adam_v"]))
	nn.Convert(t.weights, arrays["weights"])
	t.history = nil
	for l := range slices.Chunk(arrays["history"], 2) {
		t.history = append(t.history, Loss{l[0], l[1]})
	}
}

// checkKey reports the first option that differs from those of the state.
func (t *Trainer) checkKey(key []byte) error {
	var there, here map[string]json.RawMessage
	want, err := json.Marshal(t.stateKey())
	if err != nil {
		return err
	}
	if err := errors.Join(json.Unmarshal(key, &there), json.Unmarshal(want, &here)); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	names := make([]string, 0, len(here))
	for name := range here {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !bytes.Equal(there[name], here[name]) {
			return fmt.Errorf("%s is %s there and %s here; train with the same data and options, or start anew without resuming", name, there[name], here[name])
		}
	}
	return nil
}
