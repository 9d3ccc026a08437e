package dynamics

import (
	"encoding/json"
	"fmt"
	"io"

	"hinge/internal/atomicfile"
	"hinge/internal/mmap"
)

// Save writes the data set as a NumPy archive with the arrays x
// (Episodes, Steps+1, Nx), u (Episodes, Steps, Nu) and meta (the bytes of a JSON
// object). numpy.load reads it: json.loads(bytes(file["meta"])).
func (d *Dataset) Save(path string) error {
	if err := d.Validate(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Write(path, d.write)
}

func (d *Dataset) write(w io.Writer) error {
	meta, err := json.Marshal(d.Meta)
	if err != nil {
		return err
	}
	return writeArchive(w,
		archiveArray{"x", func(w io.Writer) error { return writeNPYFloats(w, d.X, d.Episodes, d.Steps+1, d.Nx) }},
		archiveArray{"u", func(w io.Writer) error { return writeNPYFloats(w, d.U, d.Episodes, d.Steps, d.Nu) }},
		archiveArray{"meta", func(w io.Writer) error { return writeNPYBytes(w, meta) }})
}

// LoadDataset reads a data set that Save, or numpy.savez with the same arrays,
// has written. Where the system allows it, the arrays stay in the file until they
// are looked at, so that they may be larger than the memory.
func LoadDataset(path string) (*Dataset, error) {
	data, err := mmap.Read(path)
	if err != nil {
		return nil, err
	}
	d, err := readDataset(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func readDataset(data []byte) (*Dataset, error) {
	z, err := openArchive(data)
	if err != nil {
		return nil, err
	}
	d := new(Dataset)
	var xs, us []int
	if xs, d.X, err = z.floats("x", 3); err != nil {
		return nil, err
	}
	if us, d.U, err = z.floats("u", 3); err != nil {
		return nil, err
	}
	meta, err := z.bytes("meta")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(meta, &d.Meta); err != nil {
		return nil, fmt.Errorf("array meta: %w", err)
	}
	if us[0] != xs[0] || us[1] != xs[1]-1 {
		return nil, fmt.Errorf("array x has shape %v and u has %v; u must have (%d, %d, .)", xs, us, xs[0], xs[1]-1)
	}
	d.Episodes, d.Steps, d.Nx, d.Nu = us[0], us[1], xs[2], us[2]
	if err := d.Validate(); err != nil {
		return nil, err
	}
	return d, nil
}
