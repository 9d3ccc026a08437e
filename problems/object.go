package problems

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"hinge/internal/strictyaml"
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

// object is a JSON object whose fields are read one by one, so that an error
// can say which one is wrong. encoding/json alone would turn a null into a zero.
type object struct {
	at     string // file, then the path of the object within it
	fields map[string]json.RawMessage
}

func (o object) errorf(key, format string, args ...any) error {
	return fmt.Errorf("%s: field %s: %s", o.at, key, fmt.Sprintf(format, args...))
}

// parseObject reads the JSON object data. at says where it stands.
func parseObject(at string, data []byte) (object, error) {
	o := object{at: at}
	if err := json.Unmarshal(data, &o.fields); err != nil {
		return o, fmt.Errorf("%s: %s", at, jsonProblem(err, "an object {..}"))
	}
	if o.fields == nil {
		return o, fmt.Errorf("%s: null; it must be an object {..}", at)
	}
	return o, nil
}

// parseList reads a JSON list of objects.
func parseList(at string, data []byte) ([]object, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("%s: %s", at, jsonProblem(err, "a list [..] of objects"))
	}
	if raw == nil {
		return nil, fmt.Errorf("%s: null; it must be a list [..] of objects", at)
	}
	list := make([]object, len(raw))
	for i, r := range raw {
		var err error
		if list[i], err = parseObject(fmt.Sprintf("%s[%d]", at, i), r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func jsonProblem(err error, want string) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("it is of kind %s; it must be %s", kind.Value, want)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("not JSON at byte %d: %v; it must be %s", syntax.Offset, err, want)
	}
	return err.Error()
}

func (o object) has(key string) bool { return o.fields[key] != nil }

// only reports a field that is none of those given.
func (o object) only(keys ...string) error {
	for _, key := range slices.Sorted(maps.Keys(o.fields)) {
		if !slices.Contains(keys, key) {
			return o.errorf(excerpt([]byte(key)), "unknown; %s", strictyaml.Choices("fields", key, keys))
		}
	}
	return nil
}

// raw returns a field, or an error that says what should have been there.
func (o object) raw(key, want string) (json.RawMessage, error) {
	r, ok := o.fields[key]
	if !ok {
		return nil, o.errorf(key, "missing; it must be %s", want)
	}
	return r, nil
}

// list returns the objects of a list.
func (o object) list(key string) ([]object, error) {
	r, err := o.raw(key, "a list [..] of objects")
	if err != nil {
		return nil, err
	}
	return parseList(o.at+": field "+key, r)
}

// text returns a string.
func (o object) text(key string) (string, error) {
	r, err := o.raw(key, "a string")
	if err != nil {
		return "", err
	}
	var s *string
	if json.Unmarshal(r, &s) != nil || s == nil {
		return "", o.errorf(key, "%s; it must be a string", excerpt(r))
	}
	return *s, nil
}

// number returns a finite number.
func (o object) number(key string) (float64, error) {
	r, err := o.raw(key, "a number")
	if err != nil {
		return 0, err
	}
	v, problem := parseNumber(string(r))
	if problem != "" {
		return 0, o.errorf(key, "%s", problem)
	}
	return v, nil
}

// integer returns a whole number in [low, high].
func (o object) integer(key string, low, high int) (int, error) {
	r, err := o.raw(key, "a whole number")
	if err != nil {
		return 0, err
	}
	v, err := strconv.Atoi(string(r))
	if err != nil || v < low || v > high {
		return 0, o.errorf(key, "%s; it must be a whole number in %d..%d", excerpt(r), low, high)
	}
	return v, nil
}

// vector returns n finite numbers; any number of them if n is negative.
func (o object) vector(key string, n int) ([]float64, error) {
	r, err := o.raw(key, "a list of numbers")
	if err != nil {
		return nil, err
	}
	v, problem := parseVector(nil, r, n)
	if problem != "" {
		return nil, o.errorf(key, "%s", problem)
	}
	return v, nil
}

// matrix returns rows x cols finite numbers, row-major; any number of rows if it is
// negative.
func (o object) matrix(key string, rows, cols int) ([]float64, error) {
	want := fmt.Sprintf("a list of %d rows of %d numbers", rows, cols)
	if rows < 0 {
		want = fmt.Sprintf("a list of rows of %d numbers", cols)
	}
	r, err := o.raw(key, want)
	if err != nil {
		return nil, err
	}
	var lines []json.RawMessage
	if json.Unmarshal(r, &lines) != nil {
		return nil, o.errorf(key, "%s; it must be %s", excerpt(r), want)
	}
	if rows >= 0 && len(lines) != rows {
		return nil, o.errorf(key, "%d rows; it must be %s", len(lines), want)
	}
	var v []float64
	for i, line := range lines {
		var problem string
		if v, problem = parseVector(v, line, cols); problem != "" {
			return nil, o.errorf(fmt.Sprintf("%s[%d]", key, i), "%s", problem)
		}
	}
	return v, nil
}

// parseVector appends the numbers of a flat JSON list to dst. The second result
// says what is wrong with it, if anything is.
func parseVector(dst []float64, raw json.RawMessage, n int) ([]float64, string) {
	body := bytes.TrimSpace(raw)
	if len(body) < 2 || body[0] != '[' {
		return dst, fmt.Sprintf("%s; it must be a list of numbers", excerpt(raw))
	}
	before := len(dst)
	if body = bytes.TrimSpace(body[1 : len(body)-1]); len(body) > 0 {
		for item := range strings.SplitSeq(string(body), ",") {
			v, problem := parseNumber(strings.TrimSpace(item))
			if problem != "" {
				return dst, fmt.Sprintf("entry %d is %s", len(dst)-before, problem)
			}
			dst = append(dst, v)
		}
	}
	if got := len(dst) - before; n >= 0 && got != n {
		return dst, fmt.Sprintf("%d numbers; it must be %d", got, n)
	}
	return dst, ""
}

// parseNumber returns a finite number that is valid JSON by itself.
func parseNumber(s string) (float64, string) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || !json.Valid([]byte(s)) {
		return 0, fmt.Sprintf("%s; it must be a finite number", excerpt([]byte(s)))
	}
	return v, ""
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
