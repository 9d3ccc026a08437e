package dynamics

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"

	"hinge/internal/atomicfile"
)

// Recording is a data set on its way to a file. Episodes go to PATH.part as they
// come, so that they need no memory and an interruption costs none that is
// complete; Finish makes them the data set PATH.
//
// PATH.part is a line of JSON, the header, and the values of one episode after the
// other: x, then u, little-endian float64.
type Recording struct {
	path   string
	head   recordingHead
	base   *Dataset // to append to; nil for a new data set
	file   *os.File
	buf    *bufio.Writer
	values []byte // of an episode
	done   int    // episodes in the part
}

// recordingHead is what must be the same for a recording to go on.
type recordingHead struct {
	Meta   DataMeta `json:"meta"`
	Policy Round    `json:"policy"` // without a number of episodes
	First  int      `json:"first"`  // episodes of the data set that is appended to
	Base   string   `json:"base"`   // its hash
	Steps  int      `json:"steps"`
	Nx     int      `json:"nx"`
	Nu     int      `json:"nu"`
}

// RecordingOptions are the choices of [NewRecording].
type RecordingOptions struct {
	Meta          DataMeta // of a new data set
	Policy        Round    // who acts; Episodes is not read
	Steps, Nx, Nu int
	// Append is the data set that the episodes are added to, nil for none. It must
	// have the same sizes; its Meta is kept.
	Append *Dataset
	// Resume goes on with the episodes that an interrupted recording of the same
	// options has left.
	Resume bool
}

// NewRecording starts or continues the recording of the data set at path.
func NewRecording(path string, opts RecordingOptions) (*Recording, error) {
	r := &Recording{path: path, base: opts.Append, head: recordingHead{
		Meta: opts.Meta, Policy: opts.Policy, Steps: opts.Steps, Nx: opts.Nx, Nu: opts.Nu,
	}}
	r.head.Policy.Episodes = 0
	if b := opts.Append; b != nil {
		if b.Steps != opts.Steps || b.Nx != opts.Nx || b.Nu != opts.Nu {
			return nil, fmt.Errorf("%s: has %d steps, %d state and %d action coordinates; what is appended has %d, %d and %d",
				path, b.Steps, b.Nx, b.Nu, opts.Steps, opts.Nx, opts.Nu)
		}
		r.head.Meta, r.head.First, r.head.Base = b.Meta, b.Episodes, b.Hash()
	}
	r.values = make([]byte, 8*((opts.Steps+1)*opts.Nx+opts.Steps*opts.Nu))
	if err := r.open(opts.Resume); err != nil {
		return nil, err
	}
	r.buf = bufio.NewWriterSize(r.file, 1<<16)
	return r, nil
}

func (r *Recording) part() string { return r.path + ".part" }

// open opens the part at its end, which is after the last complete episode.
func (r *Recording) open(resume bool) error {
	head, err := json.Marshal(r.head)
	if err != nil {
		return fmt.Errorf("write %s: %w", r.part(), err)
	}
	head = append(head, '\n')
	if resume {
		switch found, err := r.reopen(head); {
		case err != nil:
			return fmt.Errorf("resume from %s: %w", r.part(), err)
		case found:
			return nil
		}
	}
	f, err := openOwn(r.part(), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	r.file = f
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.Write(head)
	return err
}

// openOwn opens a file that no other recording has open, whose episodes would else
// be mixed with these.
func openOwn(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return nil, err
	}
	if err = atomicfile.Lock(f); err == nil {
		var mine, there fs.FileInfo
		if mine, err = f.Stat(); err == nil {
			there, err = os.Stat(path)
		}
		if err != nil || !os.SameFile(mine, there) {
			err = atomicfile.ErrLocked // the other has just finished and removed it
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w; give another file, or wait for that one", path, err)
	}
	return f, nil
}

// reopen goes on with the part that is there; false if none is.
func (r *Recording) reopen(head []byte) (found bool, err error) {
	f, err := openOwn(r.part(), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	have, err := bufio.NewReader(f).ReadBytes('\n')
	if err != nil || !bytes.Equal(have, head) {
		f.Close()
		return false, fmt.Errorf("it was begun with other options (%s; now %s); repeat those, or begin anew without resuming", bytes.TrimSpace(have), bytes.TrimSpace(head))
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		r.done = int(size-int64(len(head))) / len(r.values)
		end := int64(len(head) + r.done*len(r.values))
		if err = f.Truncate(end); err == nil {
			_, err = f.Seek(end, io.SeekStart)
		}
	}
	r.file = f
	return true, err
}

// First returns the number of the next episode to record: those of the data set
// that is appended to and those of an interrupted recording are there.
func (r *Recording) First() int { return r.head.First + r.done }

// Add appends an episode: states x ((Steps+1) x Nx) and actions u (Steps x Nu).
func (r *Recording) Add(_ int, x, u []float64) error {
	if 8*(len(x)+len(u)) != len(r.values) {
		panic("dynamics: Recording: an episode has the wrong length")
	}
	b := r.values[:0]
	for _, v := range [][]float64{x, u} {
		b = appendFloats(b, v)
	}
	if _, err := r.buf.Write(b); err != nil {
		return err
	}
	r.done++
	return nil
}

// Close keeps what is complete for a later recording that resumes; after Finish it
// does nothing.
func (r *Recording) Close() error {
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.buf.Flush(), r.file.Close())
	r.file = nil
	return err
}

// Finish writes the data set of the first episodes recorded, in all with those
// appended to, and removes the part.
func (r *Recording) Finish(episodes int) error {
	if n := episodes - r.head.First; n < 1 || n > r.done {
		panic("dynamics: Recording: Finish: more episodes than there are")
	}
	if err := r.buf.Flush(); err != nil {
		return err
	}
	if err := atomicfile.Write(r.path, func(w io.Writer) error { return r.write(w, episodes) }); err != nil {
		return err
	}
	removed := os.Remove(r.part()) // as long as it is ours
	return errors.Join(removed, r.Close())
}

func (r *Recording) write(w io.Writer, episodes int) error {
	m := r.head.Meta
	round := r.head.Policy
	round.Episodes = episodes - r.head.First
	m.addRound(r.head.First, round)
	meta, err := json.Marshal(m)
	if err != nil {
		return err
	}
	h := r.head
	var oldX, oldU []float64
	if r.base != nil {
		oldX, oldU = r.base.X, r.base.U
	}
	split := 8 * (h.Steps + 1) * h.Nx
	return writeArchive(w,
		archiveArray{"x", func(w io.Writer) error {
			return r.writeArray(w, oldX, round.Episodes, 0, split, episodes, h.Steps+1, h.Nx)
		}},
		archiveArray{"u", func(w io.Writer) error {
			return r.writeArray(w, oldU, round.Episodes, split, len(r.values), episodes, h.Steps, h.Nu)
		}},
		archiveArray{"meta", func(w io.Writer) error { return writeNPYBytes(w, meta) }})
}

// writeArray writes the old values and bytes [from, to) of n episodes of the part.
func (r *Recording) writeArray(w io.Writer, old []float64, n, from, to int, shape ...int) error {
	if err := writeNPYHeader(w, "<f8", shape...); err != nil {
		return err
	}
	if err := writeFloats(w, old); err != nil {
		return err
	}
	f, err := os.Open(r.part())
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	if _, err := in.ReadBytes('\n'); err != nil {
		return err
	}
	for range n {
		if _, err := io.ReadFull(in, r.values); err != nil {
			return err
		}
		if _, err := w.Write(r.values[from:to]); err != nil {
			return err
		}
	}
	return nil
}

// appendFloats appends the bytes of v.
func appendFloats(b []byte, v []float64) []byte {
	b = slices.Grow(b, 8*len(v))
	for _, a := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(a))
	}
	return b
}
