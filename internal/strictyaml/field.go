package strictyaml

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is a struct field that takes part: one with a yaml tag.
type field struct {
	key   string
	value reflect.Value
	tag   reflect.StructTag
}

func fields(s reflect.Value) []field {
	var list []field
	for i := range s.NumField() {
		tag := s.Type().Field(i).Tag
		if key := tag.Get("yaml"); key != "" {
			list = append(list, field{key: key, value: s.Field(i), tag: tag})
		}
	}
	return list
}

func fieldOf(s reflect.Value, key string) (field, bool) {
	for _, f := range fields(s) {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

func unknownKey(path, key string, s reflect.Value) string {
	var valid []string
	for _, f := range fields(s) {
		valid = append(valid, f.key)
	}
	return fmt.Sprintf("%s: unknown key; %s", shortened(path), Choices("keys", key, valid))
}

// want says in words what a field takes.
func (f field) want() string {
	if f.value.Kind() == reflect.Slice {
		return "a list, each entry " + f.wantScalar()
	}
	return f.wantScalar()
}

func (f field) wantScalar() string {
	if names := f.oneof(); names != nil {
		return "one of " + strings.Join(names, ", ")
	}
	kind := f.value.Kind()
	if kind == reflect.Slice {
		kind = f.value.Type().Elem().Kind()
	}
	what := map[reflect.Kind]string{
		reflect.String: "text", reflect.Bool: "true or false", reflect.Int: "a whole number",
		reflect.Uint64: "a whole number, at least 0", reflect.Float64: "a finite number",
		reflect.Struct: "a mapping of keys to values",
	}[kind]
	if r, ok := f.limits(); ok {
		return what + r.String()
	}
	return what
}

// allows reports whether v satisfies the range or oneof tag.
func (f field) allows(v reflect.Value) bool {
	if names := f.oneof(); names != nil {
		return slices.Contains(names, v.String())
	}
	r, ok := f.limits()
	if !ok {
		return true
	}
	switch v.Kind() {
	case reflect.Int:
		return r.contains(float64(v.Int()))
	case reflect.Uint64:
		return r.contains(float64(v.Uint()))
	}
	return r.contains(v.Float())
}

func (f field) oneof() []string {
	if names := f.tag.Get("oneof"); names != "" {
		return strings.Split(names, ",")
	}
	return nil
}

// interval is a range tag: "[0,1]", "(0,inf)", "[1,inf)".
type interval struct {
	lower, upper         float64
	openLower, openUpper bool
	text                 string
}

func (f field) limits() (interval, bool) {
	tag := f.tag.Get("range")
	if tag == "" {
		return interval{}, false
	}
	lower, upper, ok := strings.Cut(strings.Trim(tag, "[]()"), ",")
	r := interval{openLower: tag[0] == '(', openUpper: tag[len(tag)-1] == ')', text: tag}
	var err1, err2 error
	r.lower, err1 = strconv.ParseFloat(lower, 64)
	r.upper, err2 = strconv.ParseFloat(upper, 64)
	if !ok || err1 != nil || err2 != nil {
		panic("strictyaml: malformed range tag " + tag)
	}
	return r, true
}

func (r interval) contains(v float64) bool {
	above := v > r.lower || v == r.lower && !r.openLower
	below := v < r.upper || v == r.upper && !r.openUpper
	return above && below
}

func (r interval) String() string {
	switch {
	case strings.HasSuffix(r.text, ",inf)") && r.openLower:
		return fmt.Sprintf(" above %g", r.lower)
	case strings.HasSuffix(r.text, ",inf)"):
		return fmt.Sprintf(", at least %g", r.lower)
	}
	return " in " + strings.Replace(r.text, ",", ", ", 1)
}
