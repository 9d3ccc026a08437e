package problems

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"hinge/control"
	"hinge/internal/atomicfile"
	"hinge/milp/relu"
	"hinge/nn"
)

// requestSuffix is what names of saved requests end in.
const requestSuffix = ".json"

// request is a problem as a file: everything a plan depends on, one value.
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

// requestTerm is a term of the cost; see [control.Term].
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

// requestConstraint is a hard constraint; see [control.Constraint].
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

// openRequest reads a saved request.
func openRequest(path string) (*Problem, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseRequest(path, data)
}

func parseRequest(path string, data []byte) (*Problem, error) {
	var q request
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return nil, fmt.Errorf("%s: %s", path, requestProblem(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more behind byte %d; it must be one saved request {..}", path, d.InputOffset())
	}
	p, err := q.problem()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p.Name = path
	return p, nil
}

// requestProblem says what is wrong with the JSON of a request.
func requestProblem(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("field %s: it is of kind %s; it must be %v", kind.Field, kind.Value, kind.Type)
	}
	return jsonProblem(err, "a saved request {..}")
}

// problem checks a request and returns what it describes.
func (q *request) problem() (*Problem, error) {
	step, err := q.network()
	if err != nil {
		return nil, err
	}
	if q.Horizon > maxHorizon {
		return nil, fmt.Errorf("field horizon: %d; it must be at most %d", q.Horizon, maxHorizon)
	}
	nx, nu := len(q.X0), len(q.Lower)
	p := &Problem{Step: step, X0: q.X0, Before: q.Before, Action: control.Box{Lower: q.Lower, Upper: q.Upper},
		Integer: q.Integer, Obstacles: q.Obstacles, Reference: unknown(),
		Cost: &control.Cost{Nx: nx, Nu: nu, Horizon: q.Horizon}}
	for i := range q.Cost {
		k := &q.Cost[i]
		norm, err := control.ParseNorm(k.Norm)
		if err != nil {
			return nil, fmt.Errorf("field cost[%d].norm: %w", i, err)
		}
		p.Cost.Terms = append(p.Cost.Terms, control.Term{Name: k.Name, Weight: k.Weight, Norm: norm, Radius: k.Radius,
			Residual: affine(k.W, k.B, nx+nu), Rate: k.Rate, Terminal: k.Terminal, TimeWeight: k.TimeWeight, Reference: k.Reference})
	}
	for _, c := range q.Constraints {
		p.Constraints = append(p.Constraints, control.Constraint{Name: c.Name, First: c.First, Last: c.Last, Residual: affine(c.W, c.B, nx+2*nu)})
	}
	if err := q.checkObstacles(); err != nil {
		return nil, err
	}
	program, err := relu.New(step, p.X0, p.Action, p.Cost, p.Before)
	if err != nil {
		return nil, err
	}
	return p, program.Constrain(p.Constraints, p.Integer)
}

// checkObstacles reports an obstacle that makes no sense. Collisions with them are those
// of a T and its pusher: see [Problem.Collisions].
func (q *request) checkObstacles() error {
	if len(q.Obstacles) > 0 && len(q.X0) != stateDim {
		return fmt.Errorf("field obstacles: %d of them, but states have %d coordinates; they must be the %d of four keypoints and a pusher", len(q.Obstacles), len(q.X0), stateDim)
	}
	for i := range q.Obstacles {
		if err := q.Obstacles[i].validate(); err != nil {
			return fmt.Errorf("field obstacles[%d].%w", i, err)
		}
	}
	return nil
}

// affine returns the map of the given entries; whether they are enough is for its Validate.
func affine(w, b []float64, cols int) control.Affine {
	return control.Affine{Rows: len(b), Cols: cols, W: w, B: b}
}

// network returns the stepping network.
func (q *request) network() (*nn.Net, error) {
	in := len(q.X0) + len(q.Lower)
	width := in
	var layers []nn.Layer
	for i, y := range q.Network.Layers {
		units := len(y.Bias)
		switch {
		case y.From < 0 || y.To <= y.From || y.To > width:
			return nil, fmt.Errorf("field network.layers[%d]: it reads [%d, %d); it must be part of [0, %d), what is computed before it", i, y.From, y.To, width)
		case len(y.Weights) != units*(y.To-y.From) || len(y.Gates) != units:
			return nil, fmt.Errorf("field network.layers[%d]: %d weights and %d gates; %d units that read %d values need %d and %d",
				i, len(y.Weights), len(y.Gates), units, y.To-y.From, units*(y.To-y.From), units)
		}
		layer := nn.Layer{From: y.From, To: y.To, Out: units}
		for _, name := range y.Gates {
			g, err := nn.ParseGate(name)
			if err != nil {
				return nil, fmt.Errorf("field network.layers[%d].gates: %w", i, err)
			}
			layer.Gates = append(layer.Gates, g)
		}
		layers = append(layers, layer)
		width += units
	}
	if len(layers) == 0 {
		return nil, errors.New("field network.layers: empty; the last layer is the next state")
	}
	n := nn.New(in, layers)
	for i, y := range q.Network.Layers {
		copy(n.Weight(i), y.Weights)
		copy(n.Bias(i), y.Bias)
	}
	return n, nil
}
