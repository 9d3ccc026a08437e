// Package file stores networks: one file a network, read by other tools as well,
// and refused with a reason if anything in it is wrong.
//
// The format of our own files is safetensors: the length of a JSON header (8
// bytes, little endian), the header, the tensors without gaps. A network has the
// tensors
//
//	layers.0.weight [out, in]   layers.0.bias [out]   layers.1.weight ..
//
// as F32 if that loses no bit of any parameter, else as F64. Its architecture is
// JSON in the metadata under [ArchitectureKey]; the other metadata are strings
// that belong to the caller (normalisers, units, seeds).
//
// Networks of other tools are ONNX graphs. Reading one composes its affine
// operators, see [ONNX]; writing one keeps every weight, see [WriteONNX].
//
// Each format is a file of this package: its container, and the way from there
// to a network.
//
// Read first: [Save], [Load], [LoadONNX].
package file

import (
	"fmt"
	"io"
	"maps"
	"os"

	"hinge/internal/atomicfile"
	"hinge/nn"
)

// Save writes n and meta to the file at path, which is replaced as a whole or
// stays as it was.
func Save(path string, n *nn.Net, meta map[string]string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		if err := Write(w, n, meta); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

// Load reads a file that [Save] wrote.
func Load(path string) (*nn.Net, map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err // names the file already
	}
	defer f.Close()
	n, meta, err := Read(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return n, meta, nil
}

// Write writes n and meta to w. It panics if meta has [ArchitectureKey].
func Write(w io.Writer, n *nn.Net, meta map[string]string) error {
	if _, taken := meta[ArchitectureKey]; taken {
		panic("nn/file: Write: the metadata use the key of the architecture")
	}
	if err := n.Validate(); err != nil {
		return err
	}
	all := maps.Clone(meta)
	if all == nil {
		all = map[string]string{}
	}
	all[ArchitectureKey] = formatArchitecture(n)
	return writeContainer(w, container{meta: all, tensors: netTensors(n)})
}

// Read reads a network and its metadata from r, to the end of r.
func Read(r io.Reader) (*nn.Net, map[string]string, error) {
	c, err := readContainer(r)
	if err != nil {
		return nil, nil, err
	}
	text, ok := c.meta[ArchitectureKey]
	if !ok {
		return nil, nil, fmt.Errorf("metadata %q are missing; they must hold the architecture", ArchitectureKey)
	}
	in, layers, err := parseArchitecture(text)
	if err != nil {
		return nil, nil, fmt.Errorf("metadata %q: %w", ArchitectureKey, err)
	}
	n, err := fillNet(in, layers, c.tensors)
	if err != nil {
		return nil, nil, err
	}
	delete(c.meta, ArchitectureKey)
	return n, c.meta, nil
}
