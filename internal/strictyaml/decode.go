package strictyaml

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder walks a YAML tree and a struct side by side.
type decoder struct {
	source *Source
	at     func(ast.Node) string // where a node was written
}

// decode reads a mapping into a struct.
func (d *decoder) decode(path string, node ast.Node, dst reflect.Value) error {
	entries, err := d.entries(path, node)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Key.String()
		f, ok := fieldOf(dst, name)
		if !ok {
			return fmt.Errorf("%s: %s", d.at(e.Key), unknownKey(join(path, name), name, dst))
		}
		if err := d.decodeField(join(path, name), e.Value, f); err != nil {
			return err
		}
	}
	return nil
}

// entries returns the keys and values of a mapping.
func (d *decoder) entries(path string, node ast.Node) ([]*ast.MappingValueNode, error) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, nil
	}
	where := d.at(node)
	if path != "" {
		where += ": " + path
	}
	return nil, fmt.Errorf("%s: value is %s; it must be a mapping of keys to values", where, describe(node))
}

func (d *decoder) decodeField(path string, node ast.Node, f field) error {
	if err := d.value(path, node, f); err != nil {
		return err
	}
	d.source.where[path] = d.at(node)
	return nil
}

func (d *decoder) value(path string, node ast.Node, f field) error {
	switch f.value.Kind() {
	case reflect.Struct:
		return d.decode(path, node, f.value)
	case reflect.Slice:
		return d.sequence(path, node, f)
	}
	if err := f.set(f.value, node); err != nil {
		return fmt.Errorf("%s: %s: %w", d.at(node), path, err)
	}
	return nil
}

func (d *decoder) sequence(path string, node ast.Node, f field) error {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		return fmt.Errorf("%s: %s: value is %s; it must be %s", d.at(node), path, describe(node), f.want())
	}
	list := reflect.MakeSlice(f.value.Type(), len(seq.Values), len(seq.Values))
	for i, n := range seq.Values {
		if err := f.set(list.Index(i), n); err != nil {
			return fmt.Errorf("%s: %s[%d]: %w", d.at(n), path, i, err)
		}
	}
	f.value.Set(list)
	return nil
}

// set writes a scalar to dst and checks it against the tags of the field.
func (f field) set(dst reflect.Value, node ast.Node) error {
	wrong := fmt.Errorf("value is %s; it must be %s", describe(node), f.wantScalar())
	text, plain, ok := scalar(node)
	if !ok {
		return wrong
	}
	switch dst.Kind() {
	case reflect.String:
		if _, number := node.(*ast.StringNode); !number && plain {
			return wrong
		}
		dst.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" || !plain {
			return wrong
		}
		dst.SetBool(text == "true")
	case reflect.Int:
		v, err := strconv.Atoi(text)
		if err != nil || !plain {
			return wrong
		}
		dst.SetInt(int64(v))
	case reflect.Uint64:
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil || !plain {
			return wrong
		}
		dst.SetUint(v)
	case reflect.Float64:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !plain || math.IsNaN(v) || math.IsInf(v, 0) {
			return wrong
		}
		dst.SetFloat(v)
	default:
		panic("strictyaml: no rule for fields of type " + dst.Type().String())
	}
	if !f.allows(dst) {
		return wrong
	}
	return nil
}

// scalar returns the text of a scalar and whether it is written without quotes.
func scalar(node ast.Node) (text string, plain, ok bool) {
	switch node.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		t := node.GetToken()
		return t.Value, t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType, true
	}
	return "", false, false
}

// describe says in an error what the user wrote.
func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.NullNode:
		return "empty"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return "an anchor, alias or tag (not supported)"
	}
	text := shortened(node.GetToken().Value)
	if t := node.GetToken().Type; t == token.SingleQuoteType || t == token.DoubleQuoteType || !printable(text) {
		return strconv.Quote(text)
	}
	return text
}

// longest is what an error tells of a text, in letters: the file need not be YAML at all.
const longest = 60

func shortened(text string) string {
	n := 0
	for i := range text {
		if n == longest {
			return text[:i] + ".."
		}
		n++
	}
	return text
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) })
}
