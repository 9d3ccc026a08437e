package file

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Types of elements, TensorProto.DataType.
const (
	onnxFloat  = 1
	onnxInt64  = 7
	onnxBool   = 9
	onnxDouble = 11
)

// onnxKinds names all types, so that messages can.
var onnxKinds = [...]string{"undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string",
	"bool", "float16", "double", "uint32", "uint64", "complex64", "complex128", "bfloat16"}

func kindName(kind int64) string {
	if kind >= 0 && kind < int64(len(onnxKinds)) {
		return onnxKinds[kind]
	}
	return fmt.Sprintf("type %d", kind)
}

// value returns the elements as a constant, checked.
func (t *onnxTensor) value() (*value, error) {
	shape, size, err := t.shape()
	if err != nil {
		return nil, err
	}
	if t.external {
		return nil, fmt.Errorf("its data are in another file; save the model as one file")
	}
	v := &value{kind: t.kind, shape: shape}
	switch t.kind {
	case onnxFloat, onnxDouble:
		v.data, err = t.reals(size)
	case onnxInt64, onnxBool:
		v.whole, err = t.integers(size)
	default:
		err = fmt.Errorf("its elements are %s; supported are float and double, and int64 for shapes", kindName(t.kind))
	}
	if err != nil {
		return nil, err
	}
	for i, x := range v.data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("element %d is %g; it must be finite", i, x)
		}
	}
	return v, nil
}

// shape returns the dimensions and how many elements they make.
func (t *onnxTensor) shape() (shape []int, size int, err error) {
	if len(t.dims) > maxRank {
		return nil, 0, fmt.Errorf("shape has %d numbers; it must have at most %d", len(t.dims), maxRank)
	}
	size = 1
	for _, d := range t.dims {
		if d < 1 || d > maxData {
			return nil, 0, fmt.Errorf("shape is %v; its numbers must be between 1 and %d", t.dims, maxData)
		}
		shape = append(shape, int(d))
		size = min(size*int(d), maxData+1) // neither overflows: maxData^2 < 2^63
	}
	return shape, size, nil
}

// reals returns the elements of a float or double tensor.
func (t *onnxTensor) reals(size int) ([]float64, error) {
	width, field, stored := 4, "float_data", len(t.floats)
	if t.kind == onnxDouble {
		width, field, stored = 8, "double_data", len(t.doubles)
	}
	if err := t.checkSize(size, width, field, stored); err != nil {
		return nil, err
	}
	data := make([]float64, size)
	for i := range data {
		switch {
		case t.hasRaw && width == 4:
			data[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:])))
		case t.hasRaw:
			data[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.raw[8*i:]))
		case width == 4:
			data[i] = float64(t.floats[i])
		default:
			data[i] = t.doubles[i]
		}
	}
	return data, nil
}

// integers returns the elements of an int64 or bool tensor.
func (t *onnxTensor) integers(size int) ([]int64, error) {
	width, field, stored := 8, "int64_data", t.int64s
	if t.kind == onnxBool {
		width, field, stored = 1, "int32_data", t.int32s
	}
	if err := t.checkSize(size, width, field, len(stored)); err != nil {
		return nil, err
	}
	data := make([]int64, size)
	for i := range data {
		switch {
		case t.hasRaw && width == 8:
			data[i] = int64(binary.LittleEndian.Uint64(t.raw[8*i:]))
		case t.hasRaw:
			data[i] = int64(t.raw[i])
		default:
			data[i] = stored[i]
		}
	}
	return data, nil
}

// checkSize reports a tensor that has more or fewer elements than its shape.
func (t *onnxTensor) checkSize(size, width int, field string, stored int) error {
	switch {
	case t.hasRaw && stored > 0:
		return fmt.Errorf("it has raw_data and %s; it must have one of them", field)
	case t.hasRaw && len(t.raw) != size*width:
		return fmt.Errorf("raw_data has %d bytes; shape %v of %s needs %d", len(t.raw), t.dims, kindName(t.kind), size*width)
	case !t.hasRaw && stored != size:
		return fmt.Errorf("%s has %d numbers; shape %v needs %d", field, stored, t.dims, size)
	}
	return nil
}
