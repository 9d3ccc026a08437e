package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"hinge/milp/bnb"
	"hinge/milp/certificate"
	"hinge/report"
)

func (a *app) checkCommand() *cobra.Command {
	var problem string
	var sets []string
	c := &cobra.Command{
		Use:   "check CERTIFICATE",
		Short: "Verify a certificate with code that shares nothing with the solver",
		Long: `Verify a certificate: that its incumbent costs no more than it says, that its
leaves cover all plans, and that none of them is below the dual bound. Nothing in
the file is believed, and no code of the solver is used. With --problem also
verify that it speaks of that problem. The exit status is 3 if it does not hold.`,
		Example: `  hinge check plan.json.gz
  hinge check plan.json --problem push-t-grid:../shared/data/push-t-grid/instances/n24_h3_sum_a.json`,
		Args: exactArgs("a certificate"),
	}
	c.Flags().StringVar(&problem, "problem", "", "the problem it must speak of, as hinge plan takes it")
	c.Flags().StringArrayVar(&sets, "set", nil, "override a value of the problem's scenario, as key=value; may be repeated")
	return a.command(c, outForResult, func(ctx context.Context, cmd *cobra.Command, args []string) (result, error) {
		if problem == "" && len(sets) > 0 {
			return nil, badInputf("--set %s: overrides a value of the scenario given with --problem, which is missing", sets[0])
		}
		r, err := a.check(ctx, cmd, args[0], problem, sets)
		if err != nil {
			return nil, err
		}
		saved, err := a.saved("check", r)
		if err == nil && !r.Valid {
			err = withStatus(statusInfeasible, errors.New("the certificate does not hold: "+r.Reason))
		}
		return saved, err
	})
}

func (a *app) check(ctx context.Context, cmd *cobra.Command, path, problem string, sets []string) (*checkResult, error) {
	if err := needFile("certificate", path); err != nil {
		return nil, err
	}
	c, err := certificate.Read(path)
	if err != nil {
		return nil, badInput(err)
	}
	r := &checkResult{Certificate: path, DualBound: report.Number(c.Claim.DualBound), Objective: report.Number(c.Claim.Objective), Leaves: len(c.Leaves)}
	if problem != "" {
		p, err := a.openProblem(cmd, problem, "bnb", sets)
		if err != nil {
			return nil, err
		}
		program, err := p.program()
		if err != nil {
			return nil, badInputf("--problem %s: %w", problem, plain(err))
		}
		if err := c.Same(bnb.CertificateProgram(program)); err != nil {
			r.Reason = fmt.Sprintf("it speaks of another problem than %s: %v", problem, err)
			return r, nil
		}
	}
	stop := a.watching("check", 0, func() string { return fmt.Sprintf("%d leaves", r.Leaves) })
	v, err := certificate.Check(ctx, c)
	stop()
	if err != nil {
		return nil, err
	}
	r.Valid, r.Reason, r.Leaves, r.Refined = v.Valid, v.Reason, v.Leaves, v.Refined
	if r.Infeasible = v.Infeasible; r.Infeasible {
		r.DualBound, r.Objective = report.Number(math.NaN()), report.Number(math.NaN())
	}
	return r, nil
}

// checkResult is the outcome of a check.
type checkResult struct {
	Certificate string        `json:"certificate"`
	Valid       bool          `json:"valid"`
	DualBound   report.Number `json:"dual_bound"`
	Objective   report.Number `json:"objective"`
	Infeasible  bool          `json:"infeasible,omitempty"` // it claims that there is no plan
	Leaves      int           `json:"leaves"`
	Refined     int           `json:"refined"`
	Reason      string        `json:"reason"`
}

func (r *checkResult) text(w io.Writer) {
	if !r.Valid {
		fmt.Fprintf(w, "%s: does not hold\n", r.Certificate)
		return
	}
	t := report.NewTable("", "value")
	if r.Infeasible {
		fmt.Fprintf(w, "%s: holds; there is no plan\n", r.Certificate)
	} else {
		fmt.Fprintf(w, "%s: holds\n", r.Certificate)
		t.Add("cost of the plan, at most", r.Objective)
		t.Add("no plan is below", r.DualBound)
	}
	t.Add("leaves", r.Leaves)
	t.Add("of them cut further", r.Refined)
	fmt.Fprint(w, t)
}
