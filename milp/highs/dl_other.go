//go:build !(darwin || freebsd || linux || netbsd)

package highs

import (
	"errors"
	"runtime"
)

var errSystem = errors.New("libraries are not opened at run time on " + runtime.GOOS)

func openLibrary(string) (uintptr, error)     { return 0, errSystem }
func symbol(uintptr, string) (uintptr, error) { return 0, errSystem }
