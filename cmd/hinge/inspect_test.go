package main

import (
	"bytes"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hinge/dynamics"
)

// inspected returns what hinge inspect says, by name.
func inspected(t *testing.T, args ...string) map[string]any {
	t.Helper()
	o := hinge(t, append([]string{"inspect", "--json"}, args...)...)
	if o.status != statusDone {
		t.Fatalf("%v: status %d: %s", args, o.status, o.stderr)
	}
	facts := map[string]any{}
	for _, f := range o.decode(t)["facts"].([]any) {
		fact := f.(map[string]any)
		facts[fact["name"].(string)] = fact["value"]
	}
	return facts
}

func TestInspectShowsTheCard(t *testing.T) {
	facts := inspected(t, model)
	for _, name := range []string{"relus_by_layer", "error_by_step", "unstable_by_step", "data_hash", "command", "moved_share"} {
		if facts[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if steps := facts["error_by_step"].([]any); len(steps) != 10 || steps[0].(float64) > steps[9].(float64) {
		t.Errorf("errors by step %v", steps)
	}
	if relus := facts["relus_by_layer"].([]any); len(relus) != 1 || relus[0] != 8.0 {
		t.Errorf("ReLUs by layer %v", relus)
	}
}

func TestInspectPredictsAndDraws(t *testing.T) {
	dir := t.TempDir()
	picture := func(path string) {
		t.Helper()
		if _, err := png.Decode(bytes.NewReader(read(t, path))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	rollout, coverage := filepath.Join(dir, "rollout.png"), filepath.Join(dir, "coverage.png")
	facts := inspected(t, model, "--data", data, "--plot", rollout, "--episode", "149", "--coordinates", "k1_x,k4_y")
	if e := facts["on_error_1"].(float64); !(e > 0 && e < facts["on_error_standing_still"].(float64)) {
		t.Errorf("error %g", e)
	}
	picture(rollout)
	facts = inspected(t, data, "--plot", coverage, "--coordinates", "offset_x:offset_y")
	if share := facts["moved_share"].(float64); !(share > 0.5 && share < 0.9) {
		t.Errorf("%g of the pokes move the T", share)
	}
	if r := facts["range_of_move_x"].(map[string]any); r["unit"] != "m" || !(r["high"].(float64) > 0.02) {
		t.Errorf("range %v", r)
	}
	picture(coverage)
	if c := facts["cells_of_offset_x:offset_y"].(map[string]any); c["of"] != 48.0*48 || !(c["visited"].(float64) > 100 && c["visited"].(float64) <= 1500) {
		t.Errorf("cells %v; 1500 rows visit at most as many", c)
	}
	if p, ok := facts["period"].(float64); !ok || p < 0 {
		t.Errorf("period %v", facts["period"])
	}
	if facts := inspected(t, data); facts["cells_of_move_x:move_y"] == nil || facts["cells_of_k1_x:k1_y"] != nil {
		t.Error("of no pairs in particular, the last four are told")
	}
}

// On the data of its training a model is judged by the episodes that were kept out of
// it, as its card is; on others by all.
func TestInspectTellsWhatWasTrainedOn(t *testing.T) {
	dir := t.TempDir()
	facts := inspected(t, model, "--data", data)
	if facts["on_part"] != "kept out of the training" || facts["on_episodes"] != 15.0 || facts["on_error_1"] != facts["error_1"] || facts["on_error_h"] != facts["error_h"] {
		t.Errorf("on its own data: %v", facts)
	}
	other := filepath.Join(dir, "other.npz")
	if o := hinge(t, "collect", "push-t", "--episodes", "20", "--steps", "10", "--seed", "9", "--out", other); o.status != statusDone {
		t.Fatal(o.stderr)
	}
	if facts := inspected(t, model, "--data", other); facts["on_episodes"] != 20.0 || facts["on_error_1"] == facts["error_1"] {
		t.Errorf("on other data: %v", facts)
	}
	m, err := dynamics.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	d, err := loadDataset(data)
	if err != nil {
		t.Fatal(err)
	}
	part, err := partOf(m, d)
	if err != nil {
		t.Fatal(err)
	}
	train, kept, err := d.Split(0.1, 1)
	if err != nil || !slices.Equal(part.episodes, kept) || part.note(kept[0]) != "kept out of the training" || part.note(train[0]) != "also trained on" {
		t.Errorf("%+v, %v", part, err)
	}
	m.Meta.Training = nil
	if part, err = partOf(m, d); err != nil || len(part.episodes) != 150 || !strings.Contains(part.note(0), "also trained on") {
		t.Errorf("of an older model: %+v, %v", part, err)
	}
}
