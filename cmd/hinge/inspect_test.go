package main

import (
	"bytes"
	"image/png"
	"path/filepath"
	"testing"
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
}
