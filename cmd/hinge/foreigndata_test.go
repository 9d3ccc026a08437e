package main

import (
	"path/filepath"
	"testing"

	"hinge/dynamics"
)

// TestDataOfAnotherPushT: data with the name of a task but other coordinates are seen in
// the world, since the task's frame is none of theirs.
func TestDataOfAnotherPushT(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.npz")
	d := dynamics.NewDataset(2, 3, 3, 1)
	d.Meta.Task = "push-t"
	for i := range d.X {
		d.X[i] = float64(i)
	}
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := loadDataset(path)
	if err != nil {
		t.Fatal(err)
	}
	v, next := make([]float64, 4), make([]float64, 3)
	got.See(v, next, 0, 1, 2)
	if v[0] != 6 || next[2] != 11 {
		t.Errorf("states %v and %v, not those recorded", v[:3], next)
	}
}
