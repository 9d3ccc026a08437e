//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package atomicfile

import "os"

// Lock does nothing here.
func Lock(*os.File) error { return nil }
