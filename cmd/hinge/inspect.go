package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hinge/dynamics"
	"hinge/milp/certificate"
	"hinge/nn"
	"hinge/problems"
	"hinge/report"
	"hinge/scenario"
)

func (a *app) inspectCommand() *cobra.Command {
	var look inspectFlags
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what is in a model, network, data set, run folder, scenario, problem or certificate",
		Long: `Say what is in a file. Of a data set, --plot draws how often pairs of its
coordinates occur. Of a model, --data makes it predict recorded episodes, of the data
it was trained on those that were kept out, and --plot draws one of them beside what
the model predicts from its start.`,
		Example: `  hinge inspect model.safetensors
  hinge inspect model.safetensors --data data.npz --plot roll-out.png
  hinge inspect network.onnx
  hinge inspect data.npz --json
  hinge inspect data.npz --plot coverage.png --coordinates offset_x:offset_y,move_x:move_y
  hinge inspect runs/push-t-bnb-1
  hinge inspect plan.json.gz`,
		Args: exactArgs("a model, network, data set, run folder, scenario, problem or certificate"),
	}
	fl := c.Flags()
	fl.StringVar(&look.data, "data", "", "of a model: recorded episodes to predict")
	fl.StringVar(&look.plot, "plot", "", "of a data set or a model: .png file to draw")
	fl.StringVar(&look.coordinates, "coordinates", "", "of --plot: pairs a:b of names for a data set, names for a model, separated by commas")
	fl.IntVar(&look.episode, "episode", 0, "of a model with --data: the episode to draw (default one that it was not trained on)")
	return a.command(c, outForResult, func(_ context.Context, cmd *cobra.Command, args []string) (result, error) {
		look.chosen = cmd.Flags().Changed("episode")
		if err := look.validate(args[0]); err != nil {
			return nil, err
		}
		r, err := inspect(args[0])
		if err == nil {
			err = look.add(r, args[0])
		}
		if err != nil {
			return nil, badInput(err)
		}
		return a.saved("inspect", r)
	})
}

// inspect reads whatever path names.
func inspect(path string) (*inspection, error) {
	if !isScenario(path) && problems.Is(path) && filepath.Ext(path) != ".json" {
		return inspectProblem(path)
	}
	info, err := os.Stat(path)
	switch ext := filepath.Ext(path); {
	case err == nil && info.IsDir():
		return inspectRun(path)
	case ext == ".safetensors" || ext == ".onnx":
		return inspectModel(path)
	case ext == ".vnnlib":
		return inspectProperty(path)
	case ext == ".npz":
		return inspectData(path)
	case err == nil && (ext == ".json" || ext == ".gz"):
		return inspectJSON(path)
	case ext == ".yaml" || ext == ".yml" || err != nil:
		return inspectScenario(path)
	}
	return nil, fmt.Errorf("%s: unknown kind of file; inspect reads .safetensors, .onnx, .npz, .vnnlib, .yaml, certificates (.json, .json.gz), run folders and %s", path, strings.Join(problems.Forms(), ", "))
}

// inspection is facts in the order in which they are shown.
type inspection struct {
	Kind  string `json:"kind"`
	Path  string `json:"path"`
	Facts []fact `json:"facts"`

	data     *dynamics.Dataset // that the file is; nil for none
	coverage dynamics.Coverage // of it
}

type fact struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

func (r *inspection) text(w io.Writer) {
	fmt.Fprintf(w, "%s %s\n", r.Kind, r.Path)
	for _, f := range r.Facts {
		if n, ok := f.Value.(report.Number); ok {
			f.Value = fmt.Sprintf("%.4g", float64(n))
			if math.IsNaN(float64(n)) {
				f.Value = "-" // unknown
			}
		}
		fmt.Fprintf(w, "  %-22s %v\n", f.Name, f.Value)
	}
}

func inspectModel(path string) (*inspection, error) {
	if err := needModel(path); err != nil {
		return nil, err
	}
	n, err := loadNetwork(path)
	if err != nil {
		return nil, err
	}
	if _, model := n.meta["format"]; n.onnx != nil || !model {
		return inspectNetwork(path, n), nil
	}
	m, err := dynamics.Load(path)
	if err != nil {
		return nil, err
	}
	nx, nu := m.Dims()
	facts := []fact{
		{"task", m.Meta.Task},
		{"states", nx},
		{"actions", nu},
		{"features", m.Net.In},
		{"layers", layers(m.Net)},
		{"relus", m.Net.Count(nn.ReLU)},
		{"relus_by_layer", relusByLayer(m.Net)},
		{"identities", m.Net.Count(nn.Identity)},
		{"zeros", m.Net.Count(nn.Zero)},
		{"parameters", len(m.Net.Params)},
	}
	facts = append(facts, errorFacts(m.Meta.Errors, &m.Meta.Signals)...)
	if r := m.Meta.Reach; r != nil {
		facts = append(facts, fact{"unstable_by_step", rounded(r.Unstable)}, fact{"unstable_starts", r.Starts})
	}
	if s := newSpreadResult(m.Meta.Spread); s != nil {
		facts = append(facts, fact{"ensemble", s.Members}, fact{"spread_1", report.Number(s.Spread1)},
			fact{"spread_h", report.Number(s.SpreadH)}, fact{"spread_correlation", report.Number(s.Correlation)})
	}
	return &inspection{Kind: "model", Path: path, Facts: append(facts,
		fact{"seed", m.Meta.Seed},
		fact{"data_hash", m.Meta.DataHash},
		fact{"tool", m.Meta.Tool},
		fact{"command", m.Meta.Command},
	)}, nil
}

// inspectNetwork describes a network that nothing else is known about.
func inspectNetwork(path string, n *network) *inspection {
	facts := []fact{
		{"inputs", n.net.In},
		{"outputs", n.net.Out()},
		{"layers", layers(n.net)},
		{"relus", n.net.Count(nn.ReLU)},
		{"identities", n.net.Count(nn.Identity)},
		{"zeros", n.net.Count(nn.Zero)},
		{"parameters", len(n.net.Params)},
		{"metadata", slices.Sorted(maps.Keys(n.meta))},
	}
	if n.onnx != nil {
		facts = append(facts, fact{"opset", n.onnx.Opset}, fact{"producer", n.onnx.Producer}, fact{"exact", n.exact})
	}
	return &inspection{Kind: "network", Path: path, Facts: facts}
}

func inspectProperty(path string) (*inspection, error) {
	p, err := problems.ReadProperty(path)
	if err != nil {
		return nil, err
	}
	groups := 0
	for i := range p.Cases {
		groups += len(p.Cases[i].Groups)
	}
	return &inspection{Kind: "property", Path: path, Facts: []fact{
		{"inputs", p.Inputs},
		{"outputs", p.Outputs},
		{"boxes", len(p.Cases)},
		{"groups", groups},
	}}, nil
}

// layers writes the shape of a network: in -> units.. -> out.
func layers(n *nn.Net) string {
	sizes := []string{fmt.Sprint(n.In)}
	for _, l := range n.Layers {
		sizes = append(sizes, fmt.Sprint(l.Out))
	}
	return strings.Join(sizes, "-")
}

func inspectData(path string) (*inspection, error) {
	d, err := loadDataset(path)
	if err != nil {
		return nil, err
	}
	c := dynamics.NewCoverage(d)
	facts := []fact{
		{"task", d.Meta.Task},
		{"episodes", d.Episodes},
		{"steps", d.Steps},
		{"period", d.Meta.Period}, // s; 0 where an action has no fixed duration
		{"states", d.Nx},
		{"actions", d.Nu},
		{"state_names", d.Meta.StateNames},
		{"action_names", d.Meta.ActionNames},
		{"seed", d.Meta.Seed},
		{"hash", d.Hash()},
		{"tool", d.Meta.Tool},
		{"rounds", rounds(d)},
		{"moved_share", report.Number(c.Moved)},
	}
	for _, r := range c.Coordinates {
		facts = append(facts, fact{"range_of_" + r.Name, coordinateRange{r.Low, r.High, r.Mean, r.Deviation, r.Unit}})
	}
	return &inspection{Kind: "data set", Path: path, Facts: facts, data: d, coverage: c}, nil
}

func inspectRun(dir string) (*inspection, error) {
	run, err := report.Open(dir)
	if err != nil {
		return nil, err
	}
	s := run.Summary
	if s == nil {
		return &inspection{Kind: "run folder", Path: dir, Facts: []fact{{"steps", len(run.Steps)}, {"complete", false}}}, nil
	}
	return &inspection{Kind: "run folder", Path: dir, Facts: []fact{
		{"steps", len(run.Steps)},
		{"complete", true},
		{"task", s.Task},
		{"planner", s.Planner},
		{"model", s.Model},
		{"seed", s.Seed},
		{"success", s.Success},
		{"cost", s.Cost},
		{"final_error", s.FinalError},
		{"final_error_unit", s.FinalErrorUnit},
		{"plan_ms_median", s.PlanMS.Median},
		{"plan_ms_max", s.PlanMS.Max},
		{"deadline_misses", s.DeadlineMisses},
		{"rel_gap_median", s.RelGap.Median},
		{"certified_fraction", s.CertifiedFraction},
	}}, nil
}

// inspectJSON describes a certificate or a saved request, which are told apart by reading
// them.
func inspectJSON(path string) (*inspection, error) {
	if filepath.Ext(path) != ".json" {
		return inspectCertificate(path)
	}
	r, asRequest := inspectProblem(path)
	if asRequest == nil {
		return r, nil
	}
	r, asCertificate := inspectCertificate(path)
	if asCertificate == nil {
		return r, nil
	}
	return nil, fmt.Errorf("%w (as a saved request); %w (as a certificate)", asRequest, asCertificate)
}

func inspectProblem(spec string) (*inspection, error) {
	p, err := problems.Open(spec)
	if err != nil {
		return nil, err
	}
	return &inspection{Kind: "problem", Path: spec, Facts: []fact{
		{"states", p.Cost.Nx},
		{"actions", p.Cost.Nu},
		{"horizon", p.Horizon()},
		{"layers", layers(p.Step)},
		{"relus_per_step", p.Step.Count(nn.ReLU)},
		{"cost_terms", len(p.Cost.Terms)},
		{"constraints", len(p.Constraints)},
		{"whole_actions", len(p.Integer)},
		{"obstacles", len(p.Obstacles)},
		{"optimum", report.Number(p.Reference.Optimum)},
		{"best_known", report.Number(p.Reference.BestKnown)},
		{"best_bound", report.Number(p.Reference.BestBound)},
	}}, nil
}

func inspectCertificate(path string) (*inspection, error) {
	c, err := certificate.Read(path)
	if err != nil {
		return nil, err
	}
	ranges, phases := 0, 0
	for _, group := range c.Ranges {
		ranges += len(group)
	}
	for i := range c.Leaves {
		phases = max(phases, len(c.Leaves[i].Phases))
	}
	facts := []fact{
		{"states", c.Program.Nx},
		{"actions", c.Program.Nu},
		{"horizon", c.Program.Horizon},
		{"constraints", len(c.Program.Constraints)},
	}
	if c.Claim.Infeasible {
		facts = append(facts, fact{"claim", "there is no plan"})
	} else {
		facts = append(facts, fact{"objective", report.Number(c.Claim.Objective)}, fact{"dual_bound", report.Number(c.Claim.DualBound)})
	}
	facts = append(facts, []fact{
		{"leaves", len(c.Leaves)},
		{"phases_of_a_leaf", phases},
		{"ranges", ranges},
	}...)
	if c.Cuts != nil {
		cuts := 0
		for i := range c.Cuts.Regions {
			cuts += len(c.Cuts.Regions[i].Cuts)
		}
		facts = append(facts, fact{"regions", len(c.Cuts.Regions)}, fact{"cuts", cuts})
	}
	return &inspection{Kind: "certificate", Path: path, Facts: facts}, nil
}

func inspectScenario(path string) (*inspection, error) {
	s, err := scenario.Load(path)
	if err != nil {
		return nil, err
	}
	return &inspection{Kind: "scenario", Path: path, Facts: []fact{
		{"task", s.Task},
		{"seed", s.Seed},
		{"max_steps", s.MaxSteps},
		{"noise", s.Noise},
		{"model", s.Model},
		{"dense_model", s.DenseModel},
		{"planner", s.Planner.Name},
		{"horizon", s.Planner.Horizon},
		{"time", s.Planner.Time},
		{"gap", s.Planner.Gap},
		{"abs_gap", s.Planner.AbsGap},
	}}, nil
}
