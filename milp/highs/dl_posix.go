//go:build darwin || freebsd || linux || netbsd

package highs

import "github.com/ebitengine/purego"

// openLibrary keeps the symbols local, so that no other library is bound to them.
func openLibrary(path string) (uintptr, error) {
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func symbol(handle uintptr, name string) (uintptr, error) {
	return purego.Dlsym(handle, name)
}
