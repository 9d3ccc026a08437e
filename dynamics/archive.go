package dynamics

import (
	"archive/zip"
	"fmt"
	"io"
)

// archiveArray is an array on its way into a NumPy archive.
type archiveArray struct {
	name  string
	write func(io.Writer) error // header and values
}

// writeArchive writes a NumPy archive, which is a zip file of arrays.
func writeArchive(w io.Writer, arrays ...archiveArray) error {
	z := zip.NewWriter(w)
	for _, a := range arrays {
		// Stored, not compressed: recorded motion hardly shrinks, and no time
		// stamp, so that the same data give the same bytes.
		entry, err := z.CreateHeader(&zip.FileHeader{Name: a.name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := a.write(entry); err != nil {
			return fmt.Errorf("array %s: %w", a.name, err)
		}
	}
	return z.Close()
}

// archive is a NumPy archive that is read.
type archive struct{ zip *zip.Reader }

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a complete NumPy archive (.npz): %w", err)
	}
	return &archive{z}, nil
}

// floats returns shape and values of a float64 array of dims dimensions.
func (a *archive) floats(name string, dims int) (shape []int, v []float64, err error) {
	err = a.with(name, func(r io.Reader) (err error) {
		shape, v, err = readNPYFloats(r, dims)
		return err
	})
	return shape, v, err
}

// bytes returns the values of a list of bytes.
func (a *archive) bytes(name string) (v []byte, err error) {
	err = a.with(name, func(r io.Reader) (err error) {
		_, v, err = readNPY(r, "|u1", 1, 1)
		return err
	})
	return v, err
}

// with calls read with the content of an array; its errors get the name.
func (a *archive) with(name string, read func(io.Reader) error) error {
	for _, f := range a.zip.File {
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
	have := make([]string, len(a.zip.File))
	for i, f := range a.zip.File {
		have[i] = f.Name
	}
	return fmt.Errorf("array %s is missing; the archive has %q", name, have)
}
