package problems

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"hinge/internal/strictyaml"
)

// object is a JSON object whose fields are read one by one, so that an error
// can say which one is wrong. encoding/json alone would turn a null into a zero.
type object struct {
	file *jsonFile
	at   string // its path in the file, "" at the top
	span
	fields map[string]span
}

// parseObject reads a file that is one object.
func parseObject(path string, data []byte) (object, error) {
	f, s, err := parseJSON(path, data, "an object {..}")
	if err != nil {
		return object{}, err
	}
	return f.object("", s)
}

// parseList reads a file that is a list of objects.
func parseList(path string, data []byte) ([]object, error) {
	f, s, err := parseJSON(path, data, "a list [..] of objects")
	if err != nil {
		return nil, err
	}
	return f.objects("", s)
}

// object returns the object that stands at a path of the file.
func (f *jsonFile) object(at string, s span) (object, error) {
	o := object{file: f, at: at, span: s, fields: map[string]span{}}
	if f.data[s.from] != '{' {
		return o, f.errorf(s.from, at, "it is of kind %s; it must be an object {..}", f.kind(s))
	}
	parts := f.elements(s)
	for i := 0; i+1 < len(parts); i += 2 {
		var key string
		if err := json.Unmarshal(f.text(parts[i]), &key); err != nil {
			return o, f.errorf(parts[i].from, at, "the name of a field is %s: %v", excerpt(f.text(parts[i])), err)
		}
		if _, twice := o.fields[key]; twice {
			return o, f.errorf(parts[i].from, o.path(key), "there twice; every field may be there once")
		}
		o.fields[key] = parts[i+1]
	}
	return o, nil
}

// objects returns the objects of the list that stands at a path of the file.
func (f *jsonFile) objects(at string, s span) ([]object, error) {
	if f.data[s.from] != '[' {
		return nil, f.errorf(s.from, at, "it is of kind %s; it must be a list [..] of objects", f.kind(s))
	}
	var list []object
	for i, part := range f.elements(s) {
		o, err := f.object(fmt.Sprintf("%s[%d]", at, i), part)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// path returns the path of a field in the file.
func (o object) path(key string) string {
	if key = excerpt([]byte(key)); o.at == "" {
		return key
	}
	return o.at + "." + key
}

// errorf returns an error about a field, or about the object if it is not there.
func (o object) errorf(key, format string, args ...any) error {
	return o.entryErrorf(key, nil, format, args...)
}

// entryErrorf returns an error about one entry of a field: of a list, or of a list of lists.
func (o object) entryErrorf(key string, entry []int, format string, args ...any) error {
	s, ok := o.fields[key]
	if !ok {
		s = o.span
	}
	at := o.path(key)
	for _, i := range entry {
		s = o.file.element(s, i)
		at += fmt.Sprintf("[%d]", i)
	}
	return o.file.errorf(s.from, at, format, args...)
}

func (o object) has(key string) bool {
	_, ok := o.fields[key]
	return ok
}

// null reports whether a field is there and null.
func (o object) null(key string) bool { return o.has(key) && string(o.text(key)) == "null" }

// text returns the text of a field.
func (o object) text(key string) []byte { return o.file.text(o.fields[key]) }

// only reports a field that is none of those given.
func (o object) only(keys ...string) error {
	for _, key := range slices.Sorted(maps.Keys(o.fields)) {
		if !slices.Contains(keys, key) {
			return o.errorf(key, "unknown; %s", strictyaml.Choices("fields", key, keys))
		}
	}
	return nil
}

// value returns a field, or an error that says what should have been there.
func (o object) value(key, want string) (span, error) {
	s, ok := o.fields[key]
	if !ok {
		return s, o.errorf(key, "missing; it must be %s", want)
	}
	return s, nil
}

// object returns the object that a field is.
func (o object) object(key string) (object, error) {
	s, err := o.value(key, "an object {..}")
	if err != nil {
		return object{}, err
	}
	return o.file.object(o.path(key), s)
}

// list returns the objects of a list.
func (o object) list(key string) ([]object, error) {
	s, err := o.value(key, "a list [..] of objects")
	if err != nil {
		return nil, err
	}
	return o.file.objects(o.path(key), s)
}

// string returns a string.
func (o object) string(key string) (string, error) {
	s, err := o.value(key, "a string")
	if err != nil {
		return "", err
	}
	var v string
	if o.file.kind(s) != "string" || json.Unmarshal(o.file.text(s), &v) != nil {
		return "", o.errorf(key, "%s; it must be a string", excerpt(o.file.text(s)))
	}
	return v, nil
}

// strings returns n strings.
func (o object) strings(key string, n int) ([]string, error) {
	want := fmt.Sprintf("a list of %d strings", n)
	s, err := o.value(key, want)
	if err != nil {
		return nil, err
	}
	if o.file.kind(s) != "array" {
		return nil, o.errorf(key, "%s; it must be %s", excerpt(o.file.text(s)), want)
	}
	parts := o.file.elements(s)
	if len(parts) != n {
		return nil, o.errorf(key, "%d entries; it must be %s", len(parts), want)
	}
	list := make([]string, n)
	for i, part := range parts {
		if o.file.kind(part) != "string" || json.Unmarshal(o.file.text(part), &list[i]) != nil {
			return nil, o.entryErrorf(key, []int{i}, "%s; it must be a string", excerpt(o.file.text(part)))
		}
	}
	return list, nil
}

// flag returns true or false; false if the field is absent.
func (o object) flag(key string) (bool, error) {
	if !o.has(key) {
		return false, nil
	}
	switch text := string(o.text(key)); text {
	case "true", "false":
		return text == "true", nil
	default:
		return false, o.errorf(key, "%s; it must be true or false", excerpt([]byte(text)))
	}
}

// number returns a finite number.
func (o object) number(key string) (float64, error) {
	s, err := o.value(key, "a number")
	if err != nil {
		return 0, err
	}
	v, ok := parseNumber(o.file.text(s))
	if !ok {
		return 0, o.errorf(key, "%s; it must be a finite number", excerpt(o.file.text(s)))
	}
	return v, nil
}

// integer returns a whole number in [low, high].
func (o object) integer(key string, low, high int) (int, error) {
	s, err := o.value(key, "a whole number")
	if err != nil {
		return 0, err
	}
	v, err := strconv.Atoi(string(o.file.text(s)))
	if err != nil || v < low || v > high {
		return 0, o.errorf(key, "%s; it must be a whole number in %d..%d", excerpt(o.file.text(s)), low, high)
	}
	return v, nil
}

// vector returns n finite numbers; any number of them if n is negative.
func (o object) vector(key string, n int) ([]float64, error) {
	s, err := o.value(key, "a list of numbers")
	if err != nil {
		return nil, err
	}
	return o.appendVector(nil, key, nil, s, n)
}

// appendVector appends to dst the n numbers of the list s: a field, or an entry of it.
func (o object) appendVector(dst []float64, key string, entry []int, s span, n int) ([]float64, error) {
	if o.file.kind(s) != "array" {
		return dst, o.entryErrorf(key, entry, "%s; it must be a list of numbers", excerpt(o.file.text(s)))
	}
	before, bad := len(dst), span{}
	o.file.parts(s, func(part span) bool {
		v, ok := parseNumber(o.file.text(part))
		if !ok {
			bad = part
			return false
		}
		dst = append(dst, v)
		return true
	})
	got := len(dst) - before
	if bad != (span{}) {
		return dst, o.entryErrorf(key, append(slices.Clip(entry), got), "%s; it must be a finite number", excerpt(o.file.text(bad)))
	}
	if n >= 0 && got != n {
		return dst, o.entryErrorf(key, entry, "%d numbers; it must be %d", got, n)
	}
	return dst, nil
}

// matrix returns rows x cols finite numbers, row-major; any number of rows if it is
// negative.
func (o object) matrix(key string, rows, cols int) ([]float64, error) {
	want := fmt.Sprintf("a list of %d rows of %d numbers", rows, cols)
	if rows < 0 {
		want = fmt.Sprintf("a list of rows of %d numbers", cols)
	}
	s, err := o.value(key, want)
	if err != nil {
		return nil, err
	}
	if o.file.kind(s) != "array" {
		return nil, o.errorf(key, "%s; it must be %s", excerpt(o.file.text(s)), want)
	}
	lines := o.file.elements(s)
	if rows >= 0 && len(lines) != rows {
		return nil, o.errorf(key, "%d rows; it must be %s", len(lines), want)
	}
	var v []float64
	for i, line := range lines {
		if v, err = o.appendVector(v, key, []int{i}, line, cols); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// parseNumber returns a finite number, if a valid JSON value is one.
func parseNumber(text []byte) (v float64, ok bool) {
	v, err := strconv.ParseFloat(string(text), 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}
