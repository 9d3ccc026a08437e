package file

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// readContainer reads a safetensors file to the end of r.
func readContainer(r io.Reader) (container, error) {
	prefix, err := readFull(r, 8, "header length")
	if err != nil {
		return container{}, err
	}
	length := binary.LittleEndian.Uint64(prefix)
	if length < 2 || length > maxHeader {
		return container{}, fmt.Errorf("header length is %d; it must be between 2 and %d (is this a safetensors file?)", length, maxHeader)
	}
	header, err := readFull(r, int(length), "header")
	if err != nil {
		return container{}, err
	}
	c, ends, err := parseHeader(header)
	if err != nil {
		return container{}, fmt.Errorf("header: %w", err)
	}
	return c, c.readData(r, ends)
}

// readFull reads exactly n bytes; memory grows with what arrives.
func readFull(r io.Reader, n int, what string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if len(data) < n {
		return nil, fmt.Errorf("%s: the file ends after %d bytes of it; it must have %d", what, len(data), n)
	}
	return data, nil
}

// readData gives every tensor its data, which end at ends.
func (c *container) readData(r io.Reader, ends []int) error {
	total := 0
	if len(ends) > 0 {
		total = ends[len(ends)-1]
	}
	data, err := readFull(r, total, "tensor data")
	if err != nil {
		return err
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 {
		return fmt.Errorf("tensor data: more than %d bytes; the file must end where the last tensor ends", total)
	} else if !errors.Is(err, io.EOF) {
		return fmt.Errorf("tensor data: %w", err)
	}
	at := 0
	for i, end := range ends {
		c.tensors[i].data = data[at:end]
		at = end
	}
	return nil
}

// parseHeader returns metadata and tensors without data, sorted by place, and
// where the data of each end.
func parseHeader(header []byte) (c container, ends []int, err error) {
	if !utf8.Valid(header) {
		return c, nil, errors.New("bytes that are not UTF-8; it must be JSON text")
	}
	entries, err := parseObject(header)
	if err != nil {
		return c, nil, err
	}
	c.meta = map[string]string{}
	var infos []info
	for _, e := range entries {
		if e.key == metadataKey {
			if c.meta, err = parseMetadata(e.value); err != nil {
				return c, nil, fmt.Errorf("%s: %w", metadataKey, err)
			}
			continue
		}
		f, err := parseInfo(e.value)
		if err != nil {
			return c, nil, fmt.Errorf("tensor %.80q: %w", e.key, err)
		}
		c.tensors = append(c.tensors, tensor{name: e.key, dtype: f.DType, shape: f.Shape})
		infos = append(infos, f)
	}
	return c.place(infos)
}

// place sorts the tensors by their offsets, which must leave no byte out and
// use none twice.
func (c container) place(infos []info) (container, []int, error) {
	order := make([]int, len(infos))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return slices.Compare(infos[a].Offsets[:], infos[b].Offsets[:])
	})
	sorted, ends, at := make([]tensor, 0, len(order)), make([]int, 0, len(order)), 0
	for _, i := range order {
		t, o := c.tensors[i], infos[i].Offsets
		if o[0] != at {
			return c, nil, fmt.Errorf("tensor %.80q: data_offsets are %v; they must start where the tensor before ends, at %d", t.name, o, at)
		}
		at = o[1]
		sorted, ends = append(sorted, t), append(ends, at)
	}
	c.tensors = sorted
	return c, ends, nil
}

// entry is a key of a JSON object with its value.
type entry struct {
	key   string
	value json.RawMessage
}

// parseObject returns the entries of a JSON object in their order. Unlike
// [json.Unmarshal] it refuses a key that comes twice.
func parseObject(text []byte) ([]entry, error) {
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return nil, fmt.Errorf("no valid JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, fmt.Errorf("%.80s is no JSON object; it must be one", text)
	}
	var entries []entry
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		e := entry{key: key.(string)}
		if err := dec.Decode(&e.value); err != nil {
			return nil, err
		}
		if seen[e.key] {
			return nil, fmt.Errorf("key %.80q comes twice; it must come once", e.key)
		}
		seen[e.key] = true
		entries = append(entries, e)
	}
	return entries, nil
}

func parseMetadata(text []byte) (map[string]string, error) {
	entries, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	meta := make(map[string]string, len(entries))
	for _, e := range entries {
		var value *string // nil after null
		if err := json.Unmarshal(e.value, &value); err != nil || value == nil {
			return nil, fmt.Errorf("%.80q is %.80s; it must be a string", e.key, e.value)
		}
		meta[e.key] = *value
	}
	return meta, nil
}

// parseInfo returns the header entry of a tensor, its sizes checked against
// each other.
func parseInfo(text []byte) (f info, err error) {
	entries, err := parseObject(text)
	if err != nil {
		return f, err
	}
	var offsets []int
	fields := map[string]struct {
		dst  any
		kind string
	}{
		"dtype":        {&f.DType, "a string"},
		"shape":        {&f.Shape, "a list of integers"},
		"data_offsets": {&offsets, "a list of two integers"},
	}
	for _, e := range entries {
		field, known := fields[e.key]
		if !known {
			return f, fmt.Errorf("key %.80q is unknown; valid are dtype, shape and data_offsets", e.key)
		}
		if err := json.Unmarshal(e.value, field.dst); err != nil {
			return f, fmt.Errorf("%s is %.80s; it must be %s", e.key, e.value, field.kind)
		}
	}
	if len(entries) != len(fields) {
		return f, fmt.Errorf("%d keys; it must have dtype, shape and data_offsets", len(entries))
	}
	switch {
	case len(offsets) != 2:
		return f, fmt.Errorf("data_offsets have %d numbers; they must be start and end", len(offsets))
	case offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > maxData:
		return f, fmt.Errorf("data_offsets are %v; they must be 0 <= start <= end <= %d", offsets, maxData)
	case len(f.Shape) > maxRank:
		return f, fmt.Errorf("shape has %d numbers; it must have at most %d", len(f.Shape), maxRank)
	}
	f.Offsets = [2]int(offsets)
	return f, f.checkSize()
}

// checkSize reports a shape that does not fill the place of the tensor.
func (f *info) checkSize() error {
	size := f.DType.size()
	if size == 0 {
		return fmt.Errorf("dtype is %.80q; valid are %q and %q", f.DType, float32Type, float64Type)
	}
	elements := 1
	for _, n := range f.Shape {
		if n < 0 || n > maxData {
			return fmt.Errorf("shape is %v; its numbers must be between 0 and %d", f.Shape, maxData)
		}
		elements = min(elements*n, maxData+1) // neither overflows: maxData^2 < 2^63
	}
	if got := f.Offsets[1] - f.Offsets[0]; got != elements*size {
		return fmt.Errorf("data_offsets %v hold %d bytes; they must hold %d for each element of shape %v", f.Offsets, got, size, f.Shape)
	}
	return nil
}
