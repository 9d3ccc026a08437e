package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hinge/milp"
	"hinge/milp/encode"
	"hinge/milp/highs"
	"hinge/milp/relu"
	"hinge/planner"
	"hinge/problems"
)

const (
	hdLimit  = 20 * time.Second // of processor time, for one instance and solver
	hdGap    = 1e-6             // relative
	hdAbsGap = 1e-6
)

// hdInstance is a planning problem with hard constraints, and its optimum, which
// another solver found by other rows, up to 2e-5; not a number where none is known.
type hdInstance struct {
	name    string
	optimum float64
}

var hdSuite = []hdInstance{
	{"hvac_3@4", 579102.61191}, {"hvac_3@5", 579105.38771}, {"hvac_3@6", 579108.06318}, {"hvac_3@10", math.NaN()},
	{"reservoir_3@2", 29.45509}, {"reservoir_3@4", 48.78451}, {"reservoir_3@10", 63.86442}, {"reservoir_3@20", 63.86442},
	{"reservoir_4@2", 64.87203}, {"reservoir_4@4", 110.83328}, {"reservoir_4@10", math.NaN()},
	{"navigation_8x8@2", 21.85550}, {"navigation_8x8@3", 29.79909}, {"navigation_8x8@4", 35.97583}, {"navigation_8x8@5", math.NaN()},
}

func hdMILPPlanBench(ctx context.Context, s *session) error { return s.hdMILPPlan(ctx, hdSuite) }

// hdMILPPlan proves plans from scratch, each instance by our search, HiGHS and CBC in
// turn. Reading files does not count. The others get our rows, with the ranges of
// units that our bounds give; they are charged those, the rows and their search.
func (s *session) hdMILPPlan(ctx context.Context, list []hdInstance) error {
	limit := s.limit(hdLimit)
	peers := s.genericPeers()
	for i, instance := range list {
		s.announce(i, len(list), instance.name)
		p, err := openHD(s.opts.Data, instance.name)
		if err != nil {
			return err
		}
		ours, err := instance.solve(ctx, s, p, limit)
		if err != nil {
			return fmt.Errorf("%s: %w", instance.name, err)
		}
		if len(peers) == 0 {
			s.add(instance.name+ours.open(), "time", "CPU s", ours.seconds)
		}
		for _, peer := range peers {
			theirs, err := peer.solve(ctx, s, p, limit)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", instance.name, peer.name, err)
			}
			if ours.proven && theirs.proven && math.Abs(ours.objective-theirs.objective) > 1e-5*(1+math.Abs(ours.objective)) {
				return fmt.Errorf("%s: the optimum is %.9g, %s says %.9g", instance.name, ours.objective, peer.name, theirs.objective)
			}
			s.report.Rows = append(s.report.Rows, Row{Name: instance.name + ours.open(), Peer: peer.name + theirs.open(),
				Metric: "time", Unit: "CPU s", Ours: ours.seconds, Theirs: &theirs.seconds, Ratio: ratio(ours.seconds, theirs.seconds, false)})
		}
		if !ours.proven {
			s.add(instance.name+": open", "relative gap", "%", 100*ours.gap)
		}
	}
	return nil
}

func openHD(data, name string) (*problems.Problem, error) {
	folder := filepath.Join(data, "hd-milp-plan")
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s; set HINGE_DATA to the folder that holds hd-milp-plan", ErrNoData, folder)
	}
	return problems.Open("hd-milp-plan:" + filepath.Join(folder, name))
}

// hdResult is what a solver did.
type hdResult struct {
	objective, gap float64
	proven         bool
	seconds        float64 // of processor time
}

func (r hdResult) open() string {
	if r.proven {
		return ""
	}
	return ", open"
}

func hdProblem(p *problems.Problem) planner.Problem {
	q := outsideProblem(p)
	q.Constraints, q.Integer = p.Constraints, p.Integer
	return q
}

// solve plans with our search.
func (h hdInstance) solve(ctx context.Context, s *session, p *problems.Problem, limit time.Duration) (hdResult, error) {
	ours, err := planner.New("bnb", hdProblem(p), planner.Options{Seed: s.opts.Seed, Workers: 1, RelGap: hdGap, AbsGap: hdAbsGap})
	if err != nil {
		return hdResult{}, err
	}
	plan, used, err := planWithin(ctx, ours, p.X0, limit)
	if err != nil {
		return hdResult{}, err
	}
	r := hdResult{objective: plan.Objective, gap: plan.RelGap(), seconds: used, proven: provenTo(plan, hdGap, hdAbsGap)}
	slack := 2e-5 + 2*hdGap*math.Abs(h.optimum)
	switch {
	case plan.Trajectory != nil && !plan.Verified:
		return r, fmt.Errorf("a forward pass disagrees with the plan by %g, or it breaks constraints by %g", plan.MaxModelError, plan.Violation)
	case plan.DualBound > h.optimum+slack, plan.Objective < h.optimum-slack:
		return r, fmt.Errorf("the bound %.9g or the cost %.9g is false: the optimum is %.9g", plan.DualBound, plan.Objective, h.optimum)
	}
	return r, nil
}

// genericPeer is a solver of rows.
type genericPeer struct {
	name  string
	solve func(context.Context, *session, *problems.Problem, time.Duration) (hdResult, error)
}

// genericPeers returns those that are installed.
func (s *session) genericPeers() []genericPeer {
	var peers []genericPeer
	if version, _, err := highs.Version(); err != nil {
		s.report.Versions["highs"] = notInstalled
	} else {
		s.report.Versions["highs"] = version
		peers = append(peers, genericPeer{"highs", solveHDByHiGHS})
	}
	s.report.Versions["cbc"] = notInstalled
	if path, err := exec.LookPath("cbc"); err == nil {
		s.report.Versions["cbc"] = cbcVersion(path)
		peers = append(peers, genericPeer{"cbc", solveHDByCBC})
	}
	return peers
}

func solveHDByHiGHS(ctx context.Context, s *session, p *problems.Problem, limit time.Duration) (hdResult, error) {
	theirs, err := planner.New("highs", hdProblem(p), planner.Options{Seed: s.opts.Seed, Workers: 1, RelGap: hdGap, AbsGap: hdAbsGap})
	if err != nil {
		return hdResult{}, err
	}
	plan, used, err := planWithin(ctx, theirs, p.X0, limit)
	if err != nil {
		return hdResult{}, err
	}
	proven := plan.AbsGap() <= (1+1e-9)*max(hdAbsGap, hdGap*math.Abs(plan.Objective))
	return hdResult{objective: plan.Objective, gap: plan.RelGap(), seconds: used, proven: proven}, nil
}

func cbcVersion(path string) string {
	text, err := exec.Command(path, "-stop").Output()
	if m := regexp.MustCompile(`Version: *(\S+)`).FindSubmatch(text); err == nil && m != nil {
		return string(m[1])
	}
	return "unknown"
}

// solveHDByCBC writes the rows to a file and runs the command.
func solveHDByCBC(ctx context.Context, _ *session, p *problems.Problem, limit time.Duration) (r hdResult, err error) {
	folder, err := os.MkdirTemp("", "hinge-cbc")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "rows.mps")
	if r.seconds, err = seconds(func() error { return writeHD(file, p) }); err != nil {
		return r, err
	}
	c := exec.CommandContext(ctx, "cbc", file, "-sec", strconv.Itoa(int(math.Ceil(limit.Seconds()))),
		"-ratio", decimal(hdGap), "-allow", decimal(hdAbsGap), "-solve", "-stop")
	out, err := c.Output()
	if err != nil {
		return r, err
	}
	r.seconds += (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	r.objective, r.proven = readCBC(out)
	return r, nil
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// readCBC reads the last objective that CBC reports, and whether it is proven.
func readCBC(out []byte) (objective float64, proven bool) {
	objective = math.NaN()
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := lines.Text()
		if value, ok := strings.CutPrefix(line, "Objective value:"); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				objective = v
			}
		}
		if strings.HasPrefix(line, "Result - Optimal solution found") {
			proven = true
		}
	}
	return objective, proven
}

func writeHD(path string, p *problems.Problem) (err error) {
	program, err := relu.New(p.Step, p.X0, p.Action, p.Cost, nil)
	if err != nil {
		return err
	}
	if err := program.Constrain(p.Constraints, p.Integer); err != nil {
		return err
	}
	reach, err := encode.Reachable(program)
	if err != nil {
		return err
	}
	e, err := encode.BigM(program, reach.Ranges)
	if err != nil {
		return err
	}
	reach.Narrow(e)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	if err := milp.WriteMPS(w, e.Problem); err != nil {
		return err
	}
	return w.Flush()
}
