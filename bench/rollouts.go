package bench

import (
	"context"
	"math/rand/v2"
	"slices"

	"hinge/internal/vec/dense"
	"hinge/nn"
	"hinge/planner"
)

// The network whose roll-outs are measured has the shape of the published push-t
// dynamics; its weights are random, which changes nothing in the time.
const (
	rolloutNx    = 8
	rolloutNu    = 2
	rolloutSteps = 20
	rolloutRows  = 64 // sequences at once, as planners and trainers take them
)

var rolloutHidden = []int{128, 256, 256, 128}

func rolloutNet(seed uint64) *nn.Net {
	net := nn.NewMLP(rolloutNx+rolloutNu, rolloutHidden, rolloutNx, false)
	net.Init(nn.HeNormal, rand.New(rand.NewPCG(seed, 1)))
	return net
}

// productWork returns the floating-point operations of the products of one sample.
func productWork(n *nn.Net) int {
	sum := 0
	for i := range n.Layers {
		sum += 2 * len(n.Weight(i))
	}
	return sum
}

// rolloutBench compares roll-outs with what this core can do at most: with the
// kernel of products on operands that stay in its cache, and with multiply-adds
// in registers alone.
func rolloutBench(ctx context.Context, s *session) error {
	const forward, gradient = "20-step roll-outs, 768 ReLUs", "20-step roll-outs and their gradients, 768 ReLUs"
	net := rolloutNet(s.opts.Seed)
	kernel := side{name: "product kernel", measure: func(ctx context.Context) (float64, error) {
		return giga(productPeak(ctx)), ctx.Err()
	}}
	registers := side{name: "multiply-adds", measure: func(ctx context.Context) (float64, error) {
		return giga(multiplyAddPeak(ctx)), ctx.Err()
	}}
	rollOut := side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
		return giga(rolloutThroughput(ctx, net, s.opts.Seed)), ctx.Err()
	}}
	differentiate := side{name: "hinge", measure: func(ctx context.Context) (float64, error) {
		return giga(rolloutGradientThroughput(ctx, net, s.opts.Seed)), ctx.Err()
	}}
	for _, c := range []struct {
		name string
		ours side
		peak side
	}{
		{forward, rollOut, kernel},
		{forward, rollOut, registers},
		{gradient, differentiate, kernel},
		{gradient, differentiate, registers},
	} {
		err := s.compare(ctx, comparison{
			row:            Row{Name: c.name, Peer: "peak of " + c.peak.name, Metric: "throughput", Unit: "GFLOP per CPU second"},
			higherIsBetter: true,
			ours:           c.ours,
			theirs:         &c.peak,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func giga(v float64) float64 { return v / 1e9 }

// rolloutThroughput returns the operations per processor second of roll-outs as
// planners make them.
func rolloutThroughput(ctx context.Context, net *nn.Net, seed uint64) float64 {
	sys := planner.NewNetSystem(net, rolloutNx, rolloutNu).Single()
	rng := rand.New(rand.NewPCG(seed, 2))
	x0, u := make([]float64, rolloutRows*rolloutNx), make([]float64, rolloutRows*rolloutNu)
	for i := range x0 {
		x0[i] = rng.NormFloat64()
	}
	for i := range u {
		u[i] = rng.NormFloat64()
	}
	x := slices.Clone(x0)
	return rate(ctx, rolloutSteps*rolloutRows*productWork(net), func() {
		copy(x, x0)
		for range rolloutSteps {
			sys.StepBatch(x, x, u, rolloutRows)
		}
	})
}

// rolloutGradientThroughput returns the operations per processor second of
// roll-outs and the gradient of their last states, with respect to the parameters
// and to what came before. The way back takes two products for one on the way
// there.
func rolloutGradientThroughput(ctx context.Context, net *nn.Net, seed uint64) float64 {
	const nx, nu, rows = rolloutNx, rolloutNu, rolloutRows
	params, grad := make([]float32, len(net.Params)), make([]float32, len(net.Params))
	nn.Convert(params, net.Params)
	batches := make([]*nn.Batch[float32], rolloutSteps)
	for i := range batches {
		batches[i] = nn.NewBatch[float32](net, rows)
	}
	start := normals(rows*(nx+nu), rand.New(rand.NewPCG(seed, 3)))
	weights := nn.NewWeights[float32](net)
	in, adjoint := slices.Clone(start), make([]float32, rows*nx)
	return rate(ctx, 3*rolloutSteps*rows*productWork(net), func() {
		weights.Set(params)
		copy(in, start)
		for _, b := range batches {
			b.ForwardWith(weights, in, rows)
			for r := range rows {
				copy(in[r*(nx+nu):], b.Output().Row(r))
			}
		}
		clear(grad)
		for i := range adjoint {
			adjoint[i] = 1
		}
		for _, b := range slices.Backward(batches) {
			b.Backward(grad, adjoint)
			for r := range rows {
				copy(adjoint[r*nx:(r+1)*nx], b.InputGrad().Row(r))
			}
		}
	})
}

// productPeak returns the operations per processor second of the kernel of
// products on one panel that stays in the cache nearest to the core.
func productPeak(ctx context.Context) float64 {
	const rows, inner = 48, 128
	set := dense.Best[float32]()
	rng := rand.New(rand.NewPCG(1, 1))
	c := make([]float32, rows*set.Columns)
	tiles := &dense.Tiles[float32]{
		C: c, X: make([]float32, set.Columns), A: normals(rows*inner, rng), B: normals(inner*set.Columns, rng),
		M: rows, N: set.Columns, K: inner, LDC: set.Columns, LDB: set.Columns, RSA: inner, CSA: 1,
	}
	const calls = 100
	return rate(ctx, calls*2*rows*inner*set.Columns, func() {
		for range calls {
			set.Product(tiles)
		}
	})
}

// multiplyAddPeak returns the operations per processor second of a loop that does
// nothing but multiply and add in registers.
func multiplyAddPeak(ctx context.Context) float64 {
	const rounds = 100_000
	set := dense.Best[float32]()
	return rate(ctx, set.PeakRound(1)*rounds, func() { set.PeakRound(rounds) })
}
