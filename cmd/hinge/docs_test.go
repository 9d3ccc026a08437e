package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shellBlocks returns the commands of a page, which stand in fenced blocks.
func shellBlocks(t *testing.T, path string) []string {
	t.Helper()
	var blocks []string
	for i, part := range strings.Split(string(read(t, path)), "```") {
		if code, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			blocks = append(blocks, code)
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no commands", path)
	}
	return blocks
}

// TestYourRobot runs the commands of the page, and looks at what they leave.
func TestYourRobot(t *testing.T) {
	page, err := filepath.Abs("../../docs/your-robot.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, block := range shellBlocks(t, page) {
		cmd := exec.Command("sh", "-e", "-c", block)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+string(os.PathListSeparator)+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, block, out)
		}
	}
	var plan struct {
		Certified, Verified bool
		States              [][]float64
	}
	if err := json.Unmarshal(read(t, filepath.Join(dir, "plan.json")), &plan); err != nil {
		t.Fatal(err)
	}
	if !plan.Certified || !plan.Verified || len(plan.States) != 9 {
		t.Errorf("plan %+v", plan)
	}
	facts := inspected(t, filepath.Join(dir, "cart.safetensors"))
	if e, still := facts["error_1"].(float64), facts["error_standing_still"].(float64); e > still/10 {
		t.Errorf("the model errs by %g; standing still by %g", e, still)
	}
	speed, unit := facts["error_of_velocity"].(map[string]any), facts["error_unit"]
	if steps := speed["rms_by_step"].([]any); speed["unit"] != "m/s" || unit != "mixed" || len(steps) != 10 {
		t.Errorf("errors in %v; of the velocity %v", unit, speed)
	}
	for _, picture := range []string{"coverage.png", "loss.png", "roll-out.png", "run/plan.png"} {
		read(t, filepath.Join(dir, picture))
	}
}
