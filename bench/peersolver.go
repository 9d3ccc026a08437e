package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"hinge/milp"
	"hinge/milp/highs"
)

// Peers returns the names of the generic solvers that benchmarks compare with.
func Peers() []string { return []string{"gurobi", "scip", "cbc", "highs"} }

// peerSolver is a generic solver of rows. One that is not installed solves nothing.
type peerSolver struct {
	name  string
	solve func(context.Context, *rows, tolerances, time.Duration) (*peerResult, error)
}

// tolerances are the gaps that count as proven; negative ones never do.
type tolerances struct{ rel, abs float64 }

// peerResult is what a peer made of rows. Its bound is what it claims.
type peerResult struct {
	outcome
	x        []float64 // its best point, nil if there is none
	tooLarge bool      // for its licence
	wrong    bool      // its claim contradicts a plan that exists
}

// remark is what has to be said of a result that is no proof.
func (r *peerResult) remark() string {
	switch {
	case r.tooLarge:
		return ", too large for its licence"
	case r.wrong:
		return ", wrong"
	case !r.proven:
		return ", open"
	}
	return ""
}

// findPeers opens the solvers that were chosen and notes their versions.
func (s *session) findPeers(ctx context.Context) ([]peerSolver, error) {
	var found []peerSolver
	for _, name := range Peers() {
		if s.opts.Peers != nil && !slices.Contains(s.opts.Peers, name) {
			continue
		}
		find := s.findScript
		if name == "highs" {
			find = s.findHiGHS
		}
		p, version, err := find(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.report.Versions[name] = version
		found = append(found, p)
	}
	return found, nil
}

// findHiGHS opens the library. One that is installed wrongly is an error: its owner
// wants to know.
func (s *session) findHiGHS(_ context.Context, name string) (peerSolver, string, error) {
	library, err := highs.Open()
	if errors.Is(err, milp.ErrUnavailable) {
		return peerSolver{name: name}, notInstalled, nil
	}
	if err != nil {
		return peerSolver{}, "", err
	}
	version, _, err := highs.Version()
	return peerSolver{name, func(ctx context.Context, r *rows, tol tolerances, limit time.Duration) (*peerResult, error) {
		return solveByLibrary(ctx, library, r, tol, limit)
	}}, version, err
}

func solveByLibrary(ctx context.Context, library milp.Solver, r *rows, tol tolerances, limit time.Duration) (*peerResult, error) {
	limited, cancel := processorLimit(ctx, limit)
	defer cancel()
	var result *milp.Result
	used, err := seconds(func() (err error) {
		result, err = library.Solve(limited, r.Problem, milp.Options{RelGap: tol.rel, AbsGap: tol.abs, Start: r.start})
		return errors.Join(err, ctx.Err())
	})
	if err != nil {
		return nil, err
	}
	return &peerResult{x: result.X, outcome: outcome{seconds: used, objective: result.Objective,
		bound: result.DualBound, proven: result.Status == milp.Optimal}}, nil
}

// scriptModules are the Python modules of the solvers that peers/mip.py runs.
var scriptModules = map[string]string{"gurobi": "gurobipy", "scip": "pyscipopt", "cbc": "json"}

// findScript finds an interpreter for peers/mip.py that has the solver.
func (s *session) findScript(ctx context.Context, name string) (peerSolver, string, error) {
	text, err := scripts.ReadFile("peers/mip.py")
	if err != nil {
		return peerSolver{}, "", err
	}
	if _, err := exec.LookPath("cbc"); err != nil && name == "cbc" {
		return peerSolver{name: name}, notInstalled, nil
	}
	py, ok := findPython(ctx, scriptModules[name])
	if !ok {
		return peerSolver{name: name}, notInstalled, nil
	}
	version, err := py.output(ctx, string(text), name, "--version")
	if err != nil {
		return peerSolver{}, "", err
	}
	return peerSolver{name, func(ctx context.Context, r *rows, tol tolerances, limit time.Duration) (*peerResult, error) {
		return solveByScript(ctx, py, string(text), name, r, tol, limit)
	}}, strings.TrimSpace(string(version)), nil
}

// scriptAnswer is what peers/mip.py prints.
type scriptAnswer struct {
	Status    string             `json:"status"`
	Objective *float64           `json:"objective"`
	Bound     *float64           `json:"bound"`
	Seconds   float64            `json:"cpu_s"`
	X         map[string]float64 `json:"x"`
}

func solveByScript(ctx context.Context, py python, script, name string, r *rows, tol tolerances, limit time.Duration) (*peerResult, error) {
	args := []string{name, filepath.Join(r.folder, rowsFile), "--limit", decimal(limit.Seconds()),
		"--rel", decimal(max(tol.rel, 0)), "--abs", decimal(max(tol.abs, 0))}
	if r.start != nil {
		args = append(args, "--start", filepath.Join(r.folder, startFile))
	}
	out, err := py.output(ctx, script, args...)
	if err != nil {
		return nil, err
	}
	var a scriptAnswer
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, fmt.Errorf("printed %q: %w", out, err)
	}
	return a.result(r.Problem.Vars())
}

func (a *scriptAnswer) result(columns int) (*peerResult, error) {
	p := &peerResult{outcome: outcome{seconds: a.Seconds, objective: math.Inf(1), bound: math.Inf(-1)}}
	switch a.Status {
	case "optimal":
		p.proven = true
	case "too_large":
		p.tooLarge = true
	case "limit", "infeasible": // the latter would be wrong: there is a plan
	default:
		return nil, fmt.Errorf("status is %q; it must be optimal, infeasible, limit or too_large", a.Status)
	}
	if a.Bound != nil {
		p.bound = *a.Bound
	}
	if a.Objective == nil {
		return p, nil
	}
	p.objective, p.x = *a.Objective, make([]float64, columns)
	for column, v := range a.X {
		j, err := strconv.Atoi(strings.TrimPrefix(column, "C"))
		if err != nil || j < 0 || j >= columns {
			return nil, fmt.Errorf("column %q; it must be C0 .. C%d", column, columns-1)
		}
		p.x[j] = v
	}
	return p, nil
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
