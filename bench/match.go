package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"hinge/control"
	"hinge/milp"
	"hinge/milp/bnb"
	"hinge/milp/relu"
	"hinge/report"
)

// match is a program that we have solved and generic solvers get next.
type match struct {
	name    string
	class   string // of programs alike, which have means of their own; "" for none
	program *relu.Program
	u       []float64 // our plan, nil for none
	ours    outcome
	tol     tolerances
}

// outcome is what a solver made of a program.
type outcome struct {
	seconds          float64 // of processor time
	objective, bound float64 // +Inf and -Inf where there is none
	proven           bool
}

// gap is the relative one.
func (o outcome) gap() float64 { return (o.objective - o.bound) / math.Abs(o.objective) }

// provenTo reports whether a sound gap of a plan is within tol. The search stops
// exactly there, so that rounding in this very comparison would decide.
func provenTo(p *control.Plan, tol tolerances) bool {
	return p.Certified && p.AbsGap() <= (1+1e-9)*max(tol.abs, tol.rel*math.Abs(p.Objective))
}

// solveMatch lets our search solve a program. It also returns the number of nodes.
func (s *session) solveMatch(ctx context.Context, name string, p *relu.Program, tol tolerances, limit time.Duration) (*match, int, error) {
	limited, cancel := processorLimit(ctx, limit)
	defer cancel()
	var r *bnb.Result
	used, err := seconds(func() (err error) {
		r, err = bnb.Solve(limited, p, bnb.Options{RelGap: tol.rel, AbsGap: tol.abs, Seed: s.opts.Seed})
		return errors.Join(err, ctx.Err())
	})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return &match{name: name, program: p, u: r.U, tol: tol, ours: outcome{seconds: used, objective: r.Objective,
		bound: r.DualBound, proven: r.Status == milp.Optimal}}, r.NodeCount, nil
}

// sideBySide lets the peers solve every match in each formulation and adds rows: a
// match each, then geometric means. Peers are charged their search alone, not their
// start, nor ranges, rows and files. What they claim is reported beside our bound
// where one of us has no proof; it is no certificate.
func (s *session) sideBySide(ctx context.Context, matches []*match, forms []formulation, limit time.Duration) error {
	peers, err := s.findPeers(ctx)
	if err != nil {
		return err
	}
	done, total := 0, len(matches)*len(forms)*len(peers)
	for _, f := range forms {
		all := make([][]*peerResult, len(matches))
		for k, m := range matches {
			results, err := s.play(ctx, m, f, peers, limit, func(peer string) {
				s.announce(done, total, fmt.Sprintf("%s, %s: %s", m.name, f.name, peer))
				done++
			})
			if err != nil {
				return err
			}
			for i, r := range results {
				if r != nil {
					s.matchRows(m, f, peers[i].name, r)
				}
			}
			all[k] = results
		}
		for i, p := range peers {
			s.meanRows(f, p.name, matches, func(k int) *peerResult { return all[k][i] })
		}
	}
	return nil
}

// meanRows adds the geometric means of every class, and of all matches.
func (s *session) meanRows(f formulation, peer string, matches []*match, result func(k int) *peerResult) {
	var classes []string
	for _, m := range matches {
		if m.class != "" && !slices.Contains(classes, m.class) {
			classes = append(classes, m.class)
		}
	}
	for _, class := range append(classes, "side by side") {
		var p pairs
		for k, m := range matches {
			if class == m.class || class == "side by side" {
				p.add(m.ours.seconds, result(k))
			}
		}
		s.meanRow(class, f, peer, p)
	}
}

// play lets every peer solve one formulation of m. The result of one that is not
// installed is nil.
func (s *session) play(ctx context.Context, m *match, f formulation, peers []peerSolver, limit time.Duration, announce func(peer string)) (results []*peerResult, err error) {
	r, err := f.write(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", m.name, f.name, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.folder)) }()
	if err := r.save(); err != nil {
		return nil, err
	}
	results = make([]*peerResult, len(peers))
	for i, p := range peers {
		announce(p.name)
		if p.solve == nil {
			continue
		}
		if results[i], err = p.solve(ctx, r, m.tol, limit); err == nil {
			err = m.judge(results[i], r)
		}
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %s: %w", m.name, f.name, p.name, err)
		}
	}
	return results, nil
}

// judge compares what a peer says with what is known: with our plan, which its bound
// must not exceed, and with our bound, which its plan must not undercut. A plan
// counts as the forward pass of its actions. Solvers have tolerances.
func (m *match) judge(r *peerResult, e *rows) error {
	slack := 1e-5 * (1 + math.Abs(m.ours.objective))
	if r.bound > m.ours.objective+slack {
		r.wrong, r.proven = true, false
	}
	if r.x == nil {
		return nil
	}
	u, ws := make([]float64, m.program.Inputs()), m.program.NewWorkspace()
	e.ActionsOf(u, r.x)
	if m.program.Violation(u, ws) > 1e-6 {
		return nil
	}
	if r.objective = m.program.Objective(u, ws); r.objective < m.ours.bound-slack {
		return fmt.Errorf("our bound %.9g is false: its plan costs %.9g", m.ours.bound, r.objective)
	}
	return nil
}

// matchRows adds the times and, where somebody has no proof, the bounds.
func (s *session) matchRows(m *match, f formulation, peer string, r *peerResult) {
	row := Row{Name: m.name + m.open() + ", " + f.name, Peer: peer + r.remark(), Metric: "time", Unit: "CPU s", Ours: m.ours.seconds}
	if !r.tooLarge {
		row.Theirs, row.Ratio = &r.seconds, ratio(m.ours.seconds, r.seconds, false)
	}
	s.report.Rows = append(s.report.Rows, row)
	if m.ours.proven && r.proven || r.tooLarge || notFinite(m.ours.bound) || notFinite(r.bound) {
		return
	}
	s.report.Rows = append(s.report.Rows, Row{Name: row.Name + ": bound, theirs not certified", Peer: row.Peer,
		Metric: "dual bound", Unit: "cost", Ours: m.ours.bound, Theirs: &r.bound})
}

func (m *match) open() string {
	if m.ours.proven {
		return ""
	}
	return ", open"
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// pairs are times of the same programs, ours and a peer's.
type pairs struct {
	ours, theirs []float64
	alone        []float64 // ours of programs that the peer did not solve
	open         int       // not proven by the peer
}

// add counts a program; r is nil if the peer is not installed.
func (p *pairs) add(ours float64, r *peerResult) {
	if r == nil || r.tooLarge {
		p.alone = append(p.alone, ours)
		return
	}
	p.ours, p.theirs = append(p.ours, ours), append(p.theirs, r.seconds)
	if !r.proven {
		p.open++
	}
}

// mean is that of the peer's times; not a number where it solved nothing.
func (p *pairs) mean() float64 {
	if len(p.theirs) == 0 {
		return math.NaN()
	}
	return geometricMean(p.theirs)
}

// meanRow adds the geometric means of times; of ours alone where the peer solved
// nothing.
func (s *session) meanRow(name string, f formulation, peer string, p pairs) {
	row := Row{Peer: peer, Metric: "time", Unit: "CPU s"}
	ours := p.alone
	if mean := p.mean(); !math.IsNaN(mean) {
		ours = p.ours
		row.Theirs, row.Ratio = &mean, ratio(geometricMean(ours), mean, false)
	}
	if p.open > 0 {
		row.Peer += fmt.Sprintf(", %d open", p.open)
	}
	row.Name, row.Ours = fmt.Sprintf("%s: geometric mean of %d, %s", name, len(ours), f.name), geometricMean(ours)
	s.report.Rows = append(s.report.Rows, row)
}

// geometricMean is [report.GeometricMean], 0 for no values.
func geometricMean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return report.GeometricMean(values)
}
