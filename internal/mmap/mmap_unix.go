//go:build unix

package mmap

import (
	"os"
	"syscall"
)

// Read returns the content of a file. It stays as it was opened, also where the
// file is replaced later, but must not be cut short; writing to the memory leaves
// the file as it is. It is never released, since nobody knows who holds a part.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if size := info.Size(); info.Mode().IsRegular() && size > 0 && int64(int(size)) == size {
		if data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE); err == nil {
			return data, nil
		}
	}
	return os.ReadFile(path)
}
