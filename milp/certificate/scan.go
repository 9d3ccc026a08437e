package certificate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"hinge/internal/strictyaml"
)

// scanner reads JSON of a known shape and says where it deviates. Its methods panic
// with a scanError, which Decode recovers.
type scanner struct {
	name string
	data []byte
	at   int
}

type scanError struct{ err error }

// fail stops the scan with an error about the field at path.
func (s *scanner) fail(path, format string, args ...any) {
	line := 1 + bytes.Count(s.data[:min(s.at, len(s.data))], []byte{'\n'})
	if path == "" {
		path = "file"
	}
	panic(scanError{fmt.Errorf("%s:%d: %s: %s", s.name, line, path, fmt.Sprintf(format, args...))})
}

// next returns the next byte that is no space, without taking it; 0 at the end.
func (s *scanner) next() byte {
	for ; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take reports whether the next byte is c, and takes it if so.
func (s *scanner) take(c byte) bool {
	if s.next() != c || s.at >= len(s.data) {
		return false
	}
	s.at++
	return true
}

// found describes what is there.
func (s *scanner) found() string {
	if s.next(); s.at >= len(s.data) {
		return "the end of the file"
	}
	return fmt.Sprintf("%q", s.data[s.at:min(len(s.data), s.at+20)])
}

// key is one key of an object.
type key struct {
	name     string
	optional bool
	read     func(path string)
}

// object reads an object with exactly these keys.
func (s *scanner) object(path string, keys ...key) {
	if !s.take('{') {
		s.fail(path, "must be an object, found %s", s.found())
	}
	seen := make([]bool, len(keys))
	for first := true; ; first = false {
		if s.take('}') {
			break
		}
		if !first && (!s.take(',') || s.next() == '}') {
			s.fail(path, "want ',' and a key, or '}', found %s", s.found())
		}
		s.member(path, keys, seen)
	}
	for i, k := range keys {
		if !seen[i] && !k.optional {
			s.fail(path, "key %q is missing", k.name)
		}
	}
}

func (s *scanner) member(path string, keys []key, seen []bool) {
	name := s.text(path)
	if !s.take(':') {
		s.fail(path, "want ':' after key %.40q, found %s", name, s.found())
	}
	for i, k := range keys {
		if k.name != name {
			continue
		}
		if seen[i] {
			s.fail(path, "key %q is given twice", name)
		}
		seen[i] = true
		k.read(join(path, name))
		return
	}
	var valid []string
	for _, k := range keys {
		valid = append(valid, k.name)
	}
	s.fail(path, "unknown key %.40q; %s", name, strictyaml.Choices("keys", name, valid))
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// array reads an array, calling each for every element.
func (s *scanner) array(path string, each func(i int)) {
	if !s.take('[') {
		s.fail(path, "must be an array, found %s", s.found())
	}
	for i := 0; ; i++ {
		if s.take(']') {
			return
		}
		if i > 0 && (!s.take(',') || s.next() == ']') {
			s.fail(path, "want ',' and a value, or ']', found %s", s.found())
		}
		each(i)
	}
}

// null reports whether the value is null, and takes it if so.
func (s *scanner) null() bool {
	if s.next() == 'n' && bytes.HasPrefix(s.data[s.at:], []byte("null")) {
		s.at += 4
		return true
	}
	return false
}

// truth reads true or false.
func (s *scanner) truth(path string) bool {
	s.next()
	for word, v := range map[string]bool{"true": true, "false": false} {
		if bytes.HasPrefix(s.data[s.at:], []byte(word)) {
			s.at += len(word)
			return v
		}
	}
	s.fail(path, "must be true or false, found %s", s.found())
	return false
}

// text reads a string.
func (s *scanner) text(path string) string {
	if s.next() != '"' {
		s.fail(path, "must be a string, found %s", s.found())
	}
	start := s.at
	for s.at++; s.at < len(s.data) && s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	var v string
	if s.at > len(s.data) || json.Unmarshal(s.data[start:s.at], &v) != nil {
		s.at = start
		s.fail(path, "must be a string, found %s", s.found())
	}
	return v
}

// token takes a number as text.
func (s *scanner) token(path string) string {
	s.next()
	start := s.at
	for s.at < len(s.data) && bytes.IndexByte([]byte("+-.0123456789eE"), s.data[s.at]) >= 0 {
		s.at++
	}
	if !isNumber(s.data[start:s.at]) {
		s.at = start
		s.fail(path, "must be a number, found %s", s.found())
	}
	return string(s.data[start:s.at])
}

// isNumber reports whether b is a number by JSON's grammar.
func isNumber(b []byte) bool {
	digits := func() bool {
		n := len(b)
		for len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
			b = b[1:]
		}
		return len(b) < n
	}
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	if len(b) > 1 && b[0] == '0' && b[1] >= '0' && b[1] <= '9' || !digits() {
		return false
	}
	if len(b) > 0 && b[0] == '.' {
		if b = b[1:]; !digits() {
			return false
		}
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		if b = b[1:]; len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		return digits() && len(b) == 0
	}
	return len(b) == 0
}

func (s *scanner) float(path string) float64 {
	text := s.token(path)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		s.fail(path, "%.40s is beyond the range of float64", text)
	}
	return v
}

func (s *scanner) integer(path string) int {
	text := s.token(path)
	v, err := strconv.Atoi(text)
	if err != nil {
		s.fail(path, "must be a whole number, found %.40s", text)
	}
	return v
}

func (s *scanner) floats(path string) []float64 {
	v := []float64{}
	s.array(path, func(i int) {
		if c := s.next(); c != '-' && (c < '0' || c > '9') {
			s.fail(fmt.Sprintf("%s[%d]", path, i), "must be a number, found %s", s.found())
		}
		v = append(v, s.float(path))
	})
	return v
}
