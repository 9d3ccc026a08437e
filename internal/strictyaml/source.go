package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Source remembers where every value came from, so that whoever finds one wrong
// later can still name the line.
type Source struct {
	name  string
	where map[string]string // by dotted key: "file:line:column" or a label
}

// Decode reads the YAML text data, called name in errors, into the struct dst
// points to. A text without any key is valid and changes nothing.
func Decode(name string, data []byte, dst any) (*Source, error) {
	s := &Source{name: name, where: map[string]string{}}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, s.syntaxError(err)
	}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%s: holds %d YAML documents; it must hold one", name, len(file.Docs))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return s, nil
	}
	d := decoder{source: s, at: s.position}
	return s, d.decode("", file.Docs[0].Body, target(dst))
}

// Override is one value given apart from the file, by a flag.
type Override struct {
	Label string // where the user wrote it, for errors: "--set seed=3"
	Key   string // dotted
	Value string // YAML
}

// ParseSet returns the override of a flag --set key=value.
func ParseSet(assignment string) (Override, error) {
	label := "--set " + assignment
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return Override{}, fmt.Errorf("%s: no value; write --set key=value, for example --set seed=3", label)
	}
	return Override{Label: label, Key: strings.TrimSpace(key), Value: value}, nil
}

// Set changes the value that o names in the struct dst points to.
func (s *Source) Set(o Override, dst any) error {
	field := target(dst)
	for path, rest := "", o.Key; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, ".")
		next, ok := fieldOf(field, part)
		if !ok {
			return fmt.Errorf("%s: %s", o.Label, unknownKey(join(path, part), part, field))
		}
		field, path = next.value, join(path, part)
		if rest == "" {
			return s.setField(o, next)
		}
		if field.Kind() != reflect.Struct {
			return fmt.Errorf("%s: %s: %s has no parts", o.Label, o.Key, path)
		}
	}
	return fmt.Errorf("%s: the key is empty; write key=value", o.Label)
}

func (s *Source) setField(o Override, f field) error {
	file, err := parser.ParseBytes([]byte(o.Value), 0)
	if err != nil || len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return fmt.Errorf("%s: %s: value %q cannot be read; it must be %s", o.Label, o.Key, o.Value, f.want())
	}
	d := decoder{source: s, at: func(ast.Node) string { return o.Label }}
	return d.decodeField(o.Key, file.Docs[0].Body, f)
}

// Errorf returns an error about the value of a dotted key, naming where it was
// written, or the file where it is a default.
func (s *Source) Errorf(key, format string, args ...any) error {
	where, ok := s.where[key]
	if !ok {
		where = s.name
	}
	return fmt.Errorf("%s: %s: %w", where, key, fmt.Errorf(format, args...))
}

// Has reports whether a key was written by the user.
func (s *Source) Has(key string) bool {
	_, ok := s.where[key]
	return ok
}

func (s *Source) position(n ast.Node) string {
	p := n.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", s.name, p.Line, p.Column)
}

func (s *Source) syntaxError(err error) error {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		p := syntax.Token.Position
		return fmt.Errorf("%s:%d:%d: not valid YAML: %s", s.name, p.Line, p.Column, syntax.Message)
	}
	return fmt.Errorf("%s: not valid YAML: %w", s.name, err)
}

// target returns the struct dst points to.
func target(dst any) reflect.Value {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic("strictyaml: the destination must be a pointer to a struct")
	}
	return v.Elem()
}

func join(path, part string) string {
	if path == "" {
		return part
	}
	return path + "." + part
}
