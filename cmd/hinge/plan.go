package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"hinge/control"
	"hinge/internal/strictyaml"
	"hinge/milp/certificate"
	"hinge/planner"
	"hinge/problems"
	"hinge/report"
)

// solvers returns the planners that `hinge plan` offers: those that search.
func solvers() []string {
	return slices.DeleteFunc(planner.Names(), func(name string) bool { return name == "hold" || name == "random" })
}

type planFlags struct {
	solver      string
	time        float64
	gap, absGap float64
	nodes       int
	workers     int
	writeMPS    string
	certificate string
	saveRequest string
	sets        []string
}

func (a *app) planCommand() *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:   "plan PROBLEM",
		Short: "Make one plan and say how good it is proven to be",
		Long: `Make one plan and say how far from the best possible it can be. The search stops
when either gap is met. PROBLEM is one of

  a scenario: its start is planned from (hinge list scenarios, or a YAML file)
  ` + strings.Join(problems.Forms(), "\n  "),
		Example: `  hinge plan push-t --time 5 --set planner.horizon=2
  hinge plan push-t-grid:../shared/data/push-t-grid/instances/n24_h3_sum_a.json --solver highs --time 60
  hinge plan hd-milp-plan:../shared/data/hd-milp-plan/navigation_8x8@4 --gap 1e-6
  hinge plan push-t --write-mps plan.mps
  hinge plan push-t-grid:../shared/data/push-t-grid/instances/n24_h3_sum_a.json --certificate plan.json.gz`,
		Args: exactArgs("a problem; see hinge plan --help"),
	}
	fl := c.Flags()
	fl.StringVar(&f.solver, "solver", "bnb", "one of "+strings.Join(solvers(), ", "))
	fl.Float64Var(&f.time, "time", 0, "time limit in seconds, 0 for none; samplers use all of it")
	fl.Float64Var(&f.gap, "gap", 1e-4, "relative gap at which to stop, 0 for never")
	fl.Float64Var(&f.absGap, "abs-gap", 1e-6, "absolute gap at which to stop, 0 for never")
	fl.IntVar(&f.nodes, "nodes", 0, "node limit, 0 for none")
	fl.IntVar(&f.workers, "workers", 1, "goroutines; they never change a plan without time limit")
	fl.StringArrayVar(&f.sets, "set", nil, "override a value of a scenario, as key=value; may be repeated")
	fl.StringVar(&f.writeMPS, "write-mps", "", "also write the mixed-integer program to this .mps file")
	fl.StringVar(&f.certificate, "certificate", "", "also write the proof of the bound to this file, gzipped if its name ends in .gz; hinge check verifies it")
	fl.StringVar(&f.saveRequest, "save-request", "", "also write the problem to this .json file, which hinge plan takes as PROBLEM")
	return a.command(c, outForResult, func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		return a.plan(ctx, cmd, args[0], f)
	})
}

func (f planFlags) validate() error {
	if err := joined(checkSeconds(f.time), checkWorkers(f.workers, 1)); err != nil {
		return err
	}
	switch {
	case !slices.Contains(solvers(), f.solver):
		return badInputf("--solver %s: unknown; %s", f.solver, strictyaml.Choices("solvers", f.solver, solvers()))
	case !(f.gap >= 0) || math.IsInf(f.gap, 0):
		return badInputf("--gap %g: must be a finite number, at least 0", f.gap)
	case !(f.absGap >= 0) || math.IsInf(f.absGap, 0):
		return badInputf("--abs-gap %g: must be a finite number, at least 0", f.absGap)
	case f.nodes < 0:
		return badInputf("--nodes %d: must be at least 0", f.nodes)
	case f.certificate != "" && f.solver != "bnb":
		return badInputf("--certificate %s: only --solver bnb writes one, not %s", f.certificate, f.solver)
	}
	if f.certificate != "" {
		if err := checkWritable("--certificate", f.certificate); err != nil {
			return err
		}
	}
	if f.saveRequest != "" {
		if err := checkOutFile("--save-request", f.saveRequest, ".json"); err != nil {
			return err
		}
	}
	if f.writeMPS != "" {
		return checkOutFile("--write-mps", f.writeMPS, ".mps")
	}
	return nil
}

// options translates the flags. Where 0 means never here, planners take a
// negative value.
func (f planFlags) options(seed uint64) planner.Options {
	o := planner.Options{
		Seed: seed, Workers: f.workers, RelGap: f.gap, AbsGap: f.absGap, NodeLimit: f.nodes,
	}
	for _, gap := range []*float64{&o.RelGap, &o.AbsGap} {
		if *gap == 0 {
			*gap = -1
		}
	}
	if f.time > 0 {
		o.Iterations = -1
	}
	o.BnB.Record = f.certificate != ""
	return o
}

func (a *app) plan(ctx context.Context, cmd *cobra.Command, spec string, f planFlags) (result, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	problem, err := a.openProblem(cmd, spec, f.solver, f.sets)
	if err != nil {
		return nil, err
	}
	if f.writeMPS != "" {
		if err := problem.writeMPS(f.writeMPS); err != nil {
			return nil, err
		}
	}
	if f.saveRequest != "" {
		if err := problem.saveRequest(f.saveRequest); err != nil {
			return nil, err
		}
	}
	opts := f.options(problem.seed)
	var last atomic.Pointer[planner.Progress]
	opts.BnB.OnProgress = func(p planner.Progress) { last.Store(&p) }
	p, err := planner.New(f.solver, problem.Problem, opts)
	if err != nil {
		return nil, badInputf("%s, --solver %s: %w", spec, f.solver, plain(err))
	}
	search, cancel := f.limited(ctx)
	defer cancel()
	stop := a.watching("plan", f.time, func() string { return searchNote(last.Load()) })
	plan, err := p.Plan(search, problem.x0, nil)
	stop()
	if err != nil {
		return nil, badInputf("%s, --solver %s: %w", spec, f.solver, plain(err)) // it cannot state this problem
	}
	var proof *certificate.Certificate
	var proofErr error
	if f.certificate != "" {
		stop := a.waiting("certificate", f.time)
		proof, proofErr = f.writeCertificate(ctx, p)
		stop()
	}
	if plan.Trajectory == nil || plan.Len() == 0 {
		return nil, nothingFound(plan)
	}
	r := newPlanResult(spec, problem, plan)
	if proof != nil {
		r.Certificate, r.CertificateBound = f.certificate, (*report.Number)(&proof.Claim.DualBound)
	}
	saved, err := a.saved("plan", r)
	if err == nil && !plan.Verified {
		err = fmt.Errorf("in an independent forward pass the plan is off by %g and breaks constraints by %g: do not use it", plan.MaxModelError, plan.Violation)
	}
	if err == nil {
		err = proofErr
	}
	return saved, err
}

// limited returns a context that ends after the time limit, if there is one.
func (f planFlags) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.time == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(f.time*float64(time.Second)))
}

// certified is a planner that can prove the bound of its last plan.
type certified interface {
	Certificate(ctx context.Context) (*certificate.Certificate, error)
}

// writeCertificate writes the certificate of the last plan of p and returns it. It may take
// as long as the plan.
func (f planFlags) writeCertificate(ctx context.Context, p control.Planner) (*certificate.Certificate, error) {
	limited, cancel := f.limited(ctx)
	defer cancel()
	c, err := p.(certified).Certificate(limited)
	var why string
	switch {
	case err != nil && ctx.Err() != nil:
		why = "interrupted before the checker had repeated the proof"
	case err != nil && limited.Err() != nil:
		why = fmt.Sprintf("the checker could not repeat the proof in another %g s; raise --time", f.time)
	case err != nil:
		return nil, err
	case c == nil:
		why = "no bound was proven, so there is no certificate; raise the limit"
	default:
		return c, certificate.Write(f.certificate, c)
	}
	return nil, withStatus(statusLimit, fmt.Errorf("--certificate %s: %s", f.certificate, why))
}

// nothingFound says why there is no plan.
func nothingFound(plan *control.Plan) error {
	if plan.Status == control.Infeasible {
		return withStatus(statusInfeasible, errors.New("proven: no action sequence satisfies the constraints"))
	}
	return withStatus(statusLimit, fmt.Errorf("stopped with %v before there was a plan; raise the limit", plan.Status))
}

// planResult has the fields of the plan in the order in which people ask.
type planResult struct {
	Problem       string         `json:"problem"`
	Status        string         `json:"status"`
	Objective     report.Number  `json:"objective"`
	DualBound     report.Number  `json:"dual_bound"`
	Certified     bool           `json:"certified"`
	AbsGap        report.Number  `json:"abs_gap"`
	RelGap        report.Number  `json:"rel_gap"`
	Actions       [][]float64    `json:"actions"`
	States        [][]float64    `json:"states"`
	MaxModelError report.Number  `json:"max_model_error"`
	Verified      bool           `json:"verified"`
	Solver        string         `json:"solver"`
	Inputs        int            `json:"inputs"`
	ReLUs         int            `json:"relus"`
	UnstableReLUs int            `json:"unstable_relus"`
	Nodes         int            `json:"nodes"`
	Time          float64        `json:"time_s"`
	CPU           float64        `json:"cpu_s"`
	FirstPlan     float64        `json:"first_plan_s"`
	Seed          uint64         `json:"seed"`
	BestKnown     *report.Number `json:"best_known,omitempty"`
	Violation     *report.Number `json:"violation,omitempty"`  // of a hard constraint, at most; absent without constraints
	Collisions    *int           `json:"collisions,omitempty"` // points inside an obstacle; absent without obstacles

	// The file that --certificate wrote, and the bound it proves: dual_bound, unless the
	// search has proven more by other means.
	Certificate      string         `json:"certificate,omitempty"`
	CertificateBound *report.Number `json:"certificate_bound,omitempty"`
}

func newPlanResult(spec string, problem *planProblem, p *control.Plan) planResult {
	r := planResult{
		Problem: spec, Status: p.Status.String(),
		Objective: report.Number(p.Objective), DualBound: report.Number(p.DualBound), Certified: p.Certified,
		AbsGap: report.Number(p.AbsGap()), RelGap: report.Number(p.RelGap()),
		MaxModelError: report.Number(p.MaxModelError), Verified: p.Verified, Solver: p.Solver,
		Inputs: p.Inputs, ReLUs: p.ReLUs, UnstableReLUs: p.UnstableReLUs, Nodes: p.Nodes,
		Time: p.SolveTime.Seconds(), CPU: p.CPUTime.Seconds(), FirstPlan: p.FirstPlanTime.Seconds(),
		Seed: problem.seed,
	}
	for t := range p.Len() {
		r.Actions = append(r.Actions, p.Action(t))
	}
	for t := range p.Len() + 1 {
		r.States = append(r.States, p.State(t))
	}
	if best := problem.bestKnown; !math.IsNaN(best) {
		r.BestKnown = (*report.Number)(&best)
	}
	if problem.Constrained() {
		r.Violation = (*report.Number)(&p.Violation)
	}
	if problem.collisions != nil {
		n := len(problem.collisions(p.Trajectory))
		r.Collisions = &n
	}
	return r
}

func (r planResult) text(w io.Writer) {
	fmt.Fprintf(w, "%s by %s: %s\n", r.Problem, r.Solver, r.Status)
	t := report.NewTable("", "value")
	t.Add("cost of the plan", r.Objective)
	t.Add("no plan is below", r.DualBound)
	t.Add("gap", r.AbsGap)
	t.Add("gap, of the cost", r.RelGap)
	t.Add("bound is sound", r.Certified)
	if r.BestKnown != nil {
		t.Add("best known cost", *r.BestKnown)
	}
	if r.Violation != nil {
		t.Add("constraints broken by", *r.Violation)
	}
	if r.Collisions != nil {
		t.Add("points in an obstacle", *r.Collisions)
	}
	if r.Certificate != "" {
		t.Add("certificate", r.Certificate)
		t.Add("it proves", *r.CertificateBound)
	}
	t.Add("ReLUs and norms, undecided", fmt.Sprintf("%d, %d", r.ReLUs, r.UnstableReLUs))
	t.Add("nodes", r.Nodes)
	t.Add("time, s", r.Time)
	fmt.Fprint(w, t)
	for i, u := range r.Actions {
		fmt.Fprintf(w, "action %d: %.4g\n", i, u)
	}
}
