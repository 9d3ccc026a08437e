package sparsify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"hinge/dynamics"
	"hinge/nn"
)

// Worth is what a planner makes of a model.
type Worth struct {
	Work float64 // of a plan, such as nodes of a search
	Cost float64 // of an episode, lower is better
}

// EaseOptions are the choices of [Ease]; Play and Judge are required.
type EaseOptions struct {
	// Train holds what all trainings share; its Horizon is also the length of the
	// windows that the data are cut into. Epochs of 0 mean 20, a LearningRate of 0
	// means 0.01. Checkpoint, State and OnEpoch must not be set.
	Train dynamics.TrainOptions
	// Rounds of playing, training and judging; 0 means 4.
	Rounds int
	// Recipes are how candidates are made, one of each in every round; nil means to
	// keep all ReLUs, and to keep 0.8 of them.
	Recipes []Recipe
	// Ranges is needed for recipes with Stable.
	Ranges func(m *dynamics.Model, played *dynamics.Dataset) dynamics.UnitRanges
	// Slack is how much dearer an episode may become, relative to the first model's;
	// 0 means 0.05, below 0 none.
	Slack float64
	// Played is the share of training windows that come from the planner, which are
	// few and are repeated accordingly; 0 means 0.3.
	Played float64

	// Play lets the planner act with m and returns what happened, in episodes of at
	// least Horizon steps. Rounds count from 0 and should differ in their starts.
	Play func(ctx context.Context, m *dynamics.Model, round int) (*dynamics.Dataset, error)
	// Judge measures m on episodes that Play never sees, the same for every model.
	Judge func(ctx context.Context, m *dynamics.Model) (Worth, error)
	// OnTrial is called after every candidate; nil for none.
	OnTrial func(Trial)
}

// Recipe is a way to make a candidate of the best model.
type Recipe struct {
	Share      float64 // of its ReLUs that stay, in (0, 1]
	Stable, L1 float64 // factors of these terms of the loss; see [dynamics.TrainOptions]
}

// Trial is a candidate of [Ease].
type Trial struct {
	Round  int // from 1; 0 is the model at the start
	Recipe Recipe
	Model  *dynamics.Model
	ReLUs  int
	Worth  Worth
	// Kept means that it is the best model from here on; when it is told, of all until
	// then, which a later candidate of its round may still be better than.
	Kept bool
	// Diverged is why there is no model; nil where there is one.
	Diverged *dynamics.DivergedError
	// Done and Total count trials.
	Done, Total int
}

func (o EaseOptions) withDefaults() EaseOptions {
	o.Train.Horizon = cmp.Or(o.Train.Horizon, 3)
	o.Train.Epochs = cmp.Or(o.Train.Epochs, 20)
	o.Train.LearningRate = cmp.Or(o.Train.LearningRate, 1e-2)
	o.Rounds = cmp.Or(o.Rounds, 4)
	o.Slack = cmp.Or(o.Slack, 0.05)
	o.Played = cmp.Or(o.Played, 0.3)
	if o.Recipes == nil {
		o.Recipes = []Recipe{{Share: 1}, {Share: 0.8}}
	}
	o.Slack = max(0, o.Slack)
	return o
}

func (o EaseOptions) validate() error {
	if o.Play == nil || o.Judge == nil {
		panic("sparsify: EaseOptions: Play and Judge are required")
	}
	if o.Rounds < 1 {
		return fmt.Errorf("sparsify: %d rounds; there must be at least 1", o.Rounds)
	}
	if !(o.Played > 0 && o.Played < 1) {
		return fmt.Errorf("sparsify: the planner's share of the data is %g; it must lie between 0 and 1", o.Played)
	}
	for _, r := range o.Recipes {
		if !(r.Share > 0 && r.Share <= 1) {
			return fmt.Errorf("sparsify: a candidate keeps the share %g of the ReLUs; it must be above 0 and at most 1", r.Share)
		}
		if !(r.Stable >= 0) || math.IsInf(r.Stable, 1) || r.Stable > 0 && o.Ranges == nil {
			return fmt.Errorf("sparsify: a candidate has the factor %g for stable units; it must be finite, at least 0, and 0 without ranges", r.Stable)
		}
	}
	return nil
}

// Ease makes a model easier to prove plans with, by the planner's own account. In
// every round the planner plays with the best model so far, what it met joins the
// data, and candidates are trained on all of it: with fewer ReLUs, with a reward
// for stable units, or as they are. Of those whose episodes are not dearer than the
// first model's, the one with the least work becomes the best; one whose training
// diverges is left out. It returns all trials in their order, those until then with
// an error; the last one kept is the result.
//
// Data that the planner makes itself are what DAgger adds (Ross, Gordon and
// Bagnell, AISTATS 2011): they lie where the planner looks, among them the states
// it is led to by errors of the model.
func Ease(ctx context.Context, m *dynamics.Model, d *dynamics.Dataset, opts EaseOptions) ([]Trial, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("sparsify: %w", err)
	}
	if d.Steps < opts.Train.Horizon {
		return nil, fmt.Errorf("sparsify: episodes of %d steps; training needs %d", d.Steps, opts.Train.Horizon)
	}
	e := &easing{opts: opts, recorded: d.Windows(opts.Train.Horizon, opts.Train.Horizon), total: 1 + opts.Rounds*len(opts.Recipes)}
	first := m.Clone().(*dynamics.Model)
	first.Net = nn.Fold(m.Net)
	worth, err := opts.Judge(ctx, first)
	if err != nil {
		return nil, fmt.Errorf("sparsify: %w", err)
	}
	e.best = Trial{Model: first, ReLUs: first.Net.Count(nn.ReLU), Worth: worth, Kept: true}
	e.limit = worth.Cost + opts.Slack*math.Abs(worth.Cost)
	e.tell(e.best)
	e.trials = []Trial{e.best}
	for round := 1; round <= opts.Rounds; round++ {
		if err := e.round(ctx, round); err != nil {
			return e.trials, fmt.Errorf("sparsify: round %d: %w", round, err)
		}
	}
	return e.trials, nil
}

// easing is the state of [Ease].
type easing struct {
	opts     EaseOptions
	recorded *dynamics.Dataset // windows of the data at the start
	played   *dynamics.Dataset // windows of all rounds
	best     Trial
	limit    float64 // of the cost
	trials   []Trial
	done     int
	total    int
}

func (e *easing) tell(t Trial) {
	e.done++
	t.Done, t.Total = e.done, e.total
	if e.opts.OnTrial != nil {
		e.opts.OnTrial(t)
	}
}

func (e *easing) round(ctx context.Context, round int) error {
	met, err := e.opts.Play(ctx, e.best.Model, round-1)
	if err != nil {
		return err
	}
	if met.Steps < e.opts.Train.Horizon {
		return fmt.Errorf("episodes of %d steps were played; training needs %d", met.Steps, e.opts.Train.Horizon)
	}
	met = met.Windows(e.opts.Train.Horizon, 1)
	if e.played != nil {
		met = e.played.Join(met, 1)
	}
	e.played = met
	data := e.recorded.Join(e.played, repeats(e.recorded.Episodes, e.played.Episodes, e.opts.Played))
	start, kept := e.best, -1
	for _, recipe := range e.opts.Recipes {
		t, err := e.try(ctx, start, data, recipe)
		if err != nil && !errors.As(err, &t.Diverged) {
			return err
		}
		t.Round = round
		if err == nil && t.Worth.Cost <= e.limit && t.Worth.Work < e.best.Worth.Work {
			if kept >= 0 {
				e.trials[kept].Kept = false
			}
			t.Kept, kept = true, len(e.trials)
			e.best = t
		}
		e.trials = append(e.trials, t)
		e.tell(t)
	}
	return nil
}

// try trains and judges one candidate.
func (e *easing) try(ctx context.Context, start Trial, data *dynamics.Dataset, recipe Recipe) (Trial, error) {
	opts := Options{Train: e.opts.Train}
	opts.Train.Stable, opts.Train.L1 = recipe.Stable, recipe.L1
	if recipe.Stable > 0 {
		opts.Train.Ranges = func(m *dynamics.Model) dynamics.UnitRanges { return e.opts.Ranges(m, e.played) }
	}
	budget := max(1, int(math.Floor(recipe.Share*float64(start.ReLUs))))
	budget = min(budget, start.ReLUs)
	results, err := Reduce(ctx, start.Model, data, []int{budget}, opts)
	if err != nil {
		return Trial{Recipe: recipe, ReLUs: budget}, err
	}
	t := Trial{Recipe: recipe, Model: results[0].Model, ReLUs: results[0].Report.ReLUs}
	t.Worth, err = e.opts.Judge(ctx, t.Model)
	return t, err
}

// repeats returns how often few windows stand beside many to make up a share.
func repeats(many, few int, share float64) int {
	return max(1, int(math.Round(share/(1-share)*float64(many)/float64(few))))
}
