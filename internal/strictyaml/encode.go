package strictyaml

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Encode writes every field of the struct v points to, defaults included, such
// that [Decode] reads the same values back. The doc tags become comments.
func Encode(v any) []byte {
	var b bytes.Buffer
	encode(&b, "", target(v))
	return b.Bytes()
}

// line is a line of YAML and its comment.
type line struct{ text, doc string }

func encode(b *bytes.Buffer, indent string, s reflect.Value) {
	var block []line
	for _, f := range fields(s) {
		if f.tag.Get("optional") != "" && f.value.IsZero() {
			continue
		}
		if f.value.Kind() != reflect.Struct {
			block = append(block, line{indent + f.key + ": " + format(f.value), f.tag.Get("doc")})
			continue
		}
		writeBlock(b, append(block, line{indent + f.key + ":", f.tag.Get("doc")}))
		block = nil
		encode(b, indent+"  ", f.value)
	}
	writeBlock(b, block)
}

// widest is the longest text that moves the comments of its block to the right.
const widest = 48

// writeBlock writes lines with their comments below each other.
func writeBlock(b *bytes.Buffer, block []line) {
	width := 0
	for _, l := range block {
		if n := utf8.RuneCountInString(l.text); n <= widest {
			width = max(width, n)
		}
	}
	for _, l := range block {
		b.WriteString(l.text)
		if l.doc != "" {
			b.WriteString(strings.Repeat(" ", max(0, width-utf8.RuneCountInString(l.text))) + "  # " + l.doc)
		}
		b.WriteByte('\n')
	}
}

func format(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = format(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}
