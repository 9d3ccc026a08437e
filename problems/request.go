package problems

import (
	"encoding/json"
	"io"

	"hinge/internal/atomicfile"
)

// requestSuffix is what names of saved requests end in.
const requestSuffix = ".json"

// request is a problem as it is written: everything a plan depends on, one value.
// [parseRequest] reads it.
type request struct {
	Network     requestNetwork      `json:"network"` // [x; u] -> x'
	X0          []float64           `json:"x0"`
	Before      []float64           `json:"before,omitempty"` // action before the plan
	Lower       []float64           `json:"lower"`            // of one action
	Upper       []float64           `json:"upper"`
	Horizon     int                 `json:"horizon"`
	Cost        []requestTerm       `json:"cost"`
	Constraints []requestConstraint `json:"constraints,omitempty"`
	Integer     []int               `json:"integer,omitempty"`
	Obstacles   []Obstacle          `json:"obstacles,omitempty"`
}

type requestNetwork struct {
	Layers []requestLayer `json:"layers"`
}

type requestLayer struct {
	From    int       `json:"from"` // window [from, to) of the activations before it
	To      int       `json:"to"`
	Gates   []string  `json:"gates"`   // one per unit
	Weights []float64 `json:"weights"` // units x (to - from), row-major
	Bias    []float64 `json:"bias"`    // units
}

// requestTerm is a term of the cost; see control.Term.
type requestTerm struct {
	Name       string    `json:"name"`
	Norm       string    `json:"norm"`
	Weight     float64   `json:"weight"`
	Radius     float64   `json:"radius,omitempty"`
	W          []float64 `json:"w"` // rows x (Nx + Nu)
	B          []float64 `json:"b"` // rows
	Rate       bool      `json:"rate,omitempty"`
	Terminal   bool      `json:"terminal,omitempty"`
	TimeWeight []float64 `json:"time_weight,omitempty"`
	Reference  []float64 `json:"reference,omitempty"`
}

// requestConstraint is a hard constraint; see control.Constraint.
type requestConstraint struct {
	Name  string    `json:"name"`
	First int       `json:"first"`
	Last  int       `json:"last"`
	W     []float64 `json:"w"` // rows x (Nx + 2 Nu)
	B     []float64 `json:"b"` // rows
}

// WriteRequest writes p, with before as the action applied before the plan (nil if there is
// none), to a file that [Open] reads. The model is its stepping network: what else the
// plan may be judged with is not kept.
func WriteRequest(path string, p *Problem, before []float64) error {
	q := request{X0: p.X0, Before: before, Lower: p.Action.Lower, Upper: p.Action.Upper, Horizon: p.Cost.Horizon,
		Integer: p.Integer, Obstacles: p.Obstacles, Cost: []requestTerm{}}
	for l := range p.Step.Layers {
		y := &p.Step.Layers[l]
		layer := requestLayer{From: y.From, To: y.To, Gates: []string{}, Weights: p.Step.Weight(l), Bias: p.Step.Bias(l)}
		for i := range y.Out {
			layer.Gates = append(layer.Gates, y.Gate(i).String())
		}
		q.Network.Layers = append(q.Network.Layers, layer)
	}
	for i := range p.Cost.Terms {
		k := &p.Cost.Terms[i]
		q.Cost = append(q.Cost, requestTerm{k.Name, k.Norm.String(), k.Weight, k.Radius, k.Residual.W, k.Residual.B, k.Rate, k.Terminal, k.TimeWeight, k.Reference})
	}
	for _, c := range p.Constraints {
		q.Constraints = append(q.Constraints, requestConstraint{c.Name, c.First, c.Last, c.Residual.W, c.Residual.B})
	}
	return atomicfile.Write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(&q) })
}
