//go:build !linux

package mmap

import "os"

// Read returns the content of a file, which is read as a whole here.
func Read(path string) ([]byte, error) { return os.ReadFile(path) }
