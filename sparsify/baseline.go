package sparsify

import (
	"math"
	"math/rand/v2"

	"hinge/dynamics"
	"hinge/nn"
)

// magnitude is the selector of [Magnitude].
type magnitude struct{}

func (magnitude) gating() dynamics.Gating { return nil }

func (magnitude) decide(m *dynamics.Model, budget int) {
	n := m.Net
	in, out := make([]float64, n.Width()), make([]float64, n.Width()) // squared norms
	for i := range n.Layers {
		l := &n.Layers[i]
		for j := range l.Out {
			for k, w := range n.Weight(i)[j*l.In() : (j+1)*l.In()] {
				in[l.At()+j] += w * w
				out[l.From+k] += w * w
			}
		}
	}
	var scores []float64
	for _, k := range hiddenUnits(n) {
		scores = append(scores, in[k]*out[k])
	}
	keepBest(n, scores, budget, func(int) nn.Gate { return nn.Zero })
}

// stability is the selector of [Stability].
type stability struct{ data *dynamics.Dataset }

func (stability) gating() dynamics.Gating { return nil }

// probes is the number of recorded steps at which phases are looked at.
const probes = 4000

func (s stability) decide(m *dynamics.Model, budget int) {
	units := hiddenUnits(m.Net)
	on := make([]float64, len(units)) // share of the probes
	visited := 0.0
	total := s.data.Episodes * s.data.Steps
	stride := max(1, total/probes)
	ws, f := m.Net.NewWorkspace(), make([]float64, m.Features.Rows)
	v, next, y := make([]float64, m.Features.Cols), make([]float64, s.data.Nx), make([]float64, m.Net.Out())
	for at := 0; at < total; at += stride {
		e, t := at/s.data.Steps, at%s.data.Steps
		s.data.See(v, next, e, t, t)
		m.Features.Apply(f, v)
		m.In.Apply(f, f)
		m.Net.Forward(y, f, ws)
		for i, k := range units {
			if ws.PreActivations()[k] > 0 {
				on[i]++
			}
		}
		visited++
	}
	scores := make([]float64, len(units))
	for i := range on {
		on[i] /= visited
		scores[i] = min(on[i], 1-on[i])
	}
	keepBest(m.Net, scores, budget, func(i int) nn.Gate {
		if on[i] > 0.5 {
			return nn.Identity
		}
		return nn.Zero
	})
}

// scratchStream is the random stream of the first small network of [Scratch].
const scratchStream uint64 = 6 << 60

// fresh returns m with a small network of random weights, a shrunk shape, that
// reaches budget. As in a dense model, the output layer starts at zero.
func fresh(m *dynamics.Model, shape *nn.Net, budget int, seed uint64) *dynamics.Model {
	n := nn.NewMLP(m.Net.In, shrink(shape, budget), m.Net.Out(), true)
	n.Init(nn.HeNormal, rand.New(rand.NewPCG(seed, scratchStream+uint64(budget))))
	clear(n.Weight(len(n.Layers) - 1))
	small := m.Clone().(*dynamics.Model)
	small.Net = n
	return small
}

// shrink returns widths of hidden layers that add up to budget and stand to each
// other as those of n; layers that would be empty are left out.
func shrink(n *nn.Net, budget int) []int {
	var hidden []int
	units, given, seen := n.Count(nn.ReLU), 0, 0
	for i := range n.Layers[:len(n.Layers)-1] {
		l := &n.Layers[i]
		for j := range l.Out {
			if l.Gate(j) == nn.ReLU {
				seen++
			}
		}
		upTo := int(math.Round(float64(budget) * float64(seen) / float64(units)))
		if upTo > given {
			hidden = append(hidden, upTo-given)
		}
		given = upTo
	}
	return hidden
}
