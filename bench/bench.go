package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"hinge/dynamics"
)

// Options are the choices of [Run].
type Options struct {
	Seed uint64
	// Rounds is how often everything is measured; 0 means 3.
	Rounds int
	// Binary is the command whose start is measured; "" means this program.
	Binary string
	// Data is the folder of outside data; only some benchmarks need it.
	Data string
	// Starts is the number of start states, 0 for the default of the benchmark.
	Starts int
	// Time is the processor time a search may take; 0 means what the benchmark's
	// summary says. See [Takes].
	Time time.Duration
	// Peers names the generic solvers to compare with; nil means all of [Peers].
	Peers []string
	// Full asks for everything, where the default is a sample that takes minutes.
	Full bool
	// Seeds is the number of trainings, or of plans among obstacles, 0 for the
	// default of the benchmark.
	Seeds int
	// Folder keeps what a long benchmark has finished: a run that was interrupted
	// goes on there. "" means that nothing is kept.
	Folder string
	// Card completes the metadata of a model of the benchmark from its training data,
	// before it is kept; nil for none.
	Card func(*dynamics.Model, *dynamics.Dataset) error
	// OnRound is called before every measurement, of which there are total; nil
	// for none.
	OnRound func(done, total int, what string)
}

func (o Options) rounds() int {
	if o.Rounds == 0 {
		return 3
	}
	return o.Rounds
}

// Row is one comparison.
type Row struct {
	Name   string   `json:"name"`
	Peer   string   `json:"peer"`
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"`
	Ours   float64  `json:"ours"`
	Theirs *float64 `json:"theirs"` // nil where the peer is not installed
	Ratio  *float64 `json:"ratio"`  // above 1: ours is better; nil without a peer
}

// Report is the result of a benchmark.
type Report struct {
	Rows     []Row             `json:"rows"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"` // of us, Go and every peer
	// Picture writes a PNG; nil if there is nothing to see.
	Picture func(io.Writer) error `json:"-"`
}

// bench is one benchmark by name.
type bench struct {
	name, summary string
	run           func(context.Context, *session) error
	takes         []Choice
}

// Choice is a field of [Options] that only some benchmarks read.
type Choice string

// The choices, by the names of their flags.
const (
	TimeChoice   Choice = "time"
	StartsChoice Choice = "starts"
	SeedsChoice  Choice = "seeds"
	PeersChoice  Choice = "peers"
	FullChoice   Choice = "full"
)

// Choices returns all of them.
func Choices() []Choice {
	return []Choice{TimeChoice, StartsChoice, SeedsChoice, PeersChoice, FullChoice}
}

// againstPeers are the choices of benchmarks that run generic solvers.
var againstPeers = []Choice{TimeChoice, PeersChoice, FullChoice}

var benches = []bench{
	{name: "train", summary: "training of a small perceptron, against numpy and PyTorch; batched roll-outs, against the peak", run: trainBench},
	{name: "sim", summary: "simulator pokes and sub-steps per processor second, against pymunk", run: simBench},
	{name: "plan", summary: "encoding, solving to a gap, start-up time; against generic solvers", run: planBench,
		takes: []Choice{TimeChoice, PeersChoice}},
	{name: "deadline", summary: "how late the search returns, against an idle loop", run: deadlineBench},
	{name: "acasxu", summary: "properties of 27 networks for aircraft, 112 proofs and refutations", run: acasxuBench},
	{name: "push-t-grid", summary: "proofs for small push-T models, 20 s each at most; against generic solvers", run: pushTGridBench,
		takes: againstPeers},
	{name: "hd-milp-plan", summary: "proofs of plans under hard constraints; against generic solvers", run: hdMILPPlanBench,
		takes: againstPeers},
	{name: "push-t", summary: "first plans with the sparse model, and plans among obstacles, 20 s each", run: pushTBench,
		takes: []Choice{TimeChoice, StartsChoice, SeedsChoice}},
	{name: "scaling", summary: "time against ReLUs, inputs, horizon and the share of unstable units; against generic solvers", run: scalingBench,
		takes: againstPeers},
	{name: "replan", summary: "closed loop with the sparse model: proven plans and their time, .05 s each at most", run: replanBench,
		takes: []Choice{TimeChoice, StartsChoice}},
	{name: "sparsify", summary: "error, proofs and closed loop against ReLUs, by five ways to choose them; goes on where it was stopped",
		run: sparsifyBench, takes: []Choice{TimeChoice, SeedsChoice, FullChoice}},
}

// Names returns the names of all benchmarks.
func Names() []string {
	names := make([]string, len(benches))
	for i, b := range benches {
		names[i] = b.name
	}
	return names
}

// Summary returns one line about a benchmark, "" if there is none of that name.
func Summary(name string) string {
	for _, b := range benches {
		if b.name == name {
			return b.summary
		}
	}
	return ""
}

// Takes reports whether a benchmark reads a choice.
func Takes(name string, c Choice) bool {
	for _, b := range benches {
		if b.name == name {
			return slices.Contains(b.takes, c)
		}
	}
	return false
}

// Run measures. The name must be one of [Names].
func Run(ctx context.Context, name string, opts Options) (*Report, error) {
	for _, b := range benches {
		if b.name != name {
			continue
		}
		s := newSession(opts)
		if err := b.run(ctx, s); err != nil {
			return nil, fmt.Errorf("bench %s: %w", name, err)
		}
		return &s.report, nil
	}
	panic("bench: Run: no benchmark of that name")
}

// session collects the rows of one benchmark.
type session struct {
	opts   Options
	report Report
}

func newSession(opts Options) *session {
	return &session{opts: opts, report: Report{Machine: thisMachine(), Versions: ourVersions()}}
}

// announce says what is measured next.
func (s *session) announce(done, total int, what string) {
	if s.opts.OnRound != nil {
		s.opts.OnRound(done, total, what)
	}
}

// add adds a row without a peer.
func (s *session) add(name, metric, unit string, value float64) {
	s.report.Rows = append(s.report.Rows, Row{Name: name, Peer: noPeer, Metric: metric, Unit: unit, Ours: value})
}

// side is one column of a comparison: a measurement that can be repeated.
type side struct {
	name    string
	measure func(context.Context) (float64, error)
}

// comparison is a row to be.
type comparison struct {
	row            Row
	higherIsBetter bool
	ours           side
	theirs         *side // nil where the peer is not installed
}

// compare measures both sides in turn and adds the row of their best values.
func (s *session) compare(ctx context.Context, c comparison) error {
	sides := []side{c.ours}
	if c.theirs != nil {
		sides = append(sides, *c.theirs)
	}
	best := make([]float64, len(sides))
	for i := range best {
		best[i] = math.NaN()
	}
	rounds := s.opts.rounds()
	for round := range rounds {
		for i, side := range sides {
			s.announce(round*len(sides)+i, rounds*len(sides), c.row.Name+": "+side.name)
			v, err := side.measure(ctx)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", c.row.Name, side.name, err)
			}
			best[i] = better(best[i], v, c.higherIsBetter)
		}
	}
	row := c.row
	row.Ours = best[0]
	if len(best) == 2 {
		row.Theirs, row.Ratio = &best[1], ratio(best[0], best[1], c.higherIsBetter)
	}
	s.report.Rows = append(s.report.Rows, row)
	return nil
}

func better(best, v float64, higher bool) float64 {
	if math.IsNaN(best) || higher == (v > best) {
		return v
	}
	return best
}

// ratio says how many times better ours is; nil where that has no meaning.
func ratio(ours, theirs float64, higher bool) *float64 {
	r := theirs / ours
	if higher {
		r = ours / theirs
	}
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return nil
	}
	return &r
}
