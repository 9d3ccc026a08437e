package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"hinge/control"
	"hinge/dynamics"
	"hinge/internal/strictyaml"
	"hinge/nn"
	"hinge/report"
	"hinge/scenario"
	"hinge/sparsify"
	"hinge/tasks"
)

// plannerStudy is what `hinge study planner` is asked for.
type plannerStudy struct {
	model, data string
	rounds      int
	shares      []float64
	stable, l1  []float64
	epochs      int
	play        int // episodes of a round
	judge       int // episodes a candidate is judged on
	test        int // episodes before and after
	nodes       int // of every plan
	slack       float64
}

// First seeds of the episodes for each purpose, far apart: what a model learned
// from or was chosen by tells nothing about it.
const (
	testSeeds  = 1
	judgeSeeds = 10_000
	playSeeds  = 20_000
)

func (a *app) plannerCommand() *cobra.Command {
	var s plannerStudy
	c := &cobra.Command{
		Use:   "planner",
		Short: "Train a sparse model with the planner in the loop, until plans are easy to prove",
		Long: `Train a sparse model of the task of a data set with the planner in the loop: in every
round the planner plays with the best model so far, what it met joins the data, and
candidates are trained on all of it, some with fewer ReLUs. Of those whose episodes
cost no more than at the start, the one whose first plans take the fewest nodes is
kept; the best one and study.json are written after every candidate. Ends with
episodes from starts that no choice was made by.`,
		Example: "  hinge study planner --data data.npz --out planner\n  hinge study planner --data data.npz --rounds 2 --shares 0.7 --stable 0,0.1 --json",
		Args:    exactArgs(),
	}
	fl := c.Flags()
	fl.StringVar(&s.model, "model", "", "model to start from (default the scenario's)")
	fl.StringVar(&s.data, "data", "", "data set to train on besides, as written by hinge collect (required)")
	fl.IntVar(&s.rounds, "rounds", 4, "rounds of playing, training and choosing")
	fl.Float64SliceVar(&s.shares, "shares", []float64{1, 0.8}, "shares of its ReLUs that candidates keep")
	fl.Float64SliceVar(&s.stable, "stable", []float64{0}, "factors of the reward for stable units, each tried with every share")
	fl.Float64SliceVar(&s.l1, "l1", []float64{0}, "factors of the mean weight magnitude in the loss, likewise")
	fl.IntVar(&s.epochs, "epochs", 20, "of the last training of a candidate")
	fl.IntVar(&s.play, "play", 20, "episodes played in a round")
	fl.IntVar(&s.judge, "judge", 10, "episodes a candidate is judged on")
	fl.IntVar(&s.test, "test", 20, "episodes before and after")
	fl.IntVar(&s.nodes, "nodes", 5000, "most nodes of a plan")
	fl.Float64Var(&s.slack, "slack", 0.05, "how much dearer episodes may become, relative")
	return a.command(c, "folder for models and study.json (default study-planner)", func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		if s.rounds < 1 || s.epochs < 1 || s.play < 1 || s.judge < 1 || s.test < 1 || s.nodes < 1 {
			return nil, badInputf("--rounds is %d, --epochs %d, --play %d, --judge %d, --test %d, --nodes %d; each must be at least 1",
				s.rounds, s.epochs, s.play, s.judge, s.test, s.nodes)
		}
		if err := s.validate(); err != nil {
			return nil, err
		}
		if s.data == "" {
			return nil, badInputf("--data is missing; give a data set such as the first model was trained on")
		}
		if a.out == "" {
			a.out = "study-planner"
		}
		return a.plannerStudy(ctx, s, commandLine(cmd, args))
	})
}

// validate checks what candidates are made of, before any episode is played.
func (s *plannerStudy) validate() error {
	for _, v := range s.shares {
		if !(v > 0 && v <= 1) {
			return badInputf("--shares %g: must be above 0 and at most 1", v)
		}
	}
	for _, f := range []struct {
		name   string
		values []float64
	}{{"stable", s.stable}, {"l1", s.l1}, {"slack", []float64{s.slack}}} {
		for _, v := range f.values {
			if !(v >= 0) || math.IsInf(v, 1) {
				return badInputf("--%s %g: must be finite and at least 0", f.name, v)
			}
		}
	}
	if len(s.recipes()) == 0 {
		return badInputf("--shares, --stable or --l1 has no value; there is no candidate to try")
	}
	return nil
}

func (a *app) plannerStudy(ctx context.Context, s plannerStudy, command string) (result, error) {
	w := &plannerWork{study: s, scratch: filepath.Join(a.out, "candidate.safetensors")}
	model, data, err := w.inputs()
	if err != nil {
		return nil, err
	}
	if err := makeFolder(a.out); err != nil {
		return nil, err
	}
	defer os.Remove(w.scratch)
	before, err := w.episodes(ctx, model, testSeeds, s.test)
	if err != nil {
		return nil, err
	}
	r := &studyResult{Out: a.out}
	p := a.progress("study planner", "candidates", 1)
	best, failed := model, error(nil)
	_, err = sparsify.Ease(ctx, model, data, sparsify.EaseOptions{
		Train:  dynamics.TrainOptions{Seed: a.seed, Epochs: s.epochs, Log: a.log},
		Rounds: s.rounds, Recipes: s.recipes(), Slack: orNone(s.slack),
		Ranges: playedRanges,
		Play:   w.play, Judge: w.judge,
		OnTrial: func(t sparsify.Trial) {
			if t.Done == 1 {
				p.finish()
				p = a.progress("study planner", "candidates", t.Total)
			}
			p.set(t.Done, fmt.Sprintf("%d ReLUs, %.0f nodes, cost %.3g", t.ReLUs, t.Worth.Work, t.Worth.Cost))
			trialRows(r, t)
			if t.Kept {
				best = t.Model
			}
			if t.Kept && t.Round > 0 { // the first model has a card, which says where it comes from
				failed = errors.Join(failed, card(best, data, command))
			}
			failed = errors.Join(failed, a.keepPlannerStudy(r, best))
		},
	})
	p.finish()
	if err = errors.Join(mendable(err), failed); err != nil {
		return r, err // what was found until then is kept
	}
	after, err := w.episodes(ctx, best, testSeeds, s.test)
	if err != nil {
		return r, err
	}
	comparedRows(r, before, after)
	return a.saved("study", r)
}

// keepPlannerStudy writes what is known after a trial, and the best model until then:
// trials take hours, and the next one may be interrupted.
func (a *app) keepPlannerStudy(r *studyResult, best *dynamics.Model) error {
	out := filepath.Join(a.out, "model.safetensors")
	if err := best.Save(out); err != nil {
		return err
	}
	r.Files = []string{out}
	_, err := a.saved("study", r)
	return err
}

// recipes returns every share with every factor.
func (s *plannerStudy) recipes() []sparsify.Recipe {
	var all []sparsify.Recipe
	for _, share := range s.shares {
		for _, stable := range s.stable {
			for _, l1 := range s.l1 {
				all = append(all, sparsify.Recipe{Share: share, Stable: stable, L1: l1})
			}
		}
	}
	return all
}

// inputs returns the model to start from and the data.
func (w *plannerWork) inputs() (*dynamics.Model, *dynamics.Dataset, error) {
	data, err := loadDataset(w.study.data)
	if err != nil {
		return nil, nil, err
	}
	if data.Steps < playedSteps {
		return nil, nil, badInputf("data set %s: episodes of %d steps; the study trains on windows of %d", w.study.data, data.Steps, playedSteps)
	}
	if w.task = data.Meta.Task; w.task == "" {
		return nil, nil, badInputf("data set %s: has no task; the planner plays the scenario of that name", w.study.data)
	}
	if _, err := tasks.New(w.task); err != nil {
		return nil, nil, badInputf("data set %s: its %w; only what can be simulated can be played", w.study.data, err)
	}
	sc, loop, err := w.open(0, w.study.model)
	if err != nil {
		return nil, nil, badInput(err)
	}
	return loop.Model, data, sameSystem(loop.Model, data, sc.ModelName(), w.study.data)
}

// trialRows are the figures a candidate was chosen by.
func trialRows(r *studyResult, t sparsify.Trial) {
	name := fmt.Sprintf("round %d, %d ReLUs, stable %g, l1 %g", t.Round, t.ReLUs, t.Recipe.Stable, t.Recipe.L1)
	if t.Diverged != nil {
		r.add(studyRow{Name: name, Metric: "diverged_in_epoch", Value: report.Number(t.Diverged.Epoch)})
		return
	}
	kept := 0.0
	if t.Kept {
		kept = 1
	}
	r.add(studyRow{Name: name, Metric: "nodes", Value: report.Number(t.Worth.Work)})
	r.add(studyRow{Name: name, Metric: "cost", Value: report.Number(t.Worth.Cost)})
	r.add(studyRow{Name: name, Metric: "best_so_far", Value: report.Number(kept)})
}

// comparedRows set the episodes with the last model against those with the first.
func comparedRows(r *studyResult, before, after *played) {
	for _, m := range []struct {
		metric string
		of     func(*played) float64
		goal   func(first float64) *report.Number
	}{
		{"relus", func(p *played) float64 { return p.relus }, nil},
		{"unstable_relus", func(p *played) float64 { return report.Median(p.unstable) }, nil},
		{"nodes", func(p *played) float64 { return report.GeometricMean(p.nodes) }, func(first float64) *report.Number { return numberOf(first / 3) }},
		{"plan_cpu_s", func(p *played) float64 { return report.GeometricMean(p.times) }, nil},
		{"gap", func(p *played) float64 { return report.Median(p.gaps) }, nil},
		{"cost", func(p *played) float64 { return p.cost }, func(first float64) *report.Number { return numberOf(first) }},
		{"successes", func(p *played) float64 { return p.successes }, func(first float64) *report.Number { return numberOf(first) }},
	} {
		first := m.of(before)
		row := studyRow{Name: "after", Metric: m.metric, Value: report.Number(m.of(after)), Reference: numberOf(first)}
		if m.goal != nil {
			row.Goal = m.goal(first)
		}
		r.add(row)
	}
}

// plannerWork plays episodes with a model.
type plannerWork struct {
	study   plannerStudy
	task    string // of the data, and the scenario of that name
	scratch string // file that hands a model to the scenario
}

// played is what happened in some episodes.
type played struct {
	episodes                     []*scenario.Outcome
	relus                        float64
	nodes, gaps, times, unstable []float64 // of the first plans, which start where those of every other model do
	cost                         float64   // mean of the episodes
	successes                    float64
}

// open opens the scenario with the model of a file, "" for its own.
func (w *plannerWork) open(seed int, model string) (*scenario.Scenario, *scenario.Loop, error) {
	set := map[string]string{
		"seed": strconv.Itoa(seed), "planner.name": "bnb", "planner.time": "0", "planner.nodes": strconv.Itoa(w.study.nodes),
	}
	if model != "" {
		path, err := filepath.Abs(model)
		if err != nil {
			return nil, nil, err
		}
		set["model"] = path
	}
	var overrides []strictyaml.Override
	for key, value := range set {
		overrides = append(overrides, strictyaml.Override{Label: "study planner", Key: key, Value: value})
	}
	sc, err := scenario.Load(w.task, overrides...)
	if err != nil {
		return nil, nil, err
	}
	loop, err := sc.Open()
	return sc, loop, err
}

// episodes plays n episodes with m. Limits are counted, so that the outcome does
// not depend on the machine.
func (w *plannerWork) episodes(ctx context.Context, m *dynamics.Model, seed, n int) (*played, error) {
	if err := m.Save(w.scratch); err != nil {
		return nil, err
	}
	p := &played{relus: float64(m.Net.Count(nn.ReLU))}
	for i := range n {
		_, loop, err := w.open(seed+i, w.scratch)
		if err != nil {
			return nil, err
		}
		o, err := loop.Run(ctx, scenario.RunOptions{})
		if err != nil {
			return nil, err
		}
		p.episodes = append(p.episodes, o)
		p.cost += o.Cost / float64(n)
		if o.Success {
			p.successes++
		}
		if plan := o.Steps[0].Plan; plan != nil {
			p.nodes = append(p.nodes, float64(max(plan.Nodes, 1)))
			p.times = append(p.times, plan.CPUTime.Seconds())
			p.gaps, p.unstable = append(p.gaps, plan.AbsGap()), append(p.unstable, float64(plan.UnstableReLUs))
		}
	}
	return p, nil
}

func (w *plannerWork) judge(ctx context.Context, m *dynamics.Model) (sparsify.Worth, error) {
	p, err := w.episodes(ctx, m, judgeSeeds, w.study.judge)
	if err != nil {
		return sparsify.Worth{}, err
	}
	return sparsify.Worth{Work: report.GeometricMean(p.nodes), Cost: p.cost}, nil
}

func (w *plannerWork) play(ctx context.Context, m *dynamics.Model, round int) (*dynamics.Dataset, error) {
	p, err := w.episodes(ctx, m, playSeeds+round*w.study.play, w.study.play)
	if err != nil {
		return nil, err
	}
	return windowsPlayed(p.episodes)
}

// playedSteps is the length of the windows that episodes, which end when they
// succeed, are cut into.
const playedSteps = 3

// What the reward for stable units looks at: so many windows that were played, and
// how far states and actions may be from them, in typical motions of a step and in
// ranges of the action.
const (
	rewardedWindows = 8
	nearState       = 0.25
	nearAction      = 0.25
)

// playedRanges returns what the units of m can be along windows that were played: near
// every state, and every action taken there, as seen from where the window starts. From
// the whole box of actions, where no plan stays, hardly any unit can be stable.
func playedRanges(m *dynamics.Model, played *dynamics.Dataset) dynamics.UnitRanges {
	action := actionBox(played)
	var boxes []control.Box
	n := min(rewardedWindows, played.Episodes)
	for i := range n {
		e := i * played.Episodes / n
		frame := played.Align.Of(played.State(e, 0))
		for t := range played.Steps {
			x, u := make([]float64, played.Nx), make([]float64, played.Nu)
			frame.Points(x, played.State(e, t))
			frame.Vectors(u, played.Action(e, t))
			box := control.Box{Lower: append(x, u...)}
			box.Upper = slices.Clone(box.Lower)
			for j := range box.Lower {
				near := 0.0
				if j < played.Nx {
					near = nearState * m.Out.Scale[j]
				} else {
					near = nearAction * (action.Upper[j-played.Nx] - action.Lower[j-played.Nx])
				}
				box.Lower[j], box.Upper[j] = box.Lower[j]-near, box.Upper[j]+near
			}
			boxes = append(boxes, box)
		}
	}
	return dynamics.IntervalRanges(m, boxes)
}

// windowsPlayed returns all windows of the episodes.
func windowsPlayed(episodes []*scenario.Outcome) (*dynamics.Dataset, error) {
	n := 0
	for _, o := range episodes {
		n += max(0, len(o.Steps)-playedSteps+1)
	}
	if n == 0 {
		return nil, badInputf("no episode of %d took %d steps; there is nothing to learn from", len(episodes), playedSteps)
	}
	task := episodes[0].Loop.Task
	nx, nu := task.Dims()
	d := dynamics.NewDataset(n, playedSteps, nx, nu)
	d.Meta.Signals, d.Align = scenario.Signals(task), task.Align
	e := 0
	for _, o := range episodes {
		for t := 0; t+playedSteps <= len(o.Steps); t++ {
			copy(d.State(e, 0), stateBefore(o, t))
			for k := range playedSteps {
				copy(d.Action(e, k), o.Steps[t+k].U)
				copy(d.State(e, k+1), o.Steps[t+k].Model)
			}
			e++
		}
	}
	return d, nil
}

// stateBefore returns the model state before step t of an episode.
func stateBefore(o *scenario.Outcome, t int) []float64 {
	if t == 0 {
		return o.Loop.Start()
	}
	return o.Steps[t-1].Model
}
