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
		// Without MAP_NORESERVE the system would set memory aside for all of it, in case
		// it is written to, and refuse what is larger than the memory.
		const private = syscall.MAP_PRIVATE | syscall.MAP_NORESERVE
		if data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, private); err == nil {
			return data, nil
		}
	}
	return os.ReadFile(path)
}
