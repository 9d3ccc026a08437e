package dynamics

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"hinge/control"
	"hinge/nn"
	"hinge/nn/file"
)

// A model file is a network file whose metadata hold the rest of the model as
// JSON, so that any reader of networks can at least use the network.
const (
	formatKey = "format"
	modelKey  = "dynamics"

	// format changes when the meaning of a field does.
	format = "hinge.dynamics.1"
)

// modelJSON is all of a model but its network.
type modelJSON struct {
	Features affineJSON     `json:"features"`
	Base     affineJSON     `json:"base"`
	In       normalizerJSON `json:"in"`
	Out      normalizerJSON `json:"out"`
	Meta     Meta           `json:"meta"`
}

type affineJSON struct {
	Rows int       `json:"rows"`
	Cols int       `json:"cols"`
	W    []float64 `json:"w"`
	B    []float64 `json:"b"`
}

type normalizerJSON struct {
	Mean  []float64 `json:"mean"`
	Scale []float64 `json:"scale"`
}

// Save writes the model to the .safetensors file at path, which is replaced as
// a whole or stays as it was.
func (m *Model) Save(path string) error {
	if err := m.Validate(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	text, err := json.Marshal(modelJSON{
		Features: affineJSON(m.Features), Base: affineJSON(m.Base),
		In: normalizerJSON(m.In), Out: normalizerJSON(m.Out), Meta: m.Meta,
	})
	if err != nil {
		return fmt.Errorf("write %s: metadata: %w", path, err)
	}
	return file.Save(path, m.Net, map[string]string{formatKey: format, modelKey: string(text)})
}

// Load reads a model that [Model.Save] wrote.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the file already
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads a model to the end of r; errors call it name.
func Read(r io.Reader, name string) (*Model, error) {
	net, meta, err := file.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m, err := withMetadata(net, meta)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// withMetadata returns the model of a network and the metadata Save gave it.
func withMetadata(net *nn.Net, meta map[string]string) (*Model, error) {
	if have := meta[formatKey]; have != format {
		return nil, fmt.Errorf("metadata %q is %q; a dynamics model has %q", formatKey, have, format)
	}
	var j modelJSON
	d := json.NewDecoder(strings.NewReader(meta[modelKey]))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return nil, fmt.Errorf("metadata %q: %w", modelKey, err)
	}
	m := &Model{
		Features: control.Affine(j.Features), Base: control.Affine(j.Base),
		In: Normalizer(j.In), Out: Normalizer(j.Out), Net: net, Meta: j.Meta,
	}
	return m, m.Validate()
}
