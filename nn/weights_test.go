package nn

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"hinge/internal/assert"
)

// trainShards makes a few optimiser steps on batches that are cut into shards,
// which the given number of goroutines take in turn; gradients are added in order.
func trainShards(workers int) []float32 {
	const shardRows, shards, steps = 17, 5, 4
	rng := rand.New(rand.NewPCG(1, 0))
	n := NewMLP(4, []int{70, 33}, 3, true)
	n.Init(HeUniform, rng)
	params, grad, adam := make([]float32, len(n.Params)), make([]float32, len(n.Params)), Adam[float32]{}
	Convert(params, n.Params)
	x, y := make([]float32, shards*shardRows*n.In), make([]float32, shards*shardRows*n.Out())
	Convert(x, normal(len(x), rng))
	Convert(y, normal(len(y), rng))
	weights := NewWeights[float32](n)
	var batches [shards]*Batch[float32]
	var grads [shards][]float32
	for i := range batches {
		batches[i], grads[i] = NewBatch[float32](n, shardRows), make([]float32, len(params))
	}
	run := func(i int) {
		b, dOut := batches[i], make([]float32, shardRows*n.Out())
		b.ForwardWith(weights, x[i*shardRows*n.In:(i+1)*shardRows*n.In], shardRows)
		MSE(dOut, b.Output(), y[i*len(dOut):(i+1)*len(dOut)])
		clear(grads[i])
		b.Backward(grads[i], dOut)
	}
	for range steps {
		weights.Set(params)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < shards; i += workers {
					run(i)
				}
			})
		}
		wg.Wait()
		clear(grad)
		for _, g := range grads {
			for j, v := range g {
				grad[j] += v
			}
		}
		adam.Step(params, grad, 1e-2)
	}
	return params
}

func TestWorkersChangeNoByte(t *testing.T) {
	one := trainShards(1)
	for _, workers := range []int{2, 3, 5} {
		if !slices.Equal(one, trainShards(workers)) {
			t.Errorf("%d workers train other parameters than one", workers)
		}
	}
}

// A sample's outputs do not depend on the batch it is in.
func TestRowsAreIndependent(t *testing.T) {
	rng := newRand(t, 0)
	n := randomMLP(5, []int{40, 30}, 3, rng)
	const rows = 37
	x, params := make([]float32, rows*n.In), make([]float32, len(n.Params))
	Convert(x, normal(len(x), rng))
	Convert(params, n.Params)
	all, one := NewBatch[float32](n, rows), NewBatch[float32](n, 1)
	all.Forward(params, x, rows)
	for r := range rows {
		one.Forward(params, x[r*n.In:(r+1)*n.In], 1)
		if !slices.Equal(one.Output().Row(0), all.Output().Row(r)) {
			t.Fatalf("sample %d gives %v alone, %v among others", r, one.Output().Row(0), all.Output().Row(r))
		}
	}
}

func TestWeightsRefuseOtherNetworks(t *testing.T) {
	n := NewMLP(3, []int{2}, 1, false)
	w, b := NewWeights[float64](n), NewBatch[float64](n, 1)
	assert.Panics(t, "nn: Weights.Set: wrong number of parameters", func() { w.Set(n.Params[1:]) })
	assert.Panics(t, "nn: Batch.Forward: wrong number of samples, inputs or parameters", func() { b.ForwardWith(w, make([]float64, 3), 1) })
}
