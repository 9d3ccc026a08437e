package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"hinge/internal/cputime"
	"hinge/nn"
)

// The network of the training benchmark, and peers/train.py.
const (
	trainIn    = 8
	trainOut   = 4
	trainBatch = 256
)

var trainHidden = []int{128, 128, 128}

// measured is how much processor time one measurement takes.
const measured = time.Second

func trainBench(ctx context.Context, s *session) error {
	for _, peer := range []struct{ module, script string }{{"numpy", "train.py"}, {"torch", "train_torch.py"}} {
		theirs, err := s.peer(ctx, peer.module, peer.script)
		if err != nil {
			return err
		}
		err = s.compare(ctx, comparison{
			row:            Row{Name: "train 8-128-128-128-4, batch 256", Peer: peer.module, Metric: "throughput", Unit: "samples per CPU second"},
			higherIsBetter: true,
			ours: side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
				return trainThroughput(ctx, s.opts.Seed), ctx.Err()
			}},
			theirs: theirs,
		})
		if err != nil {
			return err
		}
	}
	return rolloutBench(ctx, s)
}

// trainThroughput returns samples per processor second of forward pass, backward
// pass and Adam in float32.
func trainThroughput(ctx context.Context, seed uint64) float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	net := nn.NewMLP(trainIn, trainHidden, trainOut, false)
	net.Init(nn.HeNormal, rng)
	params, grad := make([]float32, len(net.Params)), make([]float32, len(net.Params))
	nn.Convert(params, net.Params)
	x, y := normals(trainBatch*trainIn, rng), normals(trainBatch*trainOut, rng)
	dOut := make([]float32, len(y))
	batch := nn.NewBatch[float32](net, trainBatch)
	var adam nn.Adam[float32]
	return rate(ctx, trainBatch, func() {
		batch.Forward(params, x, trainBatch)
		nn.MSE(dOut, batch.Output(), y)
		clear(grad)
		batch.Backward(grad, dOut)
		adam.Step(params, grad, 1e-3)
	})
}

// rate returns how many units a processor second does, if one call does n.
func rate(ctx context.Context, n int, call func()) float64 {
	const chunk = 20 // calls between two looks at the clock
	for range chunk {
		call()
	}
	done, start := 0, cputime.Process()
	for ctx.Err() == nil {
		for range chunk {
			call()
		}
		done += chunk * n
		if used := cputime.Process() - start; used >= measured {
			return float64(done) / used.Seconds()
		}
	}
	return 0
}

func normals(n int, rng *rand.Rand) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}
