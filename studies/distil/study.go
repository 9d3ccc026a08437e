package distil

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"hinge/control"
	"hinge/dynamics"
	"hinge/nn"
	"hinge/sparsify"
)

// Options are the choices of [Run]; the zero value is the study as it is told.
type Options struct {
	Seed     uint64 // of roll-outs, initial weights and gates
	Workers  int    // goroutines; 0 means one per CPU. It never changes the result
	Episodes int    // roll-outs of the teacher; 0 means 2000
	Steps    int    // of a roll-out; 0 means 20
	Hidden   []int  // of the first student; nil means 128, 128
	Budgets  []int  // ReLUs of the students; nil means 96
	Epochs   int    // of the first student and of the last training of a budget; 0 means 40
	// Plan returns actions (H x Nu) from start that are good according to a student;
	// nil for none. Random roll-outs hardly meet the states that a plan goes through,
	// and a planner finds the errors there: so the teacher tries the plan, and moves
	// around it, and the student trains on.
	Plan   func(ctx context.Context, m *dynamics.Model) ([]float64, error)
	Rounds int // of planning and training on; 0 means 3 where there is Plan
	// OnEpoch is called after every epoch of a part of the study; nil for none.
	OnEpoch func(part string, done, total int)
}

func (o Options) withDefaults() Options {
	for _, f := range []struct {
		field *int
		value int
	}{{&o.Episodes, 2000}, {&o.Steps, 20}, {&o.Epochs, 40}, {&o.Rounds, 3}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if o.Hidden == nil {
		o.Hidden = []int{128, 128}
	}
	if o.Budgets == nil {
		o.Budgets = []int{96}
	}
	return o
}

// units returns the ReLUs of the first student.
func (o Options) units() int {
	units := 0
	for _, n := range o.Hidden {
		units += n
	}
	return units
}

// Validate checks the budgets before the training of what they are cut out of.
func (o Options) Validate() error {
	o = o.withDefaults()
	units := o.units()
	for i, k := range o.Budgets {
		if slices.Contains(o.Budgets[:i], k) {
			return fmt.Errorf("distil: budget %d appears twice", k)
		}
		if k < 0 || k > units {
			return fmt.Errorf("distil: budget is %d ReLUs; it must be 0 to %d, those of the first student", k, units)
		}
	}
	return nil
}

// Student is a model that was distilled.
type Student struct {
	Model  *dynamics.Model
	Budget int // ReLUs that it may have; the first student's are all its units
	ReLUs  int // that it has
	// Held are roll-outs of the teacher that no training saw.
	Held *dynamics.Dataset
	// Errors are those on Held, after one step and after all steps of a roll-out, in
	// the unit of the state.
	Errors dynamics.Errors
}

// heldOutSeed is that of the roll-outs that students are judged on.
const heldOutSeed = 1 << 40

// Run distils a teacher of the form in the package comment. start is a state whose
// shape of keypoints is that of the T; action is the box of its moves. It returns
// the first, larger student, which follows no plans, and one a budget.
func Run(ctx context.Context, teacher control.System, start []float64, action control.Box, opts Options) ([]Student, error) {
	if nx, nu := teacher.Dims(); nx != stateDim || nu != actionDim || len(start) != stateDim || action.Dim() != actionDim {
		panic("distil: Run: the teacher is not one of four keypoints and a pusher")
	}
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	collect := func(seed uint64) (*dynamics.Dataset, error) {
		return dynamics.Collect(ctx, teacher, nil, dynamics.Exploring(scatter(start), explore(action)), dynamics.CollectOptions{
			Episodes: opts.Episodes, Steps: opts.Steps, Seed: seed, Workers: opts.Workers,
			Meta: dynamics.DataMeta{Signals: signals(), Seed: seed},
		})
	}
	data, err := collect(opts.Seed)
	if err != nil {
		return nil, fmt.Errorf("distil: %w", err)
	}
	held, err := collect(heldOutSeed)
	if err != nil {
		return nil, fmt.Errorf("distil: %w", err)
	}
	models, err := opts.train(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("distil: %w", err)
	}
	// Models come in the order of the budgets, as those of [sparsify.Reduce] do.
	budgets := append([]int{opts.units()}, opts.Budgets...)
	var students []Student
	for i, m := range models {
		if i > 0 && opts.Plan != nil {
			if m, err = opts.follow(ctx, m, data, tried{teacher: teacher, start: start, action: action}); err != nil {
				return nil, fmt.Errorf("distil: %w", err)
			}
		}
		errs, err := dynamics.Evaluate(m, held, nil, opts.Steps)
		if err != nil {
			return nil, fmt.Errorf("distil: %w", err)
		}
		students = append(students, Student{Model: m, Budget: budgets[i], ReLUs: m.Net.Count(nn.ReLU), Held: held, Errors: errs})
	}
	return students, nil
}

// train returns the first student and those of the budgets.
func (o Options) train(ctx context.Context, data *dynamics.Dataset) ([]*dynamics.Model, error) {
	tell := func(part string, done, total int) {
		if o.OnEpoch != nil {
			o.OnEpoch(part, done, total)
		}
	}
	train := dynamics.TrainOptions{Epochs: o.Epochs, Seed: o.Seed, Workers: o.Workers}
	first := train
	first.OnEpoch = func(p dynamics.Progress) { tell("training", p.Epoch, p.Epochs) }
	large, _, err := dynamics.Fit(ctx, data, dynamics.FitOptions{
		TrainOptions: first, Hidden: o.Hidden, Features: features(), Base: base(),
	})
	if err != nil {
		return nil, err
	}
	results, err := sparsify.Reduce(ctx, large, data, o.Budgets, sparsify.Options{
		Train: train, OnEpoch: func(p sparsify.Progress) { tell("reduction", p.Done, p.Total) },
	})
	if err != nil {
		return nil, err
	}
	models := []*dynamics.Model{large}
	for _, r := range results {
		models = append(models, r.Model)
	}
	return models, nil
}

// follow lets the teacher try what a student plans, and trains the student on.
func (o Options) follow(ctx context.Context, m *dynamics.Model, data *dynamics.Dataset, t tried) (*dynamics.Model, error) {
	for round := range o.Rounds {
		u, err := o.Plan(ctx, m)
		if err != nil {
			return nil, err
		}
		met := t.around(u, o.Episodes/8+1, rand.New(rand.NewPCG(o.Seed, aroundStream+uint64(round))))
		if met.Steps != data.Steps {
			return nil, fmt.Errorf("a plan has %d steps and a roll-out %d; they must be equal", met.Steps, data.Steps)
		}
		data = data.Join(met, 1)
		results, err := sparsify.Reduce(ctx, m, data, []int{m.Net.Count(nn.ReLU)}, sparsify.Options{
			Train: dynamics.TrainOptions{Epochs: o.Epochs, Seed: o.Seed, Workers: o.Workers, LearningRate: followRate},
			OnEpoch: func(p sparsify.Progress) {
				if o.OnEpoch != nil {
					o.OnEpoch(fmt.Sprintf("round %d", round+1), p.Done, p.Total)
				}
			},
		})
		if err != nil {
			return nil, err
		}
		m = results[0].Model
	}
	return m, nil
}

// followRate is the learning rate of training on: the student knows most already.
const followRate = 5e-3
