package dynamics

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// The NumPy array format, version 1.0: a magic string, a padded Python literal
// that names type, order and shape, then the values. Reading is strict because a
// truncated or reordered array would otherwise train a silently wrong model.
const (
	npyMagic     = "\x93NUMPY"
	npyAlign     = 64
	maxNPYHeader = 4096
)

var npyHeader = regexp.MustCompile(
	`^\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d\s,]*)\),?\s*\}\s*$`)

// writeNPYHeader starts an array of little-endian values of type descr.
func writeNPYHeader(w io.Writer, descr string, shape ...int) error {
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = strconv.Itoa(n) + ","
	}
	h := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, strings.Join(dims, " "))
	const before = len(npyMagic) + 4
	pad := (npyAlign - (before+len(h)+1)%npyAlign) % npyAlign
	h += strings.Repeat(" ", pad) + "\n"
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(h)))
	_, err := w.Write(append(b, h...))
	return err
}

func writeNPYFloats(w io.Writer, v []float64, shape ...int) error {
	if err := writeNPYHeader(w, "<f8", shape...); err != nil {
		return err
	}
	return writeFloats(w, v)
}

// writeFloats writes the bytes of v.
func writeFloats(w io.Writer, v []float64) error {
	buf := make([]byte, 0, 64<<10)
	for chunk := range slices.Chunk(v, cap(buf)/8) {
		if _, err := w.Write(appendFloats(buf, chunk)); err != nil {
			return err
		}
	}
	return nil
}

func writeNPYBytes(w io.Writer, v []byte) error {
	if err := writeNPYHeader(w, "|u1", len(v)); err != nil {
		return err
	}
	_, err := w.Write(v)
	return err
}

// readNPYHeader reads up to the first value and returns type and shape.
func readNPYHeader(r io.Reader) (descr string, shape []int, err error) {
	var start [len(npyMagic) + 4]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return "", nil, fmt.Errorf("array header: %w", err)
	}
	if string(start[:len(npyMagic)]) != npyMagic {
		return "", nil, fmt.Errorf("array starts with %q; it must start with %q", start[:len(npyMagic)], npyMagic)
	}
	if major := start[len(npyMagic)]; major != 1 {
		return "", nil, fmt.Errorf("array format version is %d; only version 1 is read", major)
	}
	n := int(binary.LittleEndian.Uint16(start[len(npyMagic)+2:]))
	if n > maxNPYHeader {
		return "", nil, fmt.Errorf("array header has %d bytes; at most %d are read", n, maxNPYHeader)
	}
	h := make([]byte, n)
	if _, err := io.ReadFull(r, h); err != nil {
		return "", nil, fmt.Errorf("array header: %w", err)
	}
	return parseNPYHeader(string(h))
}

func parseNPYHeader(h string) (descr string, shape []int, err error) {
	m := npyHeader.FindStringSubmatch(strings.TrimSpace(h))
	if m == nil {
		return "", nil, fmt.Errorf("array header %q is not understood", h)
	}
	for field := range strings.SplitSeq(m[3], ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil {
			return "", nil, fmt.Errorf("array shape (%s): %w", m[3], err)
		}
		shape = append(shape, n)
	}
	if m[2] == "True" && len(shape) > 1 {
		return "", nil, fmt.Errorf("array is in Fortran order; it must be in C order")
	}
	return m[1], shape, nil
}

// maxValues bounds the size of an array, so that a damaged shape is an error
// and not an attempt to allocate it.
const maxValues = 1 << 31

func sizeOf(shape []int) (int, error) {
	size := 1
	for _, n := range shape {
		if n > 0 && size > maxValues/n {
			return 0, fmt.Errorf("array shape %v has more than %d values", shape, maxValues)
		}
		size *= n
	}
	return size, nil
}

// npySizes are the bytes of the values of all types that are read.
var npySizes = map[string]int{"<f8": 8, "<f4": 4, "<i8": 8, "<i4": 4, "|u1": 1}

// readNPY returns the shape and the bytes of the values of an array of dims
// dimensions and one of the given types; they share memory with content.
func readNPY(content []byte, dims int, descrs ...string) (descr string, shape []int, data []byte, err error) {
	r := bytes.NewReader(content)
	descr, shape, err = readNPYHeader(r)
	if err != nil {
		return "", nil, nil, err
	}
	if !slices.Contains(descrs, descr) {
		return "", nil, nil, fmt.Errorf("array has type %q; it must have one of %q", descr, descrs)
	}
	if len(shape) != dims {
		return "", nil, nil, fmt.Errorf("array has shape %v; it must have %d dimensions", shape, dims)
	}
	n, err := sizeOf(shape)
	if err != nil {
		return "", nil, nil, err
	}
	data, size := content[len(content)-r.Len():], npySizes[descr]
	if len(data) != n*size {
		return "", nil, nil, fmt.Errorf("array of shape %v has %d bytes of data; it must have %d", shape, len(data), n*size)
	}
	return descr, shape, data, nil
}

// readNPYFloats returns an array of dims dimensions as float64. Float64 values stay
// where they lie in content, if this machine can use them there.
func readNPYFloats(content []byte, dims int) (shape []int, v []float64, err error) {
	descr, shape, data, err := readNPY(content, dims, "<f8", "<f4", "<i8", "<i4")
	if err != nil {
		return nil, nil, err
	}
	if v := floatsIn(data); descr == "<f8" && v != nil {
		return shape, v, nil
	}
	decode := floatDecoder(descr)
	v = make([]float64, len(data)/npySizes[descr])
	for i := range v {
		v[i] = decode(data[i*npySizes[descr]:])
	}
	return shape, v, nil
}

// floatDecoder returns what reads the first value of data as float64. Integers beyond
// 2^53 are rounded.
func floatDecoder(descr string) func(data []byte) float64 {
	order := binary.LittleEndian
	switch descr {
	case "<f4":
		return func(data []byte) float64 { return float64(math.Float32frombits(order.Uint32(data))) }
	case "<i8":
		return func(data []byte) float64 { return float64(int64(order.Uint64(data))) }
	case "<i4":
		return func(data []byte) float64 { return float64(int32(order.Uint32(data))) }
	}
	return func(data []byte) float64 { return math.Float64frombits(order.Uint64(data)) }
}

// floatsIn returns little-endian values as they lie in memory; nil if they are not
// aligned, or this machine has another byte order.
func floatsIn(data []byte) []float64 {
	one := [8]byte{1}
	if len(data) == 0 || binary.NativeEndian.Uint64(one[:]) != 1 {
		return nil
	}
	at := unsafe.Pointer(unsafe.SliceData(data))
	if uintptr(at)%unsafe.Alignof(float64(0)) != 0 {
		return nil
	}
	return unsafe.Slice((*float64)(at), len(data)/8)
}
