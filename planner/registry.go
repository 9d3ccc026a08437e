package planner

import (
	"fmt"
	"slices"

	"hinge/control"
	"hinge/internal/strictyaml"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/cbc"
	"hinge/milp/highs"
)

// Options are the choices of [New]: what several planners share, then what one
// planner alone reads. Zero values mean the planner's documented defaults.
type Options struct {
	Seed    uint64
	Workers int // goroutines

	RelGap, AbsGap float64 // of bnb, highs and cbc
	NodeLimit      int     // likewise

	// Samples and Iterations are the counted budget of cem, cma, beam, mppi, ps, gd and random.
	// Negative Iterations mean until the deadline.
	Samples, Iterations int
	Candidates          int // trajectories a plan of theirs carries

	CEM  CEMOptions      // fields above that are not zero take precedence
	CMA  CMAOptions      // likewise
	Beam BeamOptions     // likewise
	MPPI MPPIOptions     // likewise
	PS   PSOptions       // likewise
	GD   GradientOptions // likewise
	BnB  bnb.Options     // likewise
}

// Entry is one planner of the registry.
type Entry struct {
	Name, Summary string
	build         func(Problem, Options) (control.Planner, error)
}

var entries = []Entry{
	{"bnb", "branch-and-bound on the ReLU program, certified gap", buildBnB},
	{"highs", "mixed-integer program, solved by HiGHS", buildHiGHS},
	{"cbc", "mixed-integer program, solved by the command cbc of COIN-OR", buildCBC},
	{"cem", "cross-entropy method", buildCEM},
	{"cma", "covariance matrix adaptation: the cross-entropy method for narrow valleys", buildCMA},
	{"beam", "beam search over cells of states, then covariance adaptation: for ways round obstacles", buildBeam},
	{"mppi", "model-predictive path-integral control", buildMPPI},
	{"ps", "predictive sampling: on from the best of samples around the best", buildPS},
	{"gd", "gradient descent on the model from several starts", buildGradient},
	{"hold", "one constant action", buildHold},
	{"random", "best of uniform samples", buildRandom},
}

// Entries returns the planners that [New] knows.
func Entries() []Entry { return slices.Clone(entries) }

// Names returns the names of the planners that [New] knows.
func Names() []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return names
}

// New returns the planner of that name for p.
func New(name string, p Problem, opts Options) (control.Planner, error) {
	for _, e := range entries {
		if e.Name != name {
			continue
		}
		build := func(p Problem) (control.Planner, error) { return e.build(p, opts) }
		if p.Align != nil {
			return newAligned(p, build)
		}
		return build(p)
	}
	return nil, fmt.Errorf("planner %q is unknown; %s", name, strictyaml.Choices("planners", name, Names()))
}

// take sets *dst to v unless v is the zero value.
func take[T comparable](dst *T, v T) {
	var zero T
	if v != zero {
		*dst = v
	}
}

func buildBnB(p Problem, o Options) (control.Planner, error) {
	b := o.BnB
	take(&b.Seed, o.Seed)
	take(&b.Workers, o.Workers)
	take(&b.RelGap, o.RelGap)
	take(&b.AbsGap, o.AbsGap)
	take(&b.NodeLimit, o.NodeLimit)
	return NewBranchAndBound(p, b)
}

func buildHiGHS(p Problem, o Options) (control.Planner, error) {
	solver, err := highs.Open()
	if err != nil {
		return nil, fmt.Errorf("planner: %w", err)
	}
	return NewMIP(p, "highs", solver, o.generic())
}

func buildCBC(p Problem, o Options) (control.Planner, error) {
	solver, err := cbc.Open()
	if err != nil {
		return nil, fmt.Errorf("planner: %w", err)
	}
	return NewMIP(p, "cbc", solver, o.generic())
}

// generic returns what a generic solver is told.
func (o Options) generic() milp.Options {
	return milp.Options{RelGap: o.RelGap, AbsGap: o.AbsGap, NodeLimit: o.NodeLimit, Workers: o.Workers, Seed: o.Seed}
}

// override lets what o says to all planners take precedence.
func (s *Sampling) override(o Options) {
	take(&s.Seed, o.Seed)
	take(&s.Workers, o.Workers)
	take(&s.Samples, o.Samples)
	take(&s.Iterations, o.Iterations)
	take(&s.Candidates, o.Candidates)
}

func buildCEM(p Problem, o Options) (control.Planner, error) {
	o.CEM.override(o)
	return NewCEM(p, o.CEM)
}

func buildCMA(p Problem, o Options) (control.Planner, error) {
	o.CMA.override(o)
	return NewCMA(p, o.CMA)
}

func buildBeam(p Problem, o Options) (control.Planner, error) {
	o.Beam.override(o)
	return NewBeam(p, o.Beam)
}

func buildMPPI(p Problem, o Options) (control.Planner, error) {
	o.MPPI.override(o)
	return NewMPPI(p, o.MPPI)
}

func buildPS(p Problem, o Options) (control.Planner, error) {
	o.PS.override(o)
	return NewPS(p, o.PS)
}

func buildGradient(p Problem, o Options) (control.Planner, error) {
	o.GD.override(o)
	return NewGradient(p, o.GD)
}

func buildHold(p Problem, _ Options) (control.Planner, error) { return NewHold(p) }

func buildRandom(p Problem, o Options) (control.Planner, error) {
	var r RandomOptions
	r.override(o)
	return NewRandom(p, r)
}
