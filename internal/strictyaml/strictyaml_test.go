package strictyaml

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type inner struct {
	Name    string  `yaml:"name" oneof:"bnb,cem"`
	Horizon int     `yaml:"horizon" range:"[1,100]"`
	Gap     float64 `yaml:"gap" range:"(0,inf)" doc:"relative gap"`
}

type config struct {
	Task   string    `yaml:"task"`
	Seed   uint64    `yaml:"seed"`
	Fast   bool      `yaml:"fast"`
	Hidden []int     `yaml:"hidden" range:"[1,inf)"`
	Scale  []float64 `yaml:"scale"`
	Inner  inner     `yaml:"planner" doc:"how to plan"`
	Own    int       // takes no part
}

func defaults() config {
	return config{Task: "push-t", Seed: 1, Hidden: []int{8, 8}, Inner: inner{Name: "bnb", Horizon: 3, Gap: 0.01}}
}

func ExampleDecode() {
	c := defaults()
	_, err := Decode("push.yaml", []byte("seed: 3\nplanner:\n  horizn: 4\n"), &c)
	fmt.Println(err)
	// Output:
	// push.yaml:3:3: planner.horizn: unknown key; did you mean "horizon"? valid keys are name, horizon, gap
}

func TestDecode(t *testing.T) {
	c := defaults()
	text := "# comment\ntask: \"x y\"\nseed: 18446744073709551615\nfast: true\nhidden: [3, 4]\nscale: [1e-3, -2, .5]\nplanner: {name: cem, gap: 1e-4}\n"
	src, err := Decode("f", []byte(text), &c)
	if err != nil {
		t.Fatal(err)
	}
	want := config{Task: "x y", Seed: 1<<64 - 1, Fast: true, Hidden: []int{3, 4}, Scale: []float64{1e-3, -2, .5}, Inner: inner{"cem", 3, 1e-4}}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if !src.Has("planner.gap") || src.Has("planner.horizon") {
		t.Error("Has does not say what was written")
	}
	if got := src.Errorf("planner.gap", "too small").Error(); got != "f:7:27: planner.gap: too small" {
		t.Error(got)
	}
	if got := src.Errorf("planner.horizon", "too long").Error(); got != "f: planner.horizon: too long" {
		t.Error(got)
	}
}

func TestEmptyFileKeepsDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		c := defaults()
		if _, err := Decode("f", []byte(text), &c); err != nil || !reflect.DeepEqual(c, defaults()) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"sed: 3", `f:1:1: sed: unknown key; did you mean "seed"? valid keys are task, seed, fast`},
		{"Own: 3", "f:1:1: Own: unknown key"},
		{strings.Repeat("a", 1000) + ": 3", "f:1:1: " + strings.Repeat("a", 60) + "..: unknown key; valid"},
		{"seed: -1", "f:1:7: seed: value is -1; it must be a whole number, at least 0"},
		{"seed: 1.5", "value is 1.5"},
		{"seed: \"3\"", `seed: value is "3"; it must be a whole number`},
		{"seed:", "seed: value is empty"},
		{strings.Repeat("a, ", 1000), "value is " + strings.Repeat("a, ", 20) + "..; it must be a mapping"},
		{"seed: \"" + strings.Repeat("ä", 61) + "\"", `value is "` + strings.Repeat("ä", 60) + `.."; it must`},
		{"seed: a\x01", `value is "a\x01"; it must`},
		{"seed: [1]", "value is a list"},
		{"task: 12", "task: value is 12; it must be text"},
		{"task: true", "it must be text"},
		{"fast: yes", "fast: value is yes; it must be true or false"},
		{"hidden: 3", "hidden: value is 3; it must be a list, each entry a whole number, at least 1"},
		{"hidden: [3, 0]", "f:1:13: hidden[1]: value is 0; it must be a whole number, at least 1"},
		{"scale: [.nan]", "value is .nan; it must be a finite number"},
		{"scale: [1e400]", "value is 1e400"},
		{"scale: [.inf]", "it must be a finite number"},
		{"planner: 3", "f:1:10: planner: value is 3; it must be a mapping"},
		{"planner:\n  gap: 0\n", "f:2:8: planner.gap: value is 0; it must be a finite number above 0"},
		{"planner:\n  horizon: 101\n", "must be a whole number in [1, 100]"},
		{"planner:\n  name: cm\n", "value is cm; it must be one of bnb, cem"},
		{"seed: 1\nseed: 2", "f:2:1: not valid YAML: mapping key \"seed\" already defined"},
		{"seed: [1", "f:1:7: not valid YAML"},
		{"seed: &x 1", "anchor"},
		{"<<: 1", "<<: unknown key"},
		{"- 1", "f:1:1: value is a list; it must be a mapping"},
		{"seed: 1\n---\nseed: 2", "holds 2 YAML documents; it must hold one"},
	} {
		c := defaults()
		_, err := Decode("f", []byte(test.text), &c)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q:\n got %v\nwant %s", test.text, err, test.want)
		}
	}
}

// assign is what a --set flag does.
func assign(src *Source, assignment string, c *config) error {
	o, err := ParseSet(assignment)
	if err != nil {
		return err
	}
	return src.Set(o, c)
}

func TestSet(t *testing.T) {
	c := defaults()
	src, err := Decode("f", nil, &c)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"seed=3", "planner.name=cem", "hidden=[1, 2]", "planner={horizon: 9}"} {
		if err := assign(src, a, &c); err != nil {
			t.Error(err)
		}
	}
	if c.Seed != 3 || c.Inner.Name != "cem" || len(c.Hidden) != 2 || c.Inner.Horizon != 9 || c.Inner.Gap != 0.01 {
		t.Errorf("got %+v", c)
	}
	for _, test := range []struct{ assignment, want string }{
		{"planner.nam=cem", `--set planner.nam=cem: planner.nam: unknown key; did you mean "name"?`},
		{"seed", "--set seed: no value; write --set key=value"},
		{"=3", "the key is empty"},
		{"seed=", `seed: value "" cannot be read; it must be a whole number`},
		{"seed=x", "--set seed=x: seed: value is x; it must be a whole number"},
		{"seed.x=1", "seed has no parts"},
		{"planner.gap=-1", "must be a finite number above 0"},
		{"planner=3", "must be a mapping"},
	} {
		if err := assign(src, test.assignment, &c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q:\n got %v\nwant %s", test.assignment, err, test.want)
		}
	}
	if got := src.Errorf("seed", "taken").Error(); got != "--set seed=3: seed: taken" {
		t.Error(got)
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := config{
			Task: rapid.String().Draw(t, "task"), Seed: rapid.Uint64().Draw(t, "seed"),
			Fast:   rapid.Bool().Draw(t, "fast"),
			Hidden: rapid.SliceOf(rapid.IntRange(1, 1000)).Draw(t, "hidden"),
			Scale:  rapid.SliceOf(rapid.Float64()).Draw(t, "scale"),
			Inner:  inner{"cem", rapid.IntRange(1, 100).Draw(t, "horizon"), rapid.Float64Range(1e-300, 1e300).Draw(t, "gap")},
		}
		var back config
		if _, err := Decode("f", Encode(&c), &back); err != nil {
			t.Fatalf("%v\n%s", err, Encode(&c))
		}
		if !reflect.DeepEqual(c, back) {
			t.Fatalf("got %+v, want %+v from\n%s", back, c, Encode(&c))
		}
	})
}

func TestNearest(t *testing.T) {
	valid := []string{"bnb", "cem", "mppi", "horizon"}
	for name, want := range map[string]string{"cme": "cem", "CEM": "cem", "horizont": "horizon", "xyz": "", "mpi": "mppi", "": ""} {
		if got := Nearest(name, valid); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("seed: 3\nplanner: {name: cem}\n"))
	f.Add([]byte("a: &b [*b]\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := defaults()
		_, _ = Decode("f", data, &c)
	})
}
