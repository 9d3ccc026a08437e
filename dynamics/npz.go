package dynamics

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"hinge/internal/atomicfile"
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
	z := zip.NewWriter(w)
	for _, array := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"x", func(w io.Writer) error { return writeNPYFloats(w, d.X, d.Episodes, d.Steps+1, d.Nx) }},
		{"u", func(w io.Writer) error { return writeNPYFloats(w, d.U, d.Episodes, d.Steps, d.Nu) }},
		{"meta", func(w io.Writer) error { return writeNPYBytes(w, meta) }},
	} {
		// Stored, not compressed: recorded motion hardly shrinks, and no time
		// stamp, so that the same data give the same bytes.
		entry, err := z.CreateHeader(&zip.FileHeader{Name: array.name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := array.write(entry); err != nil {
			return fmt.Errorf("array %s: %w", array.name, err)
		}
	}
	return z.Close()
}

// LoadDataset reads a data set that Save, or numpy.savez with the same arrays,
// has written.
func LoadDataset(path string) (*Dataset, error) {
	data, err := os.ReadFile(path)
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
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("not a complete NumPy archive (.npz): %w", err)
	}
	d := new(Dataset)
	var xs, us []int
	if err := withArray(z, "x", func(r io.Reader) (err error) {
		xs, d.X, err = readNPYFloats(r, 3)
		return err
	}); err != nil {
		return nil, err
	}
	if err := withArray(z, "u", func(r io.Reader) (err error) {
		us, d.U, err = readNPYFloats(r, 3)
		return err
	}); err != nil {
		return nil, err
	}
	if err := withArray(z, "meta", func(r io.Reader) error {
		_, b, err := readNPY(r, "|u1", 1, 1)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &d.Meta)
	}); err != nil {
		return nil, err
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

// withArray calls read with the content of array name; its errors get the name.
func withArray(z *zip.Reader, name string, read func(io.Reader) error) error {
	for _, f := range z.File {
		if f.Name != name+".npy" {
			continue
		}
		r, err := f.Open()
		if err == nil {
			defer r.Close()
			err = read(r)
		}
		if err != nil {
			return fmt.Errorf("array %s: %w", name, err)
		}
		return nil
	}
	have := make([]string, len(z.File))
	for i, f := range z.File {
		have[i] = f.Name
	}
	return fmt.Errorf("array %s is missing; the archive must hold x.npy, u.npy and meta.npy, it has %q", name, have)
}
