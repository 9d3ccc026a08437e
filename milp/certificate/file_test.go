package certificate

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func encode(t testing.TB, c *Certificate) []byte {
	t.Helper()
	data, err := json.Marshal(c.filled())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestRewritten: another spelling of the same certificate is the same certificate.
func TestRewritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	c := prove(rng, randomProgram(rng, shapes[2]), 4, true)
	dir := t.TempDir()
	plain, zipped := filepath.Join(dir, "c.json"), filepath.Join(dir, "c.json.gz")
	for _, path := range []string{plain, zipped} {
		if err := Write(path, c); err != nil {
			t.Fatal(err)
		}
	}
	data, _ := os.ReadFile(plain)
	var object map[string]any // keys come out sorted
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		t.Fatal(err)
	}
	indented, _ := json.MarshalIndent(object, " ", "\t")
	other := filepath.Join(dir, "other")
	packed, _ := os.ReadFile(zipped)
	if len(packed) >= len(data) {
		t.Errorf("the .gz file has %d bytes, the plain one %d", len(packed), len(data))
	}
	for name, bytes := range map[string][]byte{"plain": data, "sorted and indented": indented, "gzip under another name": packed} {
		if err := os.WriteFile(other, bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := Read(other)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(c, d) {
			t.Errorf("%s: the certificate has changed", name)
		}
		if r := check(t, d); !r.Valid {
			t.Errorf("%s: %s", name, r.Reason)
		}
	}
}

// TestBadFiles: errors name file, field, value and what would be right.
func TestBadFiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	c := prove(rng, randomProgram(rng, shapes[0]), 2, false)
	for i := range c.Leaves {
		c.Leaves[i].Low, c.Leaves[i].Mult = nil, nil
	}
	good := string(encode(t, c))
	tests := []struct{ old, new, want string }{
		{`"claim":`, `"clam":`, `unknown key "clam"; did you mean "claim"?`},
		{`"claim":`, `"Claim":`, `unknown key "Claim"`},
		{`"nx":2,`, ``, `program: key "nx" is missing`},
		{`"nx":2,`, `"nx":2,"nx":2,`, `key "nx" is given twice`},
		{`"nx":2,`, `"nx":2.5,`, `program.nx: must be a whole number, found 2.5`},
		{`"nx":2,`, `"nx":0,`, `program.nx is 0; it must be in 1..`},
		{`"nx":2,`, `"nx":3,`, `program.x0 has 2 values; it needs nx = 3`},
		{`"horizon":2,`, `"horizon":1,`, `program.lower has 2 values; it needs horizon x nu = 1`},
		{`"before":[`, `"before":[1,`, `program.before has 2 values; it needs nu = 1`},
		{`"lower":[-1,-1]`, `"lower":[-1,7]`, `program.lower[1] is 7, above program.upper[1]`},
		{`"x0":[`, `"x0":[1e999,`, `program.x0: 1e999 is beyond the range`},
		{`"x0":[`, `"x0":["a",`, `program.x0[0]: must be a number, found "\"a\"`},
		{`"x0":[`, `"x0":null,"y":[`, `program.x0: must be an array, found "null`},
		{`"relu"`, `"elu"`, `gates[0] is "elu"; valid are ["relu" "identity" "zero"]`},
		{`"identity"`, `"relu"`, `the last layer is the next state`},
		{`"norm":"l1"`, `"norm":"l2"`, `program.cost[0].norm is "l2"; valid are`},
		{`"norm":"l1"`, `"radius":1,"norm":"l1"`, `program.cost[0].radius is 1; only a disc has one`},
		{`"prev":null`, `"prev":[1]`, `program.cost[0].prev has 1 values; it needs rows x nu = 2`},
		{`"t":2`, `"t":3`, `t is 3; it must be in 1..horizon = 2`},
		{`"incumbent":[[`, `"incumbent":[[0],[`, `incumbent has 3 actions; it needs one per step, 2`},
		{`"leaves":[{`, `"leaves":[{"low":[1],`, `leaves[0].low has 1 values`},
		{`"leaves":[{`, `"leaves":[{"phases":[[99,1]],`, `speaks of unit 99; there are units 0 to 9`},
		{`"leaves":[{`, `"leaves":[{"phases":[[1,0]],`, `sign 0; it must be 1 or -1`},
		{`"leaves":[{`, `"leaves":[{"phases":[[1,1],[1,-1]],`, `speaks of unit 1 again`},
		{`"path":"0`, `"path":"2`, `it must be digits 0 and 1`},
		{`"leaves":[{`, `"leaves":[{"slab":1,`, `slab: must be true or false, found "1`},
		{`"leaves":[{`, `"leaves":[{"phases":[[1]],`, `has 1 values; it must be [unit, sign]`},
		{`"leaves":[{`, `"leaves":[], "leafs":[{`, `unknown key "leafs"; valid keys are program, claim, incumbent, leaves`},
		{`"claim":{`, `"claim":{,`, `must be a string, found ",`},
		{`"claim":{"objective":`, `"claim":{"objective":--`, `claim.objective: must be a number`},
		{`"claim":{"objective":`, `"claim":{"objective":0`, `claim.objective: must be a number`},
	}
	judged := 0
	for _, test := range tests {
		text := strings.Replace(good, test.old, test.new, 1)
		if text == good {
			t.Fatalf("%s is not in the file", test.old)
		}
		judged++
		_, err := Decode("bad.json", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), "bad.json:") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s for %s: error is %v; it must say %q", test.new, test.old, err, test.want)
		}
	}
	for _, cut := range []int{0, 1, len(good) / 3, len(good) - 1} {
		judged++
		if _, err := Decode("bad.json", []byte(good[:cut])); err == nil || !strings.Contains(err.Error(), "the end of the file") && !strings.Contains(err.Error(), "must be") {
			t.Errorf("cut after %d bytes: %v", cut, err)
		}
	}
	if _, err := Decode("bad.json", []byte(good+"x")); err == nil || !strings.Contains(err.Error(), "must end after the certificate") {
		t.Errorf("trailing bytes: %v", err)
	}
	if _, err := Decode("bad.json", []byte("\x1f\x8bxx")); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("broken gzip: %v", err)
	}
	if judged < 30 {
		t.Errorf("only %d files were judged", judged)
	}
}

// TestBadCuts does the same for proofs by cuts.
func TestBadCuts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 17))
	honest := proveByCuts(rng, randomProgram(rng, stageShapes[0]))
	for want, change := range map[string]func(c *Certificate){
		`cuts.frames has 1 entries; it needs one for each state between steps, horizon - 1 = 2`: func(c *Certificate) { c.Cuts.Frames = c.Cuts.Frames[1:] },
		`cuts.frames[1].basis has 3 values; it needs nx x nx = 4`:                               func(c *Certificate) { c.Cuts.Frames[1].Basis = c.Cuts.Frames[1].Basis[1:] },
		`cuts.regions is empty`:                                             func(c *Certificate) { c.Cuts.Regions = nil },
		`cuts.regions[2].parent is 2; it must be a region before`:           func(c *Certificate) { c.Cuts.Regions[2].Parent = 2 },
		`cuts.regions[1].split is null`:                                     func(c *Certificate) { c.Cuts.Regions[1].Split = nil },
		`cuts.regions[1].split.step is 3; it must be in 1..2`:               func(c *Certificate) { c.Cuts.Regions[1].Split.Step = 3 },
		`cuts.regions[0].boxes[1].step is 0`:                                func(c *Certificate) { c.Cuts.Regions[0].Boxes[1].Step = 0 },
		`cuts.regions[0].boxes[0].sides[1].sign is 0`:                       func(c *Certificate) { c.Cuts.Regions[0].Boxes[0].Sides[1].Sign = 0 },
		`cuts.regions[0].boxes[0].sides[0].leaves[0].lower has 0`:           func(c *Certificate) { c.Cuts.Regions[0].Boxes[0].Sides[0].Leaves[0].Lower = []float64{} },
		`cuts.regions[0].cuts[3].uses[0] is 99`:                             func(c *Certificate) { c.Cuts.Regions[0].Cuts[3].Uses[0] = 99 },
		`cuts.regions[0].cuts[0].tilt stands beside uses, leaves or ranges`: func(c *Certificate) { c.Cuts.Regions[0].Cuts[0].Tilt = &Tilt{} },
		`leaves has 1 entries beside cuts`:                                  func(c *Certificate) { c.Leaves = []Leaf{{Lower: []float64{}, Upper: []float64{}}} },
		`program.cost[0] has prev; cuts prove a bound only where no te`:     func(c *Certificate) { c.Program.Cost[0].Prev = []float64{0, 0} },
	} {
		c := clone(t, honest)
		change(c)
		if _, err := Decode("bad.json", encode(t, c)); err == nil || !strings.HasPrefix(err.Error(), "bad.json: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v; it must say %q", err, want)
		}
	}
	text := strings.Replace(string(encode(t, honest)), `"offset"`, `"offsets"`, 1)
	if _, err := Decode("bad.json", []byte(text)); err == nil || !strings.Contains(err.Error(), `cuts.regions[0].cuts[0]: unknown key "offsets"; did you mean "offset"?`) {
		t.Errorf("misspelt key: %v", err)
	}
}

// TestSame: the first field that differs is named.
func TestSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 6))
	c := prove(rng, randomProgram(rng, shapes[4]), 2, false)
	for want, change := range map[string]func(p *Program){
		"":                                    func(p *Program) {},
		"program.x0 is":                       func(p *Program) { p.X0[0]++ },
		"program.upper[2] is":                 func(p *Program) { p.Upper[2]++ },
		"program.before is given":             func(p *Program) { p.Before = nil },
		"program.rounded is null":             func(p *Program) { p.Rounded = []float64{} },
		"program.network.layers[1].bias[2]":   func(p *Program) { p.Network.Layers[1].Bias[2]++ },
		"program.network.layers[0].weights[1": func(p *Program) { p.Network.Layers[0].Weights[1]++ },
		"program.network.layers[2].to":        func(p *Program) { p.Network.Layers[2].To-- },
		"program.cost[3].norm is disc":        func(p *Program) { p.Cost[3].Norm = L1 },
		"program.cost[1].factor":              func(p *Program) { p.Cost[1].Factor++ },
		"program.cost: its number":            func(p *Program) { p.Cost = p.Cost[1:] },
		"program.horizon":                     func(p *Program) { p.Horizon++ },
	} {
		other := clone(t, c)
		change(&other.Program)
		err := c.Same(&other.Program)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("difference is %v; it must say %q", err, want)
		}
	}
}

// FuzzDecode: no input makes the reader panic, what it accepts is JSON and survives
// a round trip.
func FuzzDecode(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 7))
	for _, s := range shapes {
		f.Add(encode(f, prove(rng, randomProgram(rng, shape{nx: 1, nu: 1, horizon: 1, hidden: []int{1}, norms: s.norms[:1]}), 1, true)))
	}
	f.Add(encode(f, proveByCuts(rng, randomProgram(rng, shape{nx: 1, nu: 1, horizon: 2, hidden: []int{1}, norms: []string{L1}}))))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode("fuzz", data)
		if err != nil {
			if c != nil {
				t.Error("a certificate and an error")
			}
			return
		}
		if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) && !json.Valid(data) {
			t.Errorf("accepted what is no JSON: %q", data)
		}
		d, err := Decode("again", encode(t, c))
		if err != nil {
			t.Fatalf("its own writing: %v", err)
		}
		if !bytes.Equal(encode(t, c), encode(t, d)) {
			t.Error("the round trip changed it")
		}
	})
}
