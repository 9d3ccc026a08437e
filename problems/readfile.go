package problems

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxFileSize bounds what is read into memory: 256 MiB, eighty times the
// largest file known.
const maxFileSize = 256 << 20

// readFile returns the content of a file of at most [maxFileSize] bytes.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w; give the path of a problem's file, as seen from here", path, fs.ErrNotExist)
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("%s: more than %d MiB; no problem of this kind is that large", path, maxFileSize>>20)
	}
	return data, nil
}

// excerpt returns the start of a value for a message.
func excerpt(raw []byte) string {
	const most = 40
	s := strings.TrimSpace(string(raw))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + ".."
	}
	return s
}
