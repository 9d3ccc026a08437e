package dynamics

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"hinge/control"
	"hinge/nn"
)

// Meta is what a [Model] knows about its origin and its quality.
type Meta struct {
	Signals
	Seed     uint64 `json:"seed"`      // of the training
	DataHash string `json:"data_hash"` // [Dataset.Hash] of the training data
	Tool     string `json:"tool,omitempty"`
	Command  string `json:"command,omitempty"` // that made the model
	Errors   Errors `json:"errors"`            // on validation data
	// Aligned models have seen every window from the frame of its first state, see
	// [Dataset.Align], and must be asked there.
	Aligned bool `json:"aligned,omitempty"`
	// Training is how the parameters came about; nil where that is not known.
	Training *Training `json:"training,omitempty"`
	// Reach is how many units are undecided where a planner looks, and Spread what
	// the ensemble says of which this is the first member; nil where nobody asked.
	Reach  *Reach  `json:"reach,omitempty"`
	Spread *Spread `json:"spread,omitempty"`
}

// Training is what a model knows about its training.
type Training struct {
	Epochs     int     `json:"epochs"`     // done
	BestEpoch  int     `json:"best_epoch"` // whose parameters were kept; 0 is the start
	Loss       float64 `json:"loss"`       // of the validation windows, there
	Validation float64 `json:"validation"` // share of the episodes kept out
	// Key is the SHA-256 of all that decides the result of [Fit]: options, data and
	// start. It is "" where the training did not come to its end.
	Key string `json:"key,omitempty"`
}

// Reach is how much of a model is left to a search: over the states that can be
// reached from recorded ones by any actions, the units whose phase bounds do not
// decide.
type Reach struct {
	Starts  int `json:"starts"`  // recorded states looked at
	Horizon int `json:"horizon"` // steps from each
	// Unstable is the share of undecided units, by step.
	Unstable []float64 `json:"unstable"`
}

// Model is learned dynamics: with v = [x; u] of length Nx+Nu,
//
//	x' = Base v + Out.Mean + Out.Scale net((Features v - In.Mean) / In.Scale).
//
// Its fields are read-only once it is in use. One value serves one goroutine,
// as every [control.System]; clones share all parameters.
type Model struct {
	Features control.Affine // nf x (Nx+Nu)
	Base     control.Affine // Nx x (Nx+Nu)
	In       Normalizer     // nf
	Out      Normalizer     // Nx; scale 0 where the network has no say
	Net      *nn.Net        // nf -> Nx
	Meta     Meta

	ws    *workspace
	batch *batchWorkspace
}

var (
	_ control.System         = (*Model)(nil)
	_ control.BatchSystem    = (*Model)(nil)
	_ control.Differentiable = (*Model)(nil)
)

// workspace is the scratch memory of single steps, made at the first.
type workspace struct {
	v, dv []float64 // Nx+Nu
	f, df []float64 // nf
	y, dy []float64 // Nx
	net   *nn.Workspace
}

// Dims returns the sizes of state and action.
func (m *Model) Dims() (nx, nu int) { return m.Base.Rows, m.Base.Cols - m.Base.Rows }

// Clone returns a model with its own scratch memory and the same parameters.
func (m *Model) Clone() control.System { return m.clone() }

func (m *Model) clone() *Model {
	c := *m
	c.ws, c.batch = nil, nil
	return &c
}

// Validate reports parts that do not fit together or are not finite.
func (m *Model) Validate() error {
	nx, nu := m.Dims()
	if err := m.Base.Validate(); err != nil {
		return fmt.Errorf("base: %w", err)
	}
	if nu < 1 {
		return fmt.Errorf("base is %d x %d; it needs more columns than rows, one per state and action coordinate", nx, nx+nu)
	}
	if err := m.Features.Validate(); err != nil {
		return fmt.Errorf("features: %w", err)
	}
	if m.Features.Cols != nx+nu {
		return fmt.Errorf("features read %d coordinates; states and actions have %d", m.Features.Cols, nx+nu)
	}
	if m.Net == nil {
		return fmt.Errorf("net is missing")
	}
	if m.Net.In != m.Features.Rows || m.Net.Out() != nx {
		return fmt.Errorf("net maps %d to %d values; it needs %d features and %d state coordinates",
			m.Net.In, m.Net.Out(), m.Features.Rows, nx)
	}
	if err := m.Net.Validate(); err != nil {
		return fmt.Errorf("net: %w", err)
	}
	if err := m.In.Validate(m.Features.Rows, false); err != nil {
		return fmt.Errorf("input %w", err)
	}
	if err := m.Out.Validate(nx, true); err != nil {
		return fmt.Errorf("output %w", err)
	}
	return m.Meta.validate(nx, nu)
}

// Hash returns the SHA-256 of all that decides a step, in hexadecimal: the network
// and what stands around it, without the metadata.
func (m *Model) Hash() string {
	h := sha256.New()
	for _, a := range []control.Affine{m.Features, m.Base} {
		hashUint64(h, uint64(a.Rows))
		hashUint64(h, uint64(a.Cols))
		hashFloats(h, a.W)
		hashFloats(h, a.B)
	}
	for _, z := range []Normalizer{m.In, m.Out} {
		hashFloats(h, z.Mean)
		hashFloats(h, z.Scale)
	}
	for i := range m.Net.Layers {
		l := &m.Net.Layers[i]
		for _, n := range []int{l.From, l.To, l.Out} {
			hashUint64(h, uint64(n))
		}
		for j := range l.Out {
			hashUint64(h, uint64(l.Gate(j)))
		}
	}
	hashFloats(h, m.Net.Params)
	return hex.EncodeToString(h.Sum(nil))
}

func (m *Model) workspace() *workspace {
	if m.ws == nil {
		nx, nu := m.Dims()
		nf := m.Features.Rows
		m.ws = &workspace{
			v: make([]float64, nx+nu), dv: make([]float64, nx+nu),
			f: make([]float64, nf), df: make([]float64, nf),
			y: make([]float64, nx), dy: make([]float64, nx),
			net: m.Net.NewWorkspace(),
		}
	}
	return m.ws
}

// Step writes the predicted next state to dst, which may alias x.
func (m *Model) Step(dst, x, u []float64) {
	m.check(x, u)
	if len(dst) != len(x) {
		panic("dynamics: Model: dst has the wrong length")
	}
	ws := m.workspace()
	m.forward(ws, x, u)
	m.Out.Invert(ws.y, ws.y)
	m.Base.Apply(dst, ws.v)
	for i, y := range ws.y {
		dst[i] += y
	}
}

func (m *Model) check(x, u []float64) {
	nx, nu := m.Dims()
	if len(x) != nx || len(u) != nu {
		panic("dynamics: Model: state or action has the wrong length")
	}
}

// forward leaves v, the normalised features and the raw network output in ws.
func (m *Model) forward(ws *workspace, x, u []float64) {
	copy(ws.v, x)
	copy(ws.v[len(x):], u)
	m.Features.Apply(ws.f, ws.v)
	m.In.Apply(ws.f, ws.f)
	m.Net.Forward(ws.y, ws.f, ws.net)
}

// VJP writes lambda' dx'/dx to dx and lambda' dx'/du to du.
func (m *Model) VJP(dx, du, x, u, lambda []float64) {
	m.check(x, u)
	m.check(dx, du)
	if len(lambda) != len(x) {
		panic("dynamics: Model: lambda has the wrong length")
	}
	ws := m.workspace()
	m.forward(ws, x, u)
	for i, l := range lambda {
		ws.dy[i] = l * m.Out.Scale[i]
	}
	m.Net.VJP(ws.df, ws.dy, ws.net)
	for i := range ws.df {
		ws.df[i] /= m.In.Scale[i]
	}
	clear(ws.dv)
	m.Features.AddTransposed(ws.dv, ws.df)
	m.Base.AddTransposed(ws.dv, lambda)
	copy(dx, ws.dv)
	copy(du, ws.dv[len(x):])
}

// Stepping returns the whole model as one network [x; u] -> x' whose hidden
// units are all ReLU: features, normalisers and base are folded into its
// weights. It agrees with Step up to rounding.
func (m *Model) Stepping() *nn.Net {
	w, b := m.normalizedFeatures()
	offset := make([]float64, m.Base.Rows)
	for i := range offset {
		offset[i] = m.Base.B[i] + m.Out.Mean[i]
	}
	return m.Net.Wrap(nn.Shell{
		In: m.Base.Cols, Weight: w, Bias: b,
		Scale: m.Out.Scale, Residual: m.Base.W, Offset: offset,
	})
}

// normalizedFeatures returns the map v -> (F v + f - In.Mean) / In.Scale.
func (m *Model) normalizedFeatures() (w, b []float64) {
	w = make([]float64, len(m.Features.W))
	b = make([]float64, m.Features.Rows)
	for i, s := range m.In.Scale {
		for j, f := range m.Features.Row(i) {
			w[i*m.Features.Cols+j] = f / s
		}
		b[i] = (m.Features.B[i] - m.In.Mean[i]) / s
	}
	return w, b
}
