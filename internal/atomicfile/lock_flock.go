//go:build linux || darwin || freebsd || netbsd || openbsd

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// Lock makes f this process's own until it is closed, also by the end of the
// process, and returns [ErrLocked] if it is another's. Where the file system has no
// locks it does nothing.
func Lock(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return nil
}
