package problems

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// jsonFile is the text of a JSON file. Its values are parts of the text, so that an error
// can say in which line one stands.
type jsonFile struct {
	path string
	data []byte
}

// span is a value: bytes from..to-1 of the text, without white space around it.
type span struct{ from, to int }

// errorf returns an error about what stands at an offset: FILE:LINE:COLUMN, all counted
// from 1, columns in bytes. at is the path of fields that leads there, "" at the top.
func (f *jsonFile) errorf(offset int, at, format string, args ...any) error {
	if at != "" {
		at = "field " + at + ": "
	}
	before := f.data[:min(offset, len(f.data))]
	line, column := 1+bytes.Count(before, []byte{'\n'}), len(before)-bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("%s:%d:%d: %s%s", f.path, line, column, at, fmt.Sprintf(format, args...))
}

// parseJSON returns a file whose text is valid JSON, and its one value. want says what
// there should be.
func parseJSON(path string, data []byte, want string) (*jsonFile, span, error) {
	f := &jsonFile{path, data}
	if !json.Valid(data) {
		var raw json.RawMessage
		err := json.Unmarshal(data, &raw)
		at := 0
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			at = max(0, int(syntax.Offset)-1) // the last byte that was looked at
		}
		return f, span{}, f.errorf(at, "", "not JSON: %v; it must be %s", err, want)
	}
	from := f.skipSpace(0)
	return f, span{from, f.skip(from)}, nil
}

// text returns the bytes of a value.
func (f *jsonFile) text(s span) []byte { return f.data[s.from:s.to] }

// kind names what a value is.
func (f *jsonFile) kind(s span) string {
	switch f.data[s.from] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}

// skipSpace returns where the white space and commas at i end.
func (f *jsonFile) skipSpace(i int) int {
	for i < len(f.data) {
		switch f.data[i] {
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
		default:
			return i
		}
	}
	return i
}

// skip returns where the value that starts at i ends.
func (f *jsonFile) skip(i int) int {
	for depth := 0; i < len(f.data); {
		switch f.data[i] {
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case '"':
			i = f.skipString(i)
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
			continue // no end of a value
		default:
			i = f.skipWord(i)
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// skipString returns where the string that starts at i ends.
func (f *jsonFile) skipString(i int) int {
	for i++; f.data[i] != '"'; i++ {
		if f.data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipWord returns where the number, or true, false or null, at i ends.
func (f *jsonFile) skipWord(i int) int {
	for i < len(f.data) && bytes.IndexByte([]byte(" \t\n\r,:{}[]\""), f.data[i]) < 0 {
		i++
	}
	return i
}

// parts calls each with the parts of a list, or with the names and values of an object
// in turn, until it returns false.
func (f *jsonFile) parts(s span, each func(span) bool) {
	for i := f.skipSpace(s.from + 1); i < s.to-1; {
		end := f.skip(i)
		if !each(span{i, end}) {
			return
		}
		i = f.skipSpace(end)
	}
}

// elements returns the parts of a list.
func (f *jsonFile) elements(s span) []span {
	var list []span
	f.parts(s, func(part span) bool {
		list = append(list, part)
		return true
	})
	return list
}

// element returns entry i of a list, the list itself if it has none.
func (f *jsonFile) element(s span, i int) span {
	if list := f.elements(s); f.data[s.from] == '[' && i < len(list) {
		return list[i]
	}
	return s
}
