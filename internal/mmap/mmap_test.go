package mmap

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestReadIsTheFileAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	want := bytes.Repeat([]byte("a page and more "), 1000)
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	got[0] = 'A'
	if file, err := os.ReadFile(path); err != nil || !bytes.Equal(file, want) {
		t.Errorf("writing to the memory changed the file, %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[1:], want[1:]) {
		t.Error("the content went with the file")
	}
}

func TestReadOfNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "empty")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || len(got) != 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for _, path := range []string{filepath.Join(dir, "none"), dir} {
		if _, err := Read(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}
