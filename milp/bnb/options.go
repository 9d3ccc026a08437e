package bnb

import (
	"math"
	"time"

	"hinge/milp"
	"hinge/milp/certificate"
)

// Options are the choices of [Solve]. The zero value is the documented default.
// Clock limits come from the context; NodeLimit is their counting twin.
type Options struct {
	RelGap    float64     // stop at this relative gap; 0 means 1e-4, negative never
	AbsGap    float64     // stop at this absolute gap; 0 means 1e-6, negative never
	NodeLimit int         // 0 means none
	Workers   int         // 0 means 1; the answer does not depend on it
	Seed      uint64      // of the random starts
	Starts    [][]float64 // action sequences to try first, H x Nu each

	// Samples is the number of random action sequences tried for an incumbent
	// before the search; 0 means 256, negative none.
	Samples int
	// Descents is the number of projected gradient descents from the best
	// samples; 0 means 16, negative none.
	Descents int
	// DualSteps is the number of ascent steps on the dual of a node; 0 means 10,
	// negative none.
	DualSteps int
	// OpenLimit caps the open nodes of a tree; beyond it the search plunges into the newest
	// nodes instead of the best ones. 0 means as many as fit into 1 GB, at most 200,000.
	OpenLimit int

	// Record keeps the proof, for [Result.Certificate]. It changes nothing else, except
	// that a deadline may be overrun by a second, and by what it takes to evaluate the plan
	// with more bits.
	Record bool
	// RecordLimit caps the numbers kept for it, 8 bytes each; beyond it what is below
	// the nodes then open is not recorded, and the certificate proves the bound of
	// that moment. 0 means 60 million.
	RecordLimit int

	// First is how the tree of a program of the same size was split, nil for nothing:
	// where a step has few units, it is split so again. It changes the tree, not what it
	// proves. See [Result.Splits].
	First *Splits

	enough *float64 // a bound that suffices; nil if none does before the gap is met
	asks   bool     // a plan below enough is enough, too
	phases bool     // the tree that splits phases alone, if it can

	// OnProgress is called after each round; nil for none.
	OnProgress func(Progress)
}

// Progress is the state of the search after a round.
type Progress struct {
	Elapsed              time.Duration
	PrimalBound          float64
	DualBound            float64
	NodeCount, OpenNodes int
}

func (o Options) withDefaults() Options {
	o.RelGap = min(defaultGap(o.RelGap, 1e-4), 1) // beyond 1 a better incumbent would raise the cutoff
	o.AbsGap = defaultGap(o.AbsGap, 1e-6)
	o.Workers = max(1, o.Workers)
	o.Samples = defaultCount(o.Samples, 256)
	o.Descents = defaultCount(o.Descents, 16)
	o.DualSteps = defaultCount(o.DualSteps, 10)
	o.RecordLimit = defaultCount(o.RecordLimit, 60_000_000)
	if o.NodeLimit <= 0 {
		o.NodeLimit = math.MaxInt
	}
	return o
}

// defaultGap maps 0 to the default and negative values to 0: never reached by
// a gap that is not closed.
func defaultGap(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return max(0, v)
}

func defaultCount(v, def int) int {
	if v == 0 {
		return def
	}
	return max(0, v)
}

// Result is what the search knows when it stops.
type Result struct {
	Status        milp.Status
	U             []float64 // incumbent, H x Nu; nil if there is none
	Objective     float64   // J(U) by a forward pass; +Inf if there is no incumbent
	DualBound     float64   // sound lower bound of J on the box; +Inf if it holds no plan
	NodeCount     int
	UnstableReLUs int // on the whole box
	FirstPlanTime time.Duration
	SolveTime     time.Duration

	// Certificate is the proof, if Options.Record asked for it and a finite bound was
	// proven. Its bound is DualBound unless the record was full or the search did not end
	// in time. With constraints the checker finds ranges its own way, and may not repeat
	// all of it: see [certificate.Concede].
	Certificate *certificate.Certificate

	// Splits is how the tree on phases was split, where a step has few units; nil if that
	// tree was not grown, or if a deadline was met.
	Splits *Splits

	work  int    // of all contestants
	proof *proof // of trees, if they were recorded
}
