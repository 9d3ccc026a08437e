package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"hinge/dynamics"
)

// collected runs hinge collect push-t with short episodes.
func collected(t *testing.T, path string, args ...string) *dynamics.Dataset {
	t.Helper()
	o := hinge(t, append([]string{"collect", "push-t", "--steps", "4", "--out", path}, args...)...)
	if o.status != statusDone {
		t.Fatalf("%v: status %d: %s", args, o.status, o.stderr)
	}
	d, err := dynamics.LoadDataset(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAppendedIsCollectedAtOnce(t *testing.T) {
	dir := t.TempDir()
	whole, parts := filepath.Join(dir, "whole.npz"), filepath.Join(dir, "parts.npz")
	collected(t, whole, "--episodes", "9", "--seed", "5")
	collected(t, parts, "--episodes", "4", "--seed", "5")
	collected(t, parts, "--episodes", "5", "--append", "--workers", "3")
	if !bytes.Equal(read(t, whole), read(t, parts)) {
		t.Error("other bytes")
	}
}

// TestRoundsOfData is two rounds of data aggregation.
func TestRoundsOfData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.npz")
	pushed := collected(t, path, "--episodes", "3")
	walked := collected(t, path, "--episodes", "2", "--append", "--policy", "walk")
	d := collected(t, path, "--episodes", "2", "--append", "--policy", "planner", "--model", model)
	again := filepath.Join(t.TempDir(), "d.npz")
	collected(t, again, "--episodes", "3", "--workers", "1")
	collected(t, again, "--episodes", "2", "--append", "--policy", "walk", "--workers", "2")
	if other := collected(t, again, "--episodes", "2", "--append", "--policy", "planner", "--model", model, "--workers", "2"); other.Hash() != d.Hash() {
		t.Error("the data depend on the number of workers")
	}
	if len(pushed.Meta.Rounds) != 0 || len(walked.Meta.Rounds) != 2 {
		t.Errorf("rounds %v and %v", pushed.Meta.Rounds, walked.Meta.Rounds)
	}
	r := d.Meta.Rounds
	if len(r) != 3 || r[2].Policy != policyPlanner || r[2].Episodes != 2 || len(r[2].Model) != 64 || r[0].Episodes != 3 {
		t.Errorf("rounds %+v", r)
	}
}
