package dynamics

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"math/rand/v2"
	"slices"

	"hinge/control"
)

// Signals describes the coordinates of states and actions, and of what system.
type Signals struct {
	Task string `json:"task"`
	// Period is the time between two steps in seconds; 0 where an action has no
	// fixed duration.
	Period float64 `json:"period"`
	// Names and units of the coordinates: none at all, or one each.
	StateNames  []string `json:"state_names,omitempty"`
	StateUnits  []string `json:"state_units,omitempty"`
	ActionNames []string `json:"action_names,omitempty"`
	ActionUnits []string `json:"action_units,omitempty"`
	// PointDim is the number of successive state coordinates that make one point
	// in space, so that errors are distances; 0 means 1.
	PointDim int `json:"point_dim,omitempty"`
}

// pointDim returns PointDim with its default.
func (s *Signals) pointDim() int { return max(1, s.PointDim) }

// validate reports names, units or points that do not fit the sizes.
func (s *Signals) validate(nx, nu int) error {
	for _, list := range []struct {
		field string
		have  []string
		want  int
	}{
		{"state_names", s.StateNames, nx}, {"state_units", s.StateUnits, nx},
		{"action_names", s.ActionNames, nu}, {"action_units", s.ActionUnits, nu},
	} {
		if len(list.have) != 0 && len(list.have) != list.want {
			return fmt.Errorf("meta: %s has %d entries; it needs %d, or none", list.field, len(list.have), list.want)
		}
	}
	if s.PointDim < 0 || nx%s.pointDim() != 0 {
		return fmt.Errorf("meta: point_dim is %d; it must divide the %d state coordinates", s.PointDim, nx)
	}
	if s.Period < 0 || math.IsNaN(s.Period) || math.IsInf(s.Period, 0) {
		return fmt.Errorf("meta: period is %g; it must be a finite number of seconds >= 0", s.Period)
	}
	return nil
}

// DataMeta is what a [Dataset] knows about its origin.
type DataMeta struct {
	Signals
	Seed uint64 `json:"seed"`
	Tool string `json:"tool,omitempty"` // program and version that recorded it
	// Rounds are who acted in which episodes, where that was not the exploration
	// of the task alone.
	Rounds []Round `json:"rounds,omitempty"`
}

// Round is successive episodes in which the same policy acted.
type Round struct {
	Episodes int    `json:"episodes"`
	Policy   string `json:"policy"`          // "push" for the exploration of the task
	Model    string `json:"model,omitempty"` // [Model.Hash] of what a planner used
}

// PolicyPush is the exploration of the task, which no round speaks of if nothing
// else acted.
const PolicyPush = "push"

// addRound appends a round, or lengthens the last one. before is the number of
// episodes so far.
func (m *DataMeta) addRound(before int, r Round) {
	rounds := slices.Clone(m.Rounds)
	if len(rounds) == 0 && before > 0 {
		rounds = []Round{{Episodes: before, Policy: PolicyPush}}
	}
	if last := len(rounds) - 1; last >= 0 && rounds[last].Policy == r.Policy && rounds[last].Model == r.Model {
		rounds[last].Episodes += r.Episodes
	} else {
		rounds = append(rounds, r)
	}
	if len(rounds) == 1 && rounds[0].Policy == PolicyPush {
		rounds = nil
	}
	m.Rounds = rounds
}

// Dataset is recorded episodes of equal length.
type Dataset struct {
	Meta     DataMeta
	Episodes int
	Steps    int // actions in an episode
	Nx, Nu   int
	X        []float64 // Episodes x (Steps+1) x Nx, row-major
	U        []float64 // Episodes x Steps x Nu, row-major
	// Align finds the frame in which a model sees a window of steps, by the window's
	// first state, as a planner will have it; nil means that of the world. The task knows
	// it: no file does.
	Align control.Align
}

// NewDataset returns a zero data set of the given sizes.
func NewDataset(episodes, steps, nx, nu int) *Dataset {
	return &Dataset{
		Episodes: episodes, Steps: steps, Nx: nx, Nu: nu,
		X: make([]float64, episodes*(steps+1)*nx),
		U: make([]float64, episodes*steps*nu),
	}
}

// State returns x_t of episode e, t in 0..Steps, sharing memory.
func (d *Dataset) State(e, t int) []float64 {
	i := (e*(d.Steps+1) + t) * d.Nx
	return d.X[i : i+d.Nx : i+d.Nx]
}

// Action returns u_t of episode e, t in 0..Steps-1, sharing memory.
func (d *Dataset) Action(e, t int) []float64 {
	i := (e*d.Steps + t) * d.Nu
	return d.U[i : i+d.Nu : i+d.Nu]
}

// AllEpisodes returns the numbers of all episodes.
func (d *Dataset) AllEpisodes() []int {
	all := make([]int, d.Episodes)
	for e := range all {
		all[e] = e
	}
	return all
}

// See writes [x_t; u_t] and x_{t+1} of episode e to v (Nx+Nu) and next (Nx), as seen
// from a window that starts at step first.
func (d *Dataset) See(v, next []float64, e, first, t int) {
	f := d.Align.Of(d.State(e, first))
	f.Points(v[:d.Nx], d.State(e, t))
	f.Vectors(v[d.Nx:], d.Action(e, t))
	f.Points(next, d.State(e, t+1))
}

// Validate reports sizes that contradict each other, metadata that does not fit
// and the first value that is not finite.
func (d *Dataset) Validate() error {
	if d.Episodes < 1 || d.Steps < 1 || d.Nx < 1 || d.Nu < 1 {
		return fmt.Errorf("data set of %d episodes x %d steps, %d state and %d action coordinates; each must be at least 1",
			d.Episodes, d.Steps, d.Nx, d.Nu)
	}
	if want := d.Episodes * (d.Steps + 1) * d.Nx; len(d.X) != want {
		return fmt.Errorf("x holds %d values; %d episodes x %d states x %d coordinates make %d",
			len(d.X), d.Episodes, d.Steps+1, d.Nx, want)
	}
	if want := d.Episodes * d.Steps * d.Nu; len(d.U) != want {
		return fmt.Errorf("u holds %d values; %d episodes x %d actions x %d coordinates make %d",
			len(d.U), d.Episodes, d.Steps, d.Nu, want)
	}
	if err := checkFinite("x", d.X, d.Steps+1, d.Nx); err != nil {
		return err
	}
	if err := checkFinite("u", d.U, d.Steps, d.Nu); err != nil {
		return err
	}
	return d.Meta.validate(d.Nx, d.Nu)
}

// checkFinite names the first value of a [.][rows][cols] array that is not finite.
func checkFinite(name string, v []float64, rows, cols int) error {
	for i, a := range v {
		if math.IsNaN(a) || math.IsInf(a, 0) {
			return fmt.Errorf("%s[%d][%d][%d] is %g; it must be finite", name, i/(rows*cols), i/cols%rows, i%cols, a)
		}
	}
	return nil
}

// Hash returns the SHA-256 of the sizes, the arrays and the metadata in
// hexadecimal: two data sets with one hash train the same model.
func (d *Dataset) Hash() string {
	h := sha256.New()
	for _, n := range []int{d.Episodes, d.Steps, d.Nx, d.Nu} {
		hashUint64(h, uint64(n))
	}
	hashFloats(h, d.X)
	hashFloats(h, d.U)
	meta, err := json.Marshal(d.Meta)
	if err != nil { // only a non-finite period can do this; Validate refuses it
		panic("dynamics: Hash: metadata cannot be written as JSON")
	}
	h.Write(meta)
	return hex.EncodeToString(h.Sum(nil))
}

func hashUint64(h hash.Hash, v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	h.Write(b[:])
}

func hashFloats(h hash.Hash, v []float64) {
	var b [4096]byte
	for chunk := range slices.Chunk(v, len(b)/8) {
		for i, a := range chunk {
			binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(a))
		}
		h.Write(b[:8*len(chunk)])
	}
}

// Split returns the episode numbers of a training and a validation part, each
// in increasing order. Whole episodes go to one side, since the rows of an
// episode resemble each other. fraction, in (0, 1), is the validation part; it
// gets at least one episode and never all. The choice depends on seed alone.
func (d *Dataset) Split(fraction float64, seed uint64) (train, val []int, err error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("validation fraction is %g; it must lie between 0 and 1", fraction)
	}
	if d.Episodes < 2 {
		return nil, nil, fmt.Errorf("data set has %d episode; a training and a validation part need at least 2", d.Episodes)
	}
	n := min(max(1, int(math.Round(fraction*float64(d.Episodes)))), d.Episodes-1)
	order := rand.New(rand.NewPCG(seed, splitStream)).Perm(d.Episodes)
	train, val = order[n:], order[:n]
	slices.Sort(train)
	slices.Sort(val)
	return train, val, nil
}

// Random streams of one seed. Episodes count from 0, so the streams with another
// purpose lie far above, and far apart where they count something.
const (
	splitStream   uint64 = 1 << 60
	initStream    uint64 = 2 << 60
	shuffleStream uint64 = 3 << 60
	noiseStream   uint64 = 4 << 60
)
