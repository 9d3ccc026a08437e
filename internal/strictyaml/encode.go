package strictyaml

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Encode writes every field of the struct v points to, defaults included, such
// that [Decode] reads the same values back. The doc tags become comments.
func Encode(v any) []byte {
	var b bytes.Buffer
	encode(&b, "", target(v))
	return b.Bytes()
}

func encode(b *bytes.Buffer, indent string, s reflect.Value) {
	for _, f := range fields(s) {
		if f.value.Kind() == reflect.Struct {
			writeLine(b, indent+f.key+":", f.tag.Get("doc"))
			encode(b, indent+"  ", f.value)
			continue
		}
		writeLine(b, indent+f.key+": "+format(f.value), f.tag.Get("doc"))
	}
}

// writeLine aligns the comments, as far as the values let it.
func writeLine(b *bytes.Buffer, line, doc string) {
	if doc != "" {
		line = fmt.Sprintf("%-32s # %s", line, doc)
	}
	b.WriteString(line + "\n")
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
