package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"hinge/control"
	"hinge/dynamics"
	"hinge/internal/atomicfile"
	"hinge/nn"
	"hinge/scenario"
	"hinge/sparsify"
	"hinge/tasks"
)

// sparsifyStudy is what a run of the benchmark looks at. It is written into the
// folder, so that only a run of the same kind continues another.
type sparsifyStudy struct {
	Task      string        `json:"task"`
	Episodes  int           `json:"episodes"` // of training data
	Hidden    []int         `json:"hidden"`   // of the dense model
	Epochs    int           `json:"epochs"`   // of the dense model and of the last training of a budget
	Budgets   []int         `json:"budgets"`
	Methods   []string      `json:"methods"`
	Seeds     int           `json:"seeds"`
	FirstSeed uint64        `json:"first_seed"`
	PlanSeeds int           `json:"plan_seeds"` // of the seeds, how many have models that plan; the errors of all count
	Starts    int           `json:"starts"`     // first plans of a model
	PlanTime  time.Duration `json:"plan_time"`  // most processor time of one
	Loops     int           `json:"loops"`      // episodes of a model
	LoopNodes int           `json:"loop_nodes"` // of every plan in them
}

// The moderate study and the whole one.
var (
	moderateSparsify = sparsifyStudy{
		Task: "push-t", Episodes: 500, Hidden: []int{128, 128}, Epochs: 30, Budgets: []int{64, 48, 24, 16, 12, 8},
		Methods: sparsify.MethodNames(), Seeds: 3, PlanSeeds: 6, Starts: 2, PlanTime: time.Second, Loops: 3, LoopNodes: 300,
	}
	wholeSparsify = sparsifyStudy{
		Task: "push-t", Episodes: 4000, Hidden: []int{128, 128}, Epochs: 40, Budgets: []int{128, 64, 48, 32, 24, 16, 12, 8},
		Methods: sparsify.MethodNames(), Seeds: 10, PlanSeeds: 10, Starts: 4, PlanTime: 5 * time.Second, Loops: 4, LoopNodes: 1000,
	}
)

// reducedModel is what is measured of one model.
type reducedModel struct {
	Seed   uint64  `json:"seed"`
	Method string  `json:"method"`
	Budget int     `json:"budget"` // the dense model has that of all its units
	Error1 float64 `json:"error_1"`
	ErrorH float64 `json:"error_h"`
	// Plans is nil where the seed has no plans.
	Plans *planFigures `json:"plans,omitempty"`
}

// planFigures is what is measured of the plans of a model.
type planFigures struct {
	Unstable float64 `json:"unstable"`  // units of a first plan, mean of the starts
	Proven   float64 `json:"proven"`    // share of the first plans whose gap closed within the limit
	Nodes    float64 `json:"nodes"`     // geometric mean of the starts, some of them up to the limit alone
	PlanTime float64 `json:"plan_time"` // CPU s, likewise
	Gap      float64 `json:"gap"`       // that is left, mean
	Cost     float64 `json:"cost"`      // of an episode, mean
}

// denseMethod is the name under which the dense model is measured.
const denseMethod = "dense"

func sparsifyBench(ctx context.Context, s *session) error {
	study := moderateSparsify
	if s.opts.Full {
		study = wholeSparsify
	}
	if s.opts.Seeds > 0 {
		study.Seeds = s.opts.Seeds
	}
	study.PlanTime = s.limit(study.PlanTime)
	study.FirstSeed = s.opts.Seed
	folder := s.opts.Folder
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "hinge-sparsify-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	return study.run(ctx, s, folder)
}

// run makes and measures all models that are not in the folder yet, and reports.
func (g sparsifyStudy) run(ctx context.Context, s *session, folder string) error {
	if err := g.claim(folder); err != nil {
		return err
	}
	task, err := tasks.New(g.Task)
	if err != nil {
		return err
	}
	w := &sparsifyWork{study: g, session: s, task: task, folder: folder}
	if w.held, err = w.collect(ctx, heldOutSeed); err != nil {
		return err
	}
	var all []reducedModel
	for i := range g.Seeds {
		models, err := w.seed(ctx, g.FirstSeed+uint64(i))
		if err != nil {
			return err
		}
		all = append(all, models...)
	}
	if err := w.plans(ctx, all); err != nil {
		return err
	}
	return sparsifyReport(s, g, all)
}

// claim writes the study into the folder. A folder with another study is refused:
// its figures would be mixed with ours. More seeds of the same study are no other.
func (g sparsifyStudy) claim(folder string) error {
	path := filepath.Join(folder, "sparsify.json")
	g.Seeds = 0
	want, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return atomicfile.WriteBytes(path, want)
	case err != nil:
		return err
	case string(have) != string(want):
		return fmt.Errorf("%w: %s speaks of another study; give another folder, or the flags of that study", ErrFolder, path)
	}
	return nil
}

// heldOutSeed is that of the data all models are judged on; no training has it.
const heldOutSeed = 1 << 40

// sparsifyWork is the state of a run.
type sparsifyWork struct {
	study   sparsifyStudy
	session *session
	task    *tasks.Task
	folder  string
	held    *dynamics.Dataset
}

// steps is the number of steps of a run: every method of a seed, and its plans.
func (g *sparsifyStudy) steps() int {
	return (g.Seeds + min(g.Seeds, g.PlanSeeds)) * (1 + len(g.Methods))
}

// seed makes the models of one seed by all methods, and measures their errors.
func (w *sparsifyWork) seed(ctx context.Context, seed uint64) ([]reducedModel, error) {
	var all []reducedModel
	var data *dynamics.Dataset
	var dense *dynamics.Model
	methods := append([]string{denseMethod}, w.study.Methods...)
	for i, method := range methods {
		done := int(seed-w.study.FirstSeed)*len(methods) + i
		w.session.announce(done, w.study.steps(), fmt.Sprintf("seed %d, %s", seed, method))
		path := filepath.Join(w.folder, fmt.Sprintf("sparsify-%d-%s.json", seed, method))
		if models, err := readModels(path); err != nil || models != nil {
			if err != nil {
				return nil, err
			}
			all = append(all, models...)
			continue
		}
		if dense == nil {
			var err error
			if data, dense, err = w.dense(ctx, seed); err != nil {
				return nil, err
			}
		}
		models, err := w.method(ctx, seed, method, data, dense)
		if err != nil {
			return nil, fmt.Errorf("seed %d: %s: %w", seed, method, err)
		}
		if err := writeModels(path, models); err != nil {
			return nil, err
		}
		all = append(all, models...)
	}
	return all, nil
}

func readModels(path string) ([]reducedModel, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var models []reducedModel
	if err := json.Unmarshal(data, &models); err != nil || len(models) == 0 {
		return nil, fmt.Errorf("%w: %s is not what this benchmark writes; remove it", ErrFolder, path)
	}
	return models, nil
}

func writeModels(path string, models []reducedModel) error {
	data, err := json.MarshalIndent(models, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, data)
}

// collect records the data of a seed.
func (w *sparsifyWork) collect(ctx context.Context, seed uint64) (*dynamics.Dataset, error) {
	t := w.task
	observe := func() control.Observer {
		own, err := tasks.New(t.Name)
		if err != nil {
			panic("bench: the task is gone") // it was made a moment ago
		}
		return own.Observer
	}
	start := func(rng *rand.Rand) []float64 { return t.Episode(rng).Start }
	data, err := dynamics.Collect(ctx, t.System, observe, dynamics.Exploring(start, t.Explore), dynamics.CollectOptions{
		Episodes: w.study.Episodes, Steps: t.MaxSteps / 2, Seed: seed,
		Meta: dynamics.DataMeta{Signals: scenario.Signals(t), Seed: seed},
	})
	if err == nil {
		data.Align = t.Align
	}
	return data, err
}

// dense returns the data and the dense model of a seed. An interrupted run trains
// it again: the same seed gives the same model.
func (w *sparsifyWork) dense(ctx context.Context, seed uint64) (*dynamics.Dataset, *dynamics.Model, error) {
	data, err := w.collect(ctx, seed)
	if err != nil {
		return nil, nil, err
	}
	m, _, err := dynamics.Fit(ctx, data, dynamics.FitOptions{
		TrainOptions: dynamics.TrainOptions{Epochs: w.study.Epochs, Seed: seed},
		Hidden:       w.study.Hidden, Features: w.task.Features, Base: w.task.Base,
	})
	return data, m, err
}

// method makes the models of a method and measures their errors.
func (w *sparsifyWork) method(ctx context.Context, seed uint64, method string, data *dynamics.Dataset, dense *dynamics.Model) ([]reducedModel, error) {
	results := []sparsify.Result{{Budget: dense.Net.Count(nn.ReLU), Model: dense}}
	if method != denseMethod {
		chosen, err := sparsify.ParseMethod(method)
		if err != nil {
			return nil, err
		}
		results, err = sparsify.Reduce(ctx, dense, data, w.study.Budgets, sparsify.Options{
			Method: chosen, Train: dynamics.TrainOptions{Epochs: w.study.Epochs, Seed: seed},
		})
		if err != nil {
			return nil, err
		}
	}
	var models []reducedModel
	for _, r := range results {
		m := reducedModel{Seed: seed, Method: method, Budget: r.Budget}
		if err := w.keep(r.Model, data, &m); err != nil {
			return nil, fmt.Errorf("%d ReLUs: %w", r.Budget, err)
		}
		errs, err := dynamics.Evaluate(r.Model, w.held, nil, lossHorizon)
		if err != nil {
			return nil, fmt.Errorf("%d ReLUs: %w", r.Budget, err)
		}
		m.Error1, m.ErrorH = errs.OneStep.Mean, errs.HStep.Mean
		models = append(models, m)
	}
	return models, nil
}

// lossHorizon is the number of steps of the second error, that of training.
const lossHorizon = 3

// keep saves a model with its card.
func (w *sparsifyWork) keep(m *dynamics.Model, data *dynamics.Dataset, r *reducedModel) error {
	path, err := w.file(r)
	if err != nil {
		return err
	}
	if w.session.opts.Card != nil {
		if err := w.session.opts.Card(m, data); err != nil {
			return err
		}
	}
	return m.Save(path)
}

// file is where a model is kept.
func (w *sparsifyWork) file(r *reducedModel) (string, error) {
	return filepath.Abs(filepath.Join(w.folder, fmt.Sprintf("sparsify-%d-%s-%d.safetensors", r.Seed, r.Method, r.Budget)))
}
