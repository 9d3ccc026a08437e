package problems

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/nn"
	"hinge/nn/file"
)

// declare returns declarations of n inputs and m outputs, on one line.
func declare(n, m int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "(declare-const X_%d Real) ", i)
	}
	for i := range m {
		fmt.Fprintf(&b, "(declare-const Y_%d Real) ", i)
	}
	return b.String()
}

const unitBox = "(assert (>= X_0 0)) (assert (<= X_0 1)) "

func TestACASXuProperties(t *testing.T) {
	folder := dataFolder(t, "acasxu")
	for i, want := range []struct {
		cases int
		sizes []int // inequalities of the groups of every case
	}{
		{1, []int{1}}, {1, []int{4}}, {1, []int{4}}, {1, []int{4}}, {1, []int{1, 1, 1, 1}},
		{2, []int{1, 1, 1, 1}}, {1, []int{3, 3}}, {1, []int{2, 2, 2}}, {1, []int{1, 1, 1, 1}}, {1, []int{1, 1, 1, 1}},
	} {
		p, err := ReadProperty(filepath.Join(folder, fmt.Sprintf("prop_%d.vnnlib", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		if p.Inputs != 5 || p.Outputs != 5 || len(p.Cases) != want.cases {
			t.Errorf("property %d: %d inputs, %d outputs, %d cases", i+1, p.Inputs, p.Outputs, len(p.Cases))
		}
		for _, c := range p.Cases {
			var sizes []int
			for _, g := range c.Groups {
				sizes = append(sizes, len(g))
			}
			if !slices.Equal(sizes, want.sizes) || c.Box.Validate() != nil {
				t.Errorf("property %d: groups of %v, want %v; %v", i+1, sizes, want.sizes, c.Box.Validate())
			}
		}
	}
	p, err := ReadProperty(filepath.Join(folder, "prop_6.vnnlib"))
	if err != nil {
		t.Fatal(err)
	}
	a, b := p.Cases[0].Box, p.Cases[1].Box
	if a.Lower[1] != 0.11140846 || a.Upper[1] != 0.499999896 || b.Lower[1] != -0.499999896 || b.Upper[1] != -0.11140846 || a.Lower[0] != -0.129289109 {
		t.Errorf("boxes %v and %v", a, b)
	}
	if g := p.Cases[1].Groups[2][0]; !slices.Equal(g.A, []float64{-1, 0, 0, 1, 0}) || g.B != 0 {
		t.Errorf("group %v, want Y_3 - Y_0 <= 0", g)
	}
}

// TestACASXuVerdicts samples: whoever finds an unsafe input must be right.
func TestACASXuVerdicts(t *testing.T) {
	folder := dataFolder(t, "acasxu")
	f, err := os.Open(filepath.Join(folder, "verdicts.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 113 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	sat, found := 0, 0
	for k, row := range rows[1:] {
		o, err := file.LoadONNX(filepath.Join(folder, "ACASXU_run2a_"+row[0]+"_batch_2000.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := ReadProperty(filepath.Join(folder, row[1]+".vnnlib"))
		if err != nil {
			t.Fatal(err)
		}
		unsafe := sample(o.Net, p, uint64(k), 300)
		if row[2] == "sat" {
			sat++
			if unsafe {
				found++
			}
		} else if unsafe {
			t.Errorf("%v: an unsafe input although the verdict is %s", row[:2], row[2])
		}
	}
	if sat != 29 || found < 8 {
		t.Errorf("unsafe inputs found for %d of %d instances that have one", found, sat)
	}
}

// sample reports whether one of n random inputs makes p sat.
func sample(net *nn.Net, p *Property, seed uint64, n int) bool {
	rng := rand.New(rand.NewPCG(seed, 7))
	x, y, ws := make([]float64, p.Inputs), make([]float64, p.Outputs), net.NewWorkspace()
	for i := range n {
		p.Cases[i%len(p.Cases)].Box.Sample(x, rng)
		net.Forward(y, x, ws)
		if p.Contains(x, y, 0) {
			return true
		}
	}
	return false
}

// TestPropertiesByTruth compares the alternatives with the formula itself,
// evaluated at random points.
func TestPropertiesByTruth(t *testing.T) {
	held, judged := 0, 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 8))
		var asserts []string
		text := declare(2, 3)
		for i := range 2 {
			asserts = append(asserts, fmt.Sprintf("(>= X_%d -4)", i), fmt.Sprintf("(<= X_%d 4)", i))
		}
		for range 1 + rng.IntN(3) {
			asserts = append(asserts, randomFormula(rng, 3))
		}
		rng.Shuffle(len(asserts), func(i, j int) { asserts[i], asserts[j] = asserts[j], asserts[i] })
		for _, a := range asserts {
			text += "(assert " + a + ")\n"
		}
		p, err := parseProperty("p.vnnlib", []byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "box must not be empty") || strings.Contains(err.Error(), "combinations") {
				continue // tried by TestPropertyMessages
			}
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		exprs, err := parseExpressions("p.vnnlib", []byte(strings.Join(asserts, " ")))
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			v := map[string]float64{}
			x, y := make([]float64, 2), make([]float64, 3)
			for i := range x {
				x[i] = float64(rng.IntN(9) - 4)
				v[fmt.Sprint("X_", i)] = x[i]
			}
			for i := range y {
				y[i] = float64(rng.IntN(9) - 4)
				v[fmt.Sprint("Y_", i)] = y[i]
			}
			want := true
			for i := range exprs {
				want = want && truth(&exprs[i], v)
			}
			if got := p.Contains(x, y, 0); got != want {
				t.Fatalf("seed %d: %v is %v, want %v\n%s", seed, v, got, want, text)
			}
			judged++
			if want {
				held++
			}
		}
	}
	if judged < 10000 || held < 500 || held > judged-500 {
		t.Errorf("%d of %d points hold", held, judged)
	}
}

// randomFormula returns a condition with whole numbers.
func randomFormula(rng *rand.Rand, depth int) string {
	if depth == 0 || rng.IntN(3) == 0 {
		op := []string{"<=", ">="}[rng.IntN(2)]
		c := rng.IntN(7) - 3
		switch rng.IntN(4) {
		case 0:
			return fmt.Sprintf("(%s X_%d %d)", op, rng.IntN(2), c)
		case 1:
			return fmt.Sprintf("(%s %d (- (* 2 X_%d) 1))", op, 2*c+1, rng.IntN(2))
		case 2:
			return fmt.Sprintf("(%s Y_%d Y_%d)", op, rng.IntN(3), rng.IntN(3))
		}
		return fmt.Sprintf("(%s (+ Y_%d (* %d Y_%d) (- 1)) (* (- Y_%d) 2.0))", op, rng.IntN(3), c, rng.IntN(3), rng.IntN(3))
	}
	parts := []string{[]string{"and", "or"}[rng.IntN(2)]}
	for range 1 + rng.IntN(3) {
		parts = append(parts, randomFormula(rng, depth-1))
	}
	return "(" + strings.Join(parts, " ") + ")"
}

// truth evaluates a condition as it stands.
func truth(e *expression, v map[string]float64) bool {
	switch e.head() {
	case "and":
		return !slices.ContainsFunc(e.list[1:], func(part expression) bool { return !truth(&part, v) })
	case "or":
		return slices.ContainsFunc(e.list[1:], func(part expression) bool { return truth(&part, v) })
	case "<=":
		return number(&e.list[1], v) <= number(&e.list[2], v)
	}
	return number(&e.list[1], v) >= number(&e.list[2], v)
}

func number(e *expression, v map[string]float64) float64 {
	if e.list == nil {
		if x, ok := v[e.atom]; ok {
			return x
		}
		var x float64
		fmt.Sscan(e.atom, &x)
		return x
	}
	total := number(&e.list[1], v)
	if e.head() == "-" && len(e.list) == 2 {
		return -total
	}
	for i := range e.list[2:] {
		switch x := number(&e.list[2+i], v); e.head() {
		case "+":
			total += x
		case "-":
			total -= x
		case "*":
			total *= x
		}
	}
	return total
}

// TestContradictions: what no output can meet is no error.
func TestContradictions(t *testing.T) {
	for text, want := range map[string]int{
		"(assert (<= 1 0))":                       0,
		"(assert (or))":                           0,
		"(assert (or (<= 1 0) (and (>= 0 1))))":   0,
		"(assert (and))":                          1,
		"(assert (<= Y_0 0)) (assert (>= Y_0 1))": 1,
		// Between alternatives inputs may exclude each other.
		"(assert (or (<= X_0 0.2) (>= X_0 0.8))) (assert (or (<= X_0 0.1) (>= X_0 0.9)))": 2,
		"(assert (or (<= X_0 -1) (>= X_0 2)))":                                            0,
	} {
		p, err := parseProperty("p.vnnlib", []byte(declare(1, 1)+unitBox+text))
		if err != nil || len(p.Cases) != want {
			t.Errorf("%s: %v, %v, want %d cases", text, p, err, want)
		}
	}
}

func TestLargeBoxIsNoProduct(t *testing.T) {
	text := declare(800, 10)
	for i := range 800 {
		text += fmt.Sprintf("(assert (<= X_%d 1)) (assert (>= X_%d (- 0.5)))\n", i, i)
	}
	text += "(assert (or"
	for i := range 9 {
		text += fmt.Sprintf(" (and (>= Y_%d Y_9))", i)
	}
	p, err := parseProperty("p.vnnlib", []byte(text+"))"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Cases) != 1 || len(p.Cases[0].Groups) != 9 || p.Cases[0].Box.Lower[799] != -0.5 {
		t.Errorf("%d cases", len(p.Cases))
	}
}

func TestPropertyMessages(t *testing.T) {
	d := declare(2, 2)
	both := unitBox + "(assert (>= X_1 0)) (assert (<= X_1 1)) "
	many := ""
	for range 15 {
		many += "(assert (or (<= Y_0 0) (>= Y_1 0)))"
	}
	for text, want := range map[string][]string{
		"":                                {"p.vnnlib:1:1: ", "no variable X_0", "counted from 0"},
		"\n(declare-const X_0 Real)\n\n":  {"p.vnnlib:2:1: ", "no variable Y_0"},
		"(declare-const X_0 Int)":         {"p.vnnlib:1:1", "(declare-const X_0 Int)", "Real"},
		"(declare-const X_0)":             {"p.vnnlib:1:1", "(declare-const X_0)"},
		"\n (declare-const Z_0 Real)":     {"p.vnnlib:2:17", `"Z_0"`, "X_0, X_1"},
		"(declare-const X_01 Real)":       {"p.vnnlib:1:16", `"X_01"`},
		"(declare-const X_-1 Real)":       {"p.vnnlib:1:16", `"X_-1"`},
		"(declare-const X_99999999 Real)": {"p.vnnlib:1:16", `"X_99999999"`},
		d + "\n(declare-const Y_1 Real)":  {"p.vnnlib:2:16", "Y_1 is declared twice", "line 1"},
		"(declare-const X_0 Real)\n(declare-const X_2 Real)(declare-const Y_0 Real)": {"p.vnnlib:2:16: variable X_2 is declared, X_1 is not"},
		"(check-sat)":            {"p.vnnlib:1:1", "(check-sat) is no command", "declare-const", "assert"},
		"foo":                    {"p.vnnlib:1:1", "foo is no command"},
		"()":                     {"p.vnnlib:1:1", "() is no command"},
		"(assert":                {"p.vnnlib:1:1", "never closed"},
		"; (\n(assert))":         {"p.vnnlib:2:9", ") without ("},
		strings.Repeat("(", 300): {"p.vnnlib:1:101", "more than 100 parentheses"},
		"(assert)":               {"p.vnnlib:1:1", "0 arguments", "must have one"},

		d + "(assert X_0)":                        {"X_0 is no condition", "valid are (and ..)"},
		d + "(assert (= X_0 1))":                  {"(= X_0 1) is no condition"},
		d + "(assert (not (<= X_0 1)))":           {"is no condition"},
		d + "(assert (<= X_0))":                   {"<= has 1 arguments", "must have two"},
		d + "(assert (<= X_2 1))":                 {"variable X_2 is not declared", "X_0 to X_1 and Y_0 to Y_1"},
		d + "\n(assert\n  (<= Z_0 1))":            {"p.vnnlib:3:7", `unknown variable "Z_0"`, "X_0 to X_1"},
		d + "(assert (<= X_0 1e999))":             {`number "1e999"`, "finite decimal"},
		d + "(assert (<= X_0 0x1p3))":             {`number "0x1p3"`},
		d + "(assert (<= X_0 1_0))":               {`number "1_0"`},
		d + "(assert (<= X_0 -inf))":              {`number "-inf"`},
		d + "(assert (<= X_0 nan))":               {`unknown variable "nan"`},
		d + "(assert (<= X_0 --1))":               {`number "--1"`},
		d + "(assert (<= (/ X_0 2) 1))":           {"(/ X_0 2) is no number", "(* ..)"},
		d + "(assert (<= (* Y_0 Y_1) 1))":         {"(* Y_0 Y_1) is a product of variables", "linear"},
		d + "(assert (<= (* 1e300 1e300 Y_0) 1))": {"too large to be combined"},
		d + "(assert (<= X_0 Y_1))":               {"compares the input X_0 with the output Y_1"},
		d + "(assert (<= (+ X_0 X_1) 1))":         {"couples the inputs X_0 and X_1", "boxes"},
		d + "(assert (<= (* 1e-300 X_0) 1e300))":  {"bounds X_0 by +Inf", "finite"},

		d + unitBox:                         {"p.vnnlib:1:41", "variable X_1 has no lower bound", "(>= X_1 ..)"},
		d + unitBox + "(assert (>= X_1 0))": {"variable X_1 has no upper bound"},
		d + both + "(assert (or (>= X_0 0.5) (and)))\n(assert (>= X_1 2))": {"p.vnnlib:2:9", "variable X_1", "at least 2 (line 2)", "at most 1 (line 1)", "empty"},
		d + both + "(assert (or (and (>= X_0 0.6)\n(<= X_0 0.5))))":        {"p.vnnlib:2:1", "variable X_0", "at least 0.6 (line 1)", "at most 0.5 (line 2)"},
		d + both + many: {"or-groups", "16384 combinations"},
	} {
		_, err := parseProperty("p.vnnlib", []byte(text))
		assertMessage(t, text, err, want...)
	}
	if _, err := ReadProperty("none.vnnlib"); err == nil || !strings.Contains(err.Error(), "none.vnnlib") {
		t.Errorf("error %v", err)
	}
}

// TestTruncatedProperty: a cut file is refused, or ends between two commands.
func TestTruncatedProperty(t *testing.T) {
	whole := strings.TrimSpace(declare(1, 1) + unitBox + "(assert (or (and (<= Y_0 1)) (and (>= Y_0 2))))")
	refused := 0
	for cut := range whole {
		if _, err := parseProperty("p.vnnlib", []byte(whole[:cut])); err != nil {
			refused++
		} else if !strings.HasSuffix(strings.TrimSpace(whole[:cut]), ")") {
			t.Errorf("accepted %q", whole[:cut])
		}
	}
	if refused < len(whole)-5 {
		t.Errorf("%d of %d refused", refused, len(whole))
	}
}

func FuzzProperty(f *testing.F) {
	f.Add(declare(2, 2) + unitBox + "(assert (or (and (<= Y_0 1) (>= Y_1 2e-3))))")
	f.Add("; comment\n(assert (<= (* 2 (- X_0 1)) (+ 1 2)))" + declare(1, 1))
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 9))
		f.Add(declare(2, 3) + unitBox + "(assert (and (<= X_1 1) (>= X_1 -1)))(assert " + randomFormula(rng, 3) + ")")
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseProperty("p.vnnlib", []byte(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "p.vnnlib:") {
				t.Fatalf("error %q names no file", err)
			}
			return
		}
		for _, c := range p.Cases {
			if err := c.Box.Validate(); err != nil || c.Box.Dim() != p.Inputs || len(c.Groups) == 0 {
				t.Fatalf("box %v of %d inputs, %d groups: %v", c.Box, p.Inputs, len(c.Groups), err)
			}
			for _, g := range c.Groups {
				for _, h := range g {
					if len(h.A) != p.Outputs || !isFinite(h.B) || slices.ContainsFunc(h.A, func(v float64) bool { return !isFinite(v) }) {
						t.Fatalf("inequality %v of %d outputs", h, p.Outputs)
					}
				}
			}
		}
	})
}

// TestPushTNetworkAsONNX: both files of the network are the same.
func TestPushTNetworkAsONNX(t *testing.T) {
	folder := dataFolder(t, "push-t")
	o, err := file.LoadONNX(filepath.Join(folder, "dynamics.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := readNetwork(filepath.Join(folder, "dynamics.json"), netIn, keypoint2)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Exact() || len(o.Net.Layers) != len(want.Layers) || len(o.Net.Params) != len(want.Params) {
		t.Fatalf("exact %v, %d layers of %d parameters, want %d of %d", o.Exact(), len(o.Net.Layers), len(o.Net.Params), len(want.Layers), len(want.Params))
	}
	for i, w := range want.Params {
		if math.Abs(o.Net.Params[i]-w) > 6e-8*math.Abs(w) {
			t.Fatalf("parameter %d is %g, want %g", i, o.Net.Params[i], w)
		}
	}
	rng := rand.New(rand.NewPCG(1, 0))
	x, y, z := make([]float64, netIn), make([]float64, keypoint2), make([]float64, keypoint2)
	for range 50 {
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		o.Net.Forward(y, x, o.Net.NewWorkspace())
		want.Forward(z, x, want.NewWorkspace())
		for i := range y {
			if math.Abs(y[i]-z[i]) > 1e-5*(1+math.Abs(z[i])) {
				t.Errorf("output %d is %g, want %g", i, y[i], z[i])
			}
		}
	}
}
