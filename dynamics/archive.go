package dynamics

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
)

// archiveArray is an array on its way into a NumPy archive.
type archiveArray struct {
	name  string
	write func(io.Writer) error // header and values
}

// writeArchive writes a NumPy archive, which is a zip file of arrays.
func writeArchive(w io.Writer, arrays ...archiveArray) error {
	count := &counted{w: w}
	z := zip.NewWriter(count)
	for _, a := range arrays {
		if err := z.Flush(); err != nil {
			return err
		}
		// Stored, not compressed: recorded motion hardly shrinks, and is read where it
		// lies. No time stamp, so that the same data give the same bytes.
		h := &zip.FileHeader{Name: a.name + ".npy", Method: zip.Store}
		h.Extra = padding(count.n + localHeader + int64(len(h.Name)))
		entry, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if err := a.write(entry); err != nil {
			return fmt.Errorf("array %s: %w", a.name, err)
		}
	}
	return z.Close()
}

// counted counts the bytes that go to w.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// localHeader is the length of what precedes the name of an entry of a zip file.
const localHeader = 30

// padding returns an extra field for an entry whose header ends at offset at
// without it, such that the values of an array begin at a multiple of npyAlign,
// where they can be used as they lie.
func padding(at int64) []byte {
	const least = 4 // kind and length
	size := least + (npyAlign-int((at+least)%npyAlign))%npyAlign
	extra := make([]byte, size)
	extra[0], extra[1] = 0x35, 0xd9 // the kind that other tools use for padding
	extra[2] = byte(size - least)   // below 64
	return extra
}

// archive is a NumPy archive in memory. What is read from it may share that.
type archive struct {
	data []byte
	zip  *zip.Reader
}

func openArchive(data []byte) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("not a complete NumPy archive (.npz): %w", err)
	}
	return &archive{data, z}, nil
}

// floats returns shape and values, as float64, of an array of dims dimensions.
func (a *archive) floats(name string, dims int) (shape []int, v []float64, err error) {
	content, err := a.content(name)
	if err != nil {
		return nil, nil, err
	}
	shape, v, err = readNPYFloats(content, dims)
	if err != nil {
		return nil, nil, fmt.Errorf("array %s: %w", name, err)
	}
	return shape, v, nil
}

// bytes returns the values of a list of bytes.
func (a *archive) bytes(name string) ([]byte, error) {
	content, err := a.content(name)
	if err != nil {
		return nil, err
	}
	_, _, v, err := readNPY(content, 1, "|u1")
	if err != nil {
		return nil, fmt.Errorf("array %s: %w", name, err)
	}
	return v, nil
}

// content returns the bytes of an array, header included.
func (a *archive) content(name string) ([]byte, error) {
	have := make([]string, len(a.zip.File))
	for i, f := range a.zip.File {
		if have[i] = f.Name; f.Name != name+".npy" {
			continue
		}
		content, err := a.entry(f)
		if err != nil {
			return nil, fmt.Errorf("array %s: %w", name, err)
		}
		return content, nil
	}
	return nil, fmt.Errorf("array %s is missing; the archive has %q", name, have)
}

// entry returns the content of an entry: where it lies in memory if it is stored
// as it is, else unpacked. Either way its checksum is verified.
func (a *archive) entry(f *zip.File) ([]byte, error) {
	if at, err := f.DataOffset(); err == nil && f.Method == zip.Store && f.CompressedSize64 <= uint64(len(a.data))-min(uint64(at), uint64(len(a.data))) {
		content := a.data[at : uint64(at)+f.CompressedSize64]
		if crc32.ChecksumIEEE(content) != f.CRC32 {
			return nil, zip.ErrChecksum
		}
		return content, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
