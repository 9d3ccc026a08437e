//go:build !unix

package mmap

import "os"

// Read returns the content of a file.
func Read(path string) ([]byte, error) { return os.ReadFile(path) }
