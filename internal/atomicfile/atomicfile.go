// Package atomicfile writes files that are either whole or not there.
//
// A result that took an hour to compute must survive a crash, a full disk or an
// impatient Ctrl-C during the next run. So every file is written to a temporary
// file in the same folder (the same file system, hence a true rename), synced
// to disk and only then renamed over the old one.
//
// Read first: [Write], [WriteBytes], [File].
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path by what write produces. If write fails, or
// anything else does, the old file stays as it was and no temporary file is
// left behind.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard() // does nothing after a commit
	buf := bufio.NewWriterSize(f, 64<<10)
	if err := write(buf); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	return f.Commit()
}

// WriteBytes replaces the file at path by data.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// File is a file under construction, for writers that cannot finish within one
// call. It becomes visible under its name with Commit.
type File struct {
	tmp  *os.File
	path string
	done bool
}

// ErrLocked says that another process, or another part of this one, has locked a file.
var ErrLocked = errors.New("in use by another process")

// Create starts a file that will replace path on Commit. The caller defers
// Discard.
func Create(path string) (*File, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &File{tmp: tmp, path: path}, nil
}

// Write appends to the file under construction.
func (f *File) Write(p []byte) (int, error) { return f.tmp.Write(p) }

// Commit syncs the file and renames it to its name. On failure the file is
// discarded.
func (f *File) Commit() error {
	if f.done {
		panic("atomicfile: Commit of a file already committed or discarded")
	}
	if err := f.finish(); err != nil {
		f.Discard()
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	f.done = true
	// The rename itself is on disk only once the folder is. Some file systems
	// cannot sync a folder; the file is whole either way, so that is no error.
	if dir, err := os.Open(filepath.Dir(f.path)); err == nil {
		dir.Sync()
		dir.Close()
	}
	return nil
}

func (f *File) finish() error {
	// CreateTemp makes files that only the owner may read; results are for all.
	if err := f.tmp.Chmod(mode(f.path)); err != nil {
		return err
	}
	if err := f.tmp.Sync(); err != nil {
		return err
	}
	if err := f.tmp.Close(); err != nil {
		return err
	}
	return os.Rename(f.tmp.Name(), f.path)
}

// Discard removes the file under construction; after Commit it does nothing.
func (f *File) Discard() {
	if f.done {
		return
	}
	f.done = true
	f.tmp.Close()
	os.Remove(f.tmp.Name())
}

// mode returns the permissions of the file that is replaced, or the usual ones.
func mode(path string) fs.FileMode {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return 0o644
	}
	return info.Mode().Perm()
}
