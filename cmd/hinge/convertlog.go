package main

import (
	"fmt"
	"io"
	"path/filepath"

	"hinge/dynamics"
	"hinge/internal/version"
	"hinge/tasks"
)

// logConfig is the file of hinge convert --log: what the columns of a log mean.
type logConfig struct {
	Task        string   `yaml:"task" doc:"name of the robot, which its models and scenarios carry"`
	Period      float64  `yaml:"period" range:"(0,inf)" doc:"seconds from one row to the next"`
	Steps       int      `yaml:"steps" range:"[1,100000]" doc:"actions of the pieces that episodes are cut into"`
	Time        string   `yaml:"time" doc:"column of the time in seconds, empty for none; a gap starts an episode"`
	Episode     string   `yaml:"episode" doc:"column whose every change starts an episode, empty for none"`
	States      []string `yaml:"states" doc:"columns of the state"`
	StateUnits  []string `yaml:"state_units" doc:"their units (m, rad, m/s; 1 for a pure number)"`
	Actions     []string `yaml:"actions" doc:"columns of the action, applied until the next row"`
	ActionUnits []string `yaml:"action_units" doc:"their units"`
	PointDim    int      `yaml:"point_dim" range:"[0,3]" doc:"successive states that are one point in space, 0 for none"`
}

func defaultLogConfig() logConfig { return logConfig{Steps: 20} }

// spec returns what c means.
func (c logConfig) spec() dynamics.LogSpec {
	return dynamics.LogSpec{
		Signals: dynamics.Signals{
			Task: c.Task, Period: c.Period, PointDim: c.PointDim,
			StateNames: c.States, StateUnits: c.StateUnits, ActionNames: c.Actions, ActionUnits: c.ActionUnits,
		},
		Time: c.Time, Episode: c.Episode, Steps: c.Steps,
	}
}

// convertLog makes a data set of a log.
func (a *app) convertLog(in, out, config string) (result, error) {
	if ext := filepath.Ext(in); ext != ".csv" && ext != ".npz" {
		return nil, badInputf("IN %s: a log's name must end in .csv or .npz", in)
	}
	if err := needFile("IN", in); err != nil {
		return nil, err
	}
	if err := checkOutFile("OUT", out, ".npz"); err != nil {
		return nil, err
	}
	c := defaultLogConfig()
	if err := readYAML("--log", config, nil, &c); err != nil {
		return nil, err
	}
	if c.Task == "" {
		return nil, badInputf("--log %s: task: missing; give the robot a name", config)
	}
	d, err := dynamics.ReadLog(in, c.spec())
	if err != nil {
		return nil, badInputf("--log %s: %w", config, err)
	}
	if task, err := tasks.New(c.Task); err == nil {
		if nx, nu := task.Dims(); nx != d.Nx || nu != d.Nu {
			return nil, badInputf("--log %s: task: %s is a built-in task of %d states and %d actions; the log has %d and %d; give your robot another name",
				config, c.Task, nx, nu, d.Nx, d.Nu)
		}
	}
	d.Meta.Tool = version.Tool()
	d.Meta.Rounds = []dynamics.Round{{Episodes: d.Episodes, Policy: "log"}}
	if err := d.Save(out); err != nil {
		return nil, err
	}
	return a.saved("convert", logResult{
		In: in, Out: out, Task: c.Task, Episodes: d.Episodes, Steps: d.Steps, States: d.Nx, Actions: d.Nu, Hash: d.Hash(),
	})
}

type logResult struct {
	In       string `json:"in"`
	Out      string `json:"out"`
	Task     string `json:"task"`
	Episodes int    `json:"episodes"`
	Steps    int    `json:"steps"`
	States   int    `json:"states"`
	Actions  int    `json:"actions"`
	Hash     string `json:"hash"`
}

func (r logResult) text(w io.Writer) {
	fmt.Fprintf(w, "%d episodes of %d steps of %s, %d states and %d actions\n%s\n", r.Episodes, r.Steps, r.Task, r.States, r.Actions, r.Out)
	fmt.Fprintf(w, "next: hinge train %s --out %s\n", r.Out, filepath.Join(filepath.Dir(r.Out), "model.safetensors"))
}
