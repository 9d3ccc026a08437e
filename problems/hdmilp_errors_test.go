package problems

import (
	"strings"
	"testing"

	"hinge/control"
	"hinge/milp/relu"
)

func TestHDMILPErrors(t *testing.T) {
	vars := hdTiny["pvariables"]
	checked := 0
	for _, c := range []struct {
		kind, text string
		want       []string // of the message
	}{
		{"pvariables", "action_continuous: u", []string{"pvariables.txt: line 1: 1 actions and 0 states"}},
		{"pvariables", vars + ", state_real: y", []string{"pvariables.txt: line 1", `"state_real: y"`, "continuous, integer or boolean"}},
		{"pvariables", vars + ", state_continuous: x", []string{"line 1", `"x"`, "differ"}},
		{"pvariables", vars + ", state_continuous: y", []string{"initial.txt"}}, // see below: not predicted
		{"pvariables", strings.Replace(vars, "auxiliary_continuous: p", "auxiliary_integer: p", 1), []string{"constraints.txt: line 3", `"p"`, "continuous"}},
		{"pvariables", strings.Replace(vars, "state_continuous", "state_integer", 1), []string{"constraints.txt: line 5: ", `"x", which line 1 of pvariables.txt declares`, "no finite lower limit"}},
		{"mappings", "N0,u\nN1,x\nD2,y", []string{"mappings.txt: line 3", `"y"`, "declared"}},
		{"mappings", "N0,u\nN1,x\nD2,u", []string{"mappings.txt: line 3", `"D2"`, `action "u"`}},
		{"mappings", "N0,u\nN1,x\nD1,x\nD2,x", []string{"mappings.txt: line 4", `"D2"`, "no other unit"}},
		{"mappings", "N0", []string{"mappings.txt: line 1", "UNIT,VARIABLE"}},
		{"mappings", "N0,u\nN0,x", []string{"mappings.txt: line 2", "twice"}},
		{"mappings", "N0,u\nN1,x", []string{"dnn.txt: line 2: ", `"x", which line 1 of pvariables.txt declares`, "x'"}},
		{"dnn", "D1,step,N0,1,B0,0", []string{"dnn.txt: line 1", `"step"`, "relu or linear"}},
		{"dnn", "D1,relu,N0,1,B0", []string{"dnn.txt: line 1", "5 fields", "pairs"}},
		{"dnn", "D1,relu,N0,one", []string{"dnn.txt: line 1", "weight of N0", `"one"`}},
		{"dnn", "D1,relu,N0,NaN", []string{"dnn.txt: line 1", `"NaN"`, "finite"}},
		{"dnn", "D1,relu,D2,1\nD2,linear,N0,1", []string{"dnn.txt: line 2", `"D2"`, "order of evaluation"}},
		{"dnn", "D1,relu,N7,1", []string{"dnn.txt: line 1", "field 3", `"N7"`, "mappings"}},
		{"dnn", "D1,relu,N0,1,N0,2", []string{"dnn.txt: line 1", "field 5", `"N0"`, "once"}},
		{"dnn", "D1,relu,N0,1\nD1,relu,N0,1", []string{"dnn.txt: line 2", `"D1"`, "twice"}},
		{"dnn", "D2,linear,N0,1e308,N1,1e308,B,1e308", nil},
		{"initial", "", []string{"initial.txt: line 1: ", `"x", which line 1 of pvariables.txt declares`, "x,==,VALUE"}},
		{"initial", "\nx,>=,1\n", []string{"initial.txt: line 2: ", `"x"`, "x,==,VALUE"}},
		{"initial", "x,=,1", []string{"initial.txt: line 1", `"="`, "<=, >= or =="}},
		{"initial", "x,==,one", []string{"initial.txt: line 1", `"one"`, "finite"}},
		{"initial", "x,==", []string{"initial.txt: line 1", "then a number"}},
		{"constraints", strings.Replace(hdTiny["constraints"], "u,<=,1\n", "", 1), []string{"constraints.txt: line 4: ", `action "u", which line 1 of pvariables.txt declares`, "no finite upper limit", "u,<=,VALUE"}},
		{"constraints", "v,>=,-1", []string{"constraints.txt: line 1", `"v"`, "actions (u)", "states (x)"}},
		{"constraints", "x',>=,-1", []string{"constraints.txt: line 1", "rewards and transitions"}},
		{"constraints", "two*x,>=,-1", []string{"constraints.txt: line 1", `"two*x"`, "finite number"}},
		{"constraints", "x,x,>=,-1", []string{"constraints.txt: line 1", "once"}},
		{"goal", "u,>=,0", []string{"goal.txt: line 1", `action "u"`}},
		{"goal", "", []string{"reward.txt: line 1: ", "t = H", "reward of p has no limit"}},
		{"reward", "u,1\np',1", []string{"reward.txt: line 2: ", "on the way", "grow for ever"}},
		{"reward", "u',1", []string{"reward.txt: line 1", "no value at the next step"}},
		{"reward", "u,1,2", []string{"reward.txt: line 1", "NAME,WEIGHT"}},
		{"reward", "u,inf", []string{"reward.txt: line 1", "finite"}},
		{"reward", "u,1\nu,2", []string{"reward.txt: line 2", "twice"}},
		{"constraints", hdTiny["constraints"] + "\nu,x,-1*p,<=,0", []string{"reward.txt: line 1: ", "state and action of one step together"}},
		{"transitions", "x',-1*x,<=,0", []string{"transitions.txt: line 1", "must be =="}},
		{"transitions", "x,==,0", []string{"transitions.txt: line 1", "no next state"}},
		{"transitions", "x',p,==,0", []string{"transitions.txt: line 1", `"p"`}},
		{"transitions", "x',==,0\nx',==,1", []string{"transitions.txt: line 2", "once"}},
	} {
		texts := hdTexts(c.kind, c.text)
		switch {
		case c.kind == "transitions": // read only where the network does not predict
			texts = hdTexts("mappings", "N0,u\nN1,x", c.kind, c.text)
		case strings.HasSuffix(c.text, "state_continuous: y"):
			texts = hdTexts(c.kind, c.text, "initial", "x,==,1\ny,==,1")
			c.want = []string{"dnn.txt: line 2: ", `"y", which line 1 of`, "predicts"}
		}
		p, err := parseHDMILP(texts, 2)
		if c.want == nil {
			if err != nil {
				t.Errorf("%s %q: %v", c.kind, c.text, err)
			} else if p == nil {
				t.Errorf("%s %q: nothing", c.kind, c.text)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s %q: no error", c.kind, c.text)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s %q: %q lacks %q", c.kind, c.text, err, want)
			}
		}
		checked++
	}
	if checked < 40 {
		t.Errorf("%d errors checked", checked)
	}
}

func TestHDMILPSpecifications(t *testing.T) {
	checked := 0
	for spec, want := range map[string]string{
		"hd-milp-plan:":            "no file named",
		"hd-milp-plan:a/b":         "no horizon",
		"hd-milp-plan:a/b@":        `""; it must be a whole number`,
		"hd-milp-plan:a/b@0":       "1..10000",
		"hd-milp-plan:a/b@x":       `"x"`,
		"hd-milp-plan:a/@3":        "no name",
		"hd-milp-plan:nowhere/b@3": "nowhere/pvariables_b.txt",
	} {
		if _, err := Open(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
		checked++
	}
	if checked != 7 {
		t.Errorf("%d checked", checked)
	}
}

// Limits that contradict each other are no error: they are kept, so that a solver
// proves it.
func TestHDMILPContradictionsAreKept(t *testing.T) {
	checked := 0
	for name, texts := range map[string]map[string]hdText{
		"an action": hdTexts("constraints", hdTiny["constraints"]+"\nu,>=,2"),
		"a start":   hdTexts("initial", "x,==,1\nx,==,2"),
		"a goal":    hdTexts("goal", hdTiny["goal"]+"\nx,<=,1"),
		"nothing":   hdTexts("constraints", hdTiny["constraints"]+"\n0*u,>=,2"),
	} {
		p, err := parseHDMILP(texts, 2)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tr := control.NewTrajectory(1, 1, 2)
		for _, u := range []float64{p.Action.Lower[0], p.Action.Upper[0], 0} {
			tr.U[0], tr.U[1] = u, u
			tr.Simulate(p.Model, p.X0)
			if len(control.Violations(p.Constraints, tr, nil, 0)) == 0 {
				t.Errorf("%s: actions %g break nothing", name, u)
			}
			checked++
		}
	}
	if checked != 12 {
		t.Errorf("%d checked", checked)
	}
}

// Whatever is read is a program and can be evaluated; every error names a file.
func FuzzHDMILP(f *testing.F) {
	order := hdFiles[:7]
	var seed [7]string
	for i, kind := range order {
		seed[i] = hdTiny[kind]
	}
	f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5], seed[6], "x',-1*x,==,0", uint8(2))
	f.Add("action_integer: a,state_boolean: b", "", "", "b,==,1", "a,>=,0\na,<=,3", "", "a,1\nb',2", "b',-0.5*a,==,0", uint8(1))
	f.Fuzz(func(t *testing.T, pvariables, mappings, dnn, initial, constraints, goal, reward, transitions string, horizon uint8) {
		h := int(horizon%4) + 1
		p, err := parseHDMILP(hdTexts("pvariables", pvariables, "mappings", mappings, "dnn", dnn, "initial", initial,
			"constraints", constraints, "goal", goal, "reward", reward, "transitions", transitions), h)
		if err != nil {
			if !strings.Contains(err.Error(), ".txt") {
				t.Fatalf("the error names no file: %v", err)
			}
			return
		}
		program, err := relu.New(p.Step, p.X0, p.Action, p.Cost, nil)
		if err != nil {
			t.Fatalf("read, but not a program: %v", err)
		}
		if err := program.Constrain(p.Constraints, p.Integer); err != nil {
			t.Fatalf("read, but not a program: %v", err)
		}
		u := make([]float64, program.Inputs())
		program.Box.Center(u)
		evaluate(p, p.Model, u)
		program.Violation(u, program.NewWorkspace())
	})
}
