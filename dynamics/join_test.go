package dynamics

import "testing"

func TestWindowsAndJoin(t *testing.T) {
	d := NewDataset(2, 4, 1, 1)
	for i := range d.X {
		d.X[i] = float64(i)
	}
	for i := range d.U {
		d.U[i] = float64(100 + i)
	}
	w := d.Windows(3, 1)
	if w.Episodes != 4 || w.State(3, 0)[0] != 6 || w.State(3, 3)[0] != 9 || w.Action(3, 2)[0] != 107 {
		t.Errorf("windows %+v", w)
	}
	if s := d.Windows(2, 2); s.Episodes != 4 || s.State(1, 0)[0] != 2 {
		t.Errorf("windows every second step %+v", s)
	}
	j := w.Join(w, 2)
	if j.Episodes != 12 || j.State(11, 3)[0] != 9 || j.Validate() != nil {
		t.Errorf("joined to %d episodes, the last state is %v", j.Episodes, j.State(11, 3))
	}
}
