package file

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
)

// join puts a file together from a header and data, whatever they hold.
func join(header string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

const (
	goodArchitecture = `{\"version\":1,\"in\":2,\"layers\":[{\"from\":0,\"to\":2,\"out\":1,\"gates\":[\"identity\"]}]}`
	goodHeader       = `{"__metadata__":{"hinge.net":"` + goodArchitecture + `"},` +
		`"layers.0.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},` +
		`"layers.0.bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`
)

// malformed lists changes of the good header, old to new, and the message that
// the reader owes for each.
var malformed = []struct{ old, new, want string }{
	{goodHeader, `[1]`, `header: [1] is no JSON object; it must be one`},
	{goodHeader, `null`, `header: null is no JSON object; it must be one`},
	{`}}`, `}`, `header: no valid JSON: unexpected end of JSON input`},
	{`,"layers.0.bias"`, `;"layers.0.bias"`, `header: no valid JSON: invalid character ';' after object key:value pair`},
	{`[8,12]}}`, `[8,12]}} x`, `header: no valid JSON: invalid character 'x' after top-level value`},
	{`layers.0.bias`, `layers.0.weight`, `header: key "layers.0.weight" comes twice; it must come once`},
	{`layers.0.bias`, "layers.\xff.bias", `header: bytes that are not UTF-8; it must be JSON text`},
	{`{"hinge.net"`, `{"a":1,"hinge.net"`, `header: __metadata__: "a" is 1; it must be a string`},
	{`{"hinge.net"`, `{"a":null,"hinge.net"`, `header: __metadata__: "a" is null; it must be a string`},
	{`hinge.net`, `other.net`, `metadata "hinge.net" are missing; they must hold the architecture`},

	{`"F32","shape":[1]`, `"BF16","shape":[1]`, `header: tensor "layers.0.bias": dtype is "BF16"; valid are "F32" and "F64"`},
	{`"F32","shape":[1]`, `7,"shape":[1]`, `header: tensor "layers.0.bias": dtype is 7; it must be a string`},
	{`"shape":[1]`, `"shape":1`, `header: tensor "layers.0.bias": shape is 1; it must be a list of integers`},
	{`"shape":[1]`, `"shape":[1.5]`, `header: tensor "layers.0.bias": shape is [1.5]; it must be a list of integers`},
	{`"shape":[1]`, `"shape":[-1]`, `header: tensor "layers.0.bias": shape is [-1]; its numbers must be between 0 and 1073741824`},
	{`"shape":[1]`, `"shape":[1,1,1,1,1,1,1,1,1]`, `header: tensor "layers.0.bias": shape has 9 numbers; it must have at most 8`},
	{`"shape":[1]`, `"shape":[2]`, `header: tensor "layers.0.bias": data_offsets [8 12] hold 4 bytes; they must hold 4 for each element of shape [2]`},
	{`"shape":[1]`, `"shape":[1073741824,1073741824,1073741824,1073741824]`,
		`header: tensor "layers.0.bias": data_offsets [8 12] hold 4 bytes; they must hold 4 for each element of shape [1073741824 1073741824 1073741824 1073741824]`},
	{`"shape":[1]`, `"Shape":[1]`, `header: tensor "layers.0.bias": key "Shape" is unknown; valid are dtype, shape and data_offsets`},
	{`"shape":[1],`, ``, `header: tensor "layers.0.bias": 2 keys; it must have dtype, shape and data_offsets`},
	{`[8,12]`, `[8]`, `header: tensor "layers.0.bias": data_offsets have 1 numbers; they must be start and end`},
	{`[8,12]`, `[12,8]`, `header: tensor "layers.0.bias": data_offsets are [12 8]; they must be 0 <= start <= end <= 1073741824`},
	{`[8,12]`, `[8,9223372036854775807]`, `header: tensor "layers.0.bias": data_offsets are [8 9223372036854775807]; they must be 0 <= start <= end <= 1073741824`},
	{`[8,12]`, `[9,13]`, `header: tensor "layers.0.bias": data_offsets are [9 13]; they must start where the tensor before ends, at 8`},
	{`[8,12]`, `[4,8]`, `header: tensor "layers.0.bias": data_offsets are [4 8]; they must start where the tensor before ends, at 8`},
	{`[0,8]`, `[12,20]`, `header: tensor "layers.0.bias": data_offsets are [8 12]; they must start where the tensor before ends, at 0`},

	{`layers.0.bias`, `layers.1.bias`, `tensor "layers.0.bias" is missing; the architecture needs it with shape [1]`},
	{`[8,12]}}`, `[8,12]},"x":{"dtype":"F64","shape":[0],"data_offsets":[12,12]}}`, `tensor "x" is unknown; the network has weight and bias of layers 0 to 0`},
	{`"shape":[1,2]`, `"shape":[2,1]`, `tensor "layers.0.weight": shape is [2 1]; the architecture needs [1 2]`},

	{goodArchitecture, `{`, `metadata "hinge.net": no valid JSON of an architecture: unexpected EOF`},
	{`}]}"`, `}]}{}"`, `metadata "hinge.net": text behind the JSON object at byte 79; it must end there`},
	{`\"in\":2`, `\"units\":2`, `metadata "hinge.net": no valid JSON of an architecture: json: unknown field "units"`},
	{`\"version\":1`, `\"version\":2`, `metadata "hinge.net": version is 2; this program reads version 1`},
	{`\"in\":2`, `\"in\":0`, `metadata "hinge.net": in is 0; it must be between 1 and 1048576`},
	{`\"in\":2`, `\"in\":1048577`, `metadata "hinge.net": in is 1048577; it must be between 1 and 1048576`},
	{`\"to\":2`, `\"to\":3`, `metadata "hinge.net": layer 0: window is [0, 3); it must be a part of [0, 2) and not empty`},
	{`\"from\":0`, `\"from\":2`, `metadata "hinge.net": layer 0: window is [2, 2); it must be a part of [0, 2) and not empty`},
	{`\"out\":1`, `\"out\":-1`, `metadata "hinge.net": layer 0: out is -1; it must be between 0 and 1048574`},
	{`\"out\":1`, `\"out\":1048575`, `metadata "hinge.net": layer 0: out is 1048575; it must be between 0 and 1048574`},
	{`\"out\":1`, `\"out\":2`, `metadata "hinge.net": layer 0: 1 gates; it needs one for each of the 2 units`},
	{`\"identity\"`, `\"tanh\"`, `metadata "hinge.net": layer 0: unit 0: gate is "tanh"; valid are ["relu" "identity" "zero"]`},
}

func TestMalformedHeader(t *testing.T) {
	data := make([]byte, 12)
	if _, _, err := Read(bytes.NewReader(join(goodHeader, data))); err != nil {
		t.Fatalf("the good header: %v", err)
	}
	for _, c := range malformed {
		header := strings.Replace(goodHeader, c.old, c.new, 1)
		if header == goodHeader {
			t.Fatalf("%q is not in the good header", c.old)
		}
		assertRefused(t, join(header, data), c.want)
	}
	noLayers := strings.Replace(goodHeader, goodArchitecture, `{\"version\":1,\"in\":2}`, 1)
	assertRefused(t, join(noLayers, data), `metadata "hinge.net": layers are empty; a network needs at least one`)
}

func assertRefused(t *testing.T, file []byte, want string) {
	t.Helper()
	n, meta, err := Read(bytes.NewReader(file))
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if n != nil && err != nil || meta != nil {
		t.Errorf("%s: a network or metadata came with the error", want)
	}
}

func TestTruncated(t *testing.T) {
	whole := encode(t, testNet(1), nil)
	for cut := range whole {
		if _, _, err := Read(bytes.NewReader(whole[:cut])); err == nil || !strings.Contains(err.Error(), "the file ends after") {
			t.Fatalf("cut to %d of %d bytes: error %v", cut, len(whole), err)
		}
	}
	assertRefused(t, append(bytes.Clone(whole), 0),
		fmt.Sprintf("tensor data: more than %d bytes; the file must end where the last tensor ends", 4*len(testNet(1).Params)))
}

func TestNotFinite(t *testing.T) {
	data := make([]byte, 12)
	binary.LittleEndian.PutUint32(data[4:], math.Float32bits(float32(math.NaN())))
	assertRefused(t, join(goodHeader, data), "layer 0: weight (0, 1) is NaN; it must be finite")
	binary.LittleEndian.PutUint32(data[4:], 0)
	binary.LittleEndian.PutUint32(data[8:], math.Float32bits(float32(math.Inf(-1))))
	assertRefused(t, join(goodHeader, data), "layer 0: bias 0 is -Inf; it must be finite")
}

func TestHeaderLength(t *testing.T) {
	for _, length := range []uint64{0, 1, maxHeader + 1, math.MaxUint64} {
		assertRefused(t, binary.LittleEndian.AppendUint64(nil, length),
			fmt.Sprintf("header length is %d; it must be between 2 and %d (is this a safetensors file?)", length, maxHeader))
	}
}

// TestHostileSizesTakeNoMemory reads files that promise much and hold little.
func TestHostileSizesTakeNoMemory(t *testing.T) {
	huge := strings.NewReplacer(`[1,2]`, `[1,200000000]`, `[0,8]`, `[0,800000000]`, `[8,12]`, `[800000000,800000004]`).Replace(goodHeader)
	for _, file := range [][]byte{binary.LittleEndian.AppendUint64(nil, maxHeader), join(huge, make([]byte, 12))} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := Read(bytes.NewReader(file)); err == nil {
			t.Error("no error")
		}
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
			t.Errorf("a file of %d bytes made the reader take %d", len(file), taken)
		}
	}
}

func TestReadErrorsAreReported(t *testing.T) {
	whole := encode(t, testNet(1), nil)
	for _, n := range []int{4, 20, len(whole) - 4, len(whole)} {
		r := io.MultiReader(bytes.NewReader(whole[:n]), brokenReader{})
		if _, _, err := Read(r); err == nil || !strings.Contains(err.Error(), "disk on fire") {
			t.Errorf("after %d bytes: error %v", n, err)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, fmt.Errorf("disk on fire") }

// FuzzRead checks that the reader never panics, and that what it accepts is a
// network that can be written and read again. surplus is added to the true
// length of the header.
func FuzzRead(f *testing.F) {
	f.Add(int64(0), []byte(goodHeader), make([]byte, 12))
	f.Add(int64(1), []byte(goodHeader), make([]byte, 12))
	for _, c := range malformed {
		f.Add(int64(0), []byte(strings.Replace(goodHeader, c.old, c.new, 1)), make([]byte, 12))
	}
	whole := encode(f, testNet(1), map[string]string{"seed": "1"})
	length := binary.LittleEndian.Uint64(whole)
	f.Add(int64(0), whole[8:8+length], whole[8+length:])
	f.Fuzz(func(t *testing.T, surplus int64, header, data []byte) {
		file := join(string(header), data)
		binary.LittleEndian.PutUint64(file, uint64(int64(len(header))+surplus))
		n, meta, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		again, metaAgain, err := Read(bytes.NewReader(encode(t, n, meta)))
		if err != nil {
			t.Fatal(err)
		}
		assertSameNet(t, again, n)
		if len(meta) != len(metaAgain) {
			t.Errorf("metadata %q became %q", meta, metaAgain)
		}
	})
}
