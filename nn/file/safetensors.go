package file

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// A file may ask for this much memory at most. What is read is also never more
// than the file has: buffers grow with the bytes that arrive.
const (
	maxHeader = 1 << 25 // bytes
	maxData   = 1 << 30
	maxRank   = 8
)

const metadataKey = "__metadata__"

// container is the content of a safetensors file.
type container struct {
	meta    map[string]string
	tensors []tensor // in the order of their data
}

type tensor struct {
	name  string
	dtype dtype
	shape []int
	data  []byte // little endian, row-major
}

// dtype is the type of the elements of a tensor, by its name in files.
type dtype string

const (
	float32Type dtype = "F32"
	float64Type dtype = "F64"
)

// size returns the bytes of an element, 0 for types that networks do not have.
func (d dtype) size() int {
	switch d {
	case float32Type:
		return 4
	case float64Type:
		return 8
	}
	return 0
}

func newTensor(name string, d dtype, shape []int, values []float64) tensor {
	t := tensor{name: name, dtype: d, shape: shape, data: make([]byte, 0, len(values)*d.size())}
	for _, v := range values {
		if d == float32Type {
			t.data = binary.LittleEndian.AppendUint32(t.data, math.Float32bits(float32(v)))
		} else {
			t.data = binary.LittleEndian.AppendUint64(t.data, math.Float64bits(v))
		}
	}
	return t
}

// values writes the elements to dst.
func (t *tensor) values(dst []float64) {
	for i := range dst {
		if t.dtype == float32Type {
			dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(t.data[4*i:])))
		} else {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.data[8*i:]))
		}
	}
}

// info is the header entry of a tensor.
type info struct {
	DType   dtype  `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

func writeContainer(w io.Writer, c container) error {
	header, err := c.header()
	if err != nil {
		return err
	}
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(header)))
	for _, part := range [][]byte{length[:], header} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	for _, t := range c.tensors {
		if _, err := w.Write(t.data); err != nil {
			return err
		}
	}
	return nil
}

// header returns the JSON header: metadata, then the tensors in order, then
// spaces up to a multiple of 8 bytes, so that readers may map the data.
func (c *container) header() ([]byte, error) {
	for key, value := range c.meta {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("metadata %q: value is %.80q; key and value must be valid UTF-8", key, value)
		}
	}
	var b bytes.Buffer
	entry := func(separator, key string, value any) {
		k, err := json.Marshal(key)
		v, err2 := json.Marshal(value)
		if err = cmp.Or(err, err2); err != nil {
			panic("nn/file: header: " + err.Error()) // strings and integers only
		}
		fmt.Fprintf(&b, "%s%s:%s", separator, k, v)
	}
	entry("{", metadataKey, c.meta)
	at := 0
	for _, t := range c.tensors {
		entry(",", t.name, info{DType: t.dtype, Shape: t.shape, Offsets: [2]int{at, at + len(t.data)}})
		at += len(t.data)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader || at > maxData {
		return nil, fmt.Errorf("header of %d and data of %d bytes; the format is limited to %d and %d", b.Len(), at, maxHeader, maxData)
	}
	return b.Bytes(), nil
}
