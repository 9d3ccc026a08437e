package cbc

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hinge/milp"
)

// answer is what CBC says.
type answer struct {
	status milp.Status
	x      []float64 // nil if it has no point
	bound  float64   // NaN if it prints none
	nodes  int
}

// outcomes are how the first line of a solution begins, and what that means.
var outcomes = []struct {
	text   string
	status milp.Status
}{
	{"Optimal", milp.Optimal},
	{"Infeasible", milp.Infeasible},
	{"Integer infeasible", milp.Infeasible},
	{"Unbounded", milp.Unbounded},
	{"Stopped on time", milp.TimeLimit},
	{"Stopped on nodes", milp.NodeLimit},
	{"Stopped on user event", milp.Interrupted},
	{"Stopped on ctrl-c", milp.Interrupted},
	{"Stopped on", milp.NodeLimit}, // solutions, gap or iterations, none of which is asked for
}

// parse reads the log and the solution of a problem with so many columns.
func parse(log, solution string, columns int) (*answer, error) {
	first, rest, _ := strings.Cut(solution, "\n")
	a := &answer{status: milp.NumericalFailure, bound: math.NaN()}
	for _, o := range outcomes {
		if strings.HasPrefix(first, o.text) {
			a.status = o.status
			break
		}
	}
	if v, ok := number(log, "Lower bound"); ok {
		a.bound = v
	}
	if v, ok := number(log, "Enumerated nodes"); ok {
		a.nodes = int(v)
	}
	none := a.status == milp.Infeasible || a.status == milp.Unbounded || strings.Contains(first, "no integer solution") ||
		strings.Contains(log, "No feasible solution found")
	if none {
		return a, nil
	}
	var err error
	a.x, err = point(rest, columns)
	return a, err
}

// number returns the last value behind a label of the log.
func number(log, label string) (float64, bool) {
	found := regexp.MustCompile(`(?m)^`+label+`:\s+(\S+)\s*$`).FindAllStringSubmatch(log, -1)
	if len(found) == 0 {
		return 0, false
	}
	v, err := strconv.ParseFloat(found[len(found)-1][1], 64)
	return v, err == nil
}

// point reads lines "index name value reduced-cost"; columns without a line are 0, and **
// marks one that is not within its limits.
func point(text string, columns int) ([]float64, error) {
	x := make([]float64, columns)
	for line := range strings.Lines(text) {
		words := strings.Fields(strings.ReplaceAll(line, "**", " "))
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("a line of the solution is %.80q; it must be index, name and value", line)
		}
		j, err := strconv.Atoi(strings.TrimPrefix(words[1], "C"))
		v, bad := strconv.ParseFloat(words[2], 64)
		if err != nil || bad != nil || j < 0 || j >= columns {
			return nil, fmt.Errorf("a line of the solution is %.80q; it must name a column C0 .. C%d and its value", line, columns-1)
		}
		x[j] = v
	}
	return x, nil
}

// fill writes what is believed of the answer to res: a point must be one.
func (a *answer) fill(res *milp.Result, p *milp.Problem, opts milp.Options, ended error) {
	res.Status, res.NodeCount = a.status, a.nodes
	if a.status == milp.Interrupted || a.status == milp.TimeLimit && ended != nil {
		res.Status = stopped(ended)
	}
	if a.x != nil && p.Violation(a.x) <= feasTol {
		res.X, res.Objective = a.x, p.Objective(a.x)
	} else if a.status == milp.Optimal {
		res.Status = milp.NumericalFailure
	}
	switch {
	case res.Status == milp.Infeasible:
		res.DualBound = math.Inf(1)
	case !math.IsNaN(a.bound):
		res.DualBound = a.bound
	case res.Status == milp.Optimal && !slices.Contains(p.Integer, true):
		res.DualBound = res.Objective // a linear program has no gap
	case res.Status == milp.Optimal:
		res.DualBound = res.Objective - max(0, opts.AbsGap, opts.RelGap*math.Abs(res.Objective))
	}
}
