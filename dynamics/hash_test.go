package dynamics

import "testing"

// Models that step differently have different hashes; what is only said of them
// does not count.
func TestModelHash(t *testing.T) {
	want := randomModel(1).Hash()
	same := randomModel(1)
	same.Meta.Command = "another"
	if same.Hash() != want {
		t.Error("metadata change the hash")
	}
	for name, change := range map[string]func(*Model){
		"parameter": func(m *Model) { m.Net.Params[3] += 1e-9 },
		"gate":      func(m *Model) { m.Net.Layers[0].Gates[1] = 0 },
		"scale":     func(m *Model) { m.Out.Scale[1] *= 2 },
		"mean":      func(m *Model) { m.In.Mean[0]++ },
		"feature":   func(m *Model) { m.Features.B[2]++ },
		"base":      func(m *Model) { m.Base.W[5]++ },
	} {
		m := randomModel(1)
		change(m)
		if m.Hash() == want {
			t.Errorf("another %s has the same hash", name)
		}
	}
}
