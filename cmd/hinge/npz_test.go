package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"testing"
)

// replaceFloat replaces a number in the arrays of an .npz file.
func replaceFloat(t *testing.T, path string, old, new float64) {
	t.Helper()
	in, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	replaced := 0
	for _, f := range in.File {
		content := entry(t, f)
		at := binary.LittleEndian.AppendUint64(nil, math.Float64bits(old))
		replaced += bytes.Count(content, at)
		content = bytes.ReplaceAll(content, at, binary.LittleEndian.AppendUint64(nil, math.Float64bits(new)))
		part, err := w.Create(f.Name)
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if replaced != 1 {
		t.Fatalf("%d numbers replaced, want 1", replaced)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func entry(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
