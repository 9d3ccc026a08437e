package mmap

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestReadOfMoreThanFits shows a file that no memory holds: a hole with one byte
// at its end.
func TestReadOfMoreThanFits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	const size = 1 << 40
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{7}, size-1); errors.Is(err, syscall.EFBIG) {
		t.Skipf("SKIPPED, nothing checked: the file system has no files of %d bytes: %v", int64(size), err)
	} else if err != nil {
		t.Fatal(err)
	}
	data, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != size || data[size/2] != 0 || data[size-1] != 7 {
		t.Errorf("%d bytes, the last one %d", len(data), data[len(data)-1])
	}
}
