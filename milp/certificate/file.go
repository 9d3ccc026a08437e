package certificate

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"hinge/internal/atomicfile"
)

// maxSize is the size of the largest file that is read, unpacked.
const maxSize = 4 << 30

// Read reads a certificate, JSON or gzipped JSON whatever its name, and validates it.
// Errors name file, field, value and what would be right.
func Read(path string) (*Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Decode(path, data)
}

// Decode reads a certificate from data; name is what errors call it.
func Decode(name string, data []byte) (c *Certificate, err error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		if data, err = unzip(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case scanError:
			c, err = nil, r.err
		default:
			panic(r)
		}
	}()
	s := &scanner{name: name, data: data}
	c = s.certificate()
	if s.next(); s.at < len(s.data) {
		s.fail("", "must end after the certificate, found %s", s.found())
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func unzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("gzip: %w", err)
	case len(plain) > maxSize:
		return nil, fmt.Errorf("gzip: more than %d bytes; that is too large", int64(maxSize))
	}
	return plain, nil
}

func (s *scanner) certificate() *Certificate {
	c := &Certificate{}
	cuts := maybe(s, "cuts", &c.Cuts, s.cuts)
	cuts.optional = true
	ranges, forms := s.ranges(&c.Ranges), objects(s, "forms", &c.Forms, s.form)
	sharpened := objects(s, "sharpened", &c.Sharpened, s.sharpening)
	forms.optional, sharpened.optional = true, true
	s.object("",
		key{name: "program", read: func(at string) { s.program(at, &c.Program) }},
		key{name: "claim", read: func(at string) { c.Claim = s.claim(at) }},
		key{name: "incumbent", read: func(at string) {
			s.array(at, func(i int) { c.Incumbent = append(c.Incumbent, s.floats(fmt.Sprintf("%s[%d]", at, i))) })
		}},
		key{name: "leaves", read: func(at string) {
			s.array(at, func(i int) { c.Leaves = append(c.Leaves, s.leaf(fmt.Sprintf("%s[%d]", at, i))) })
		}},
		ranges, cuts, forms, sharpened,
		key{name: "states", optional: true, read: func(at string) { c.States = s.truth(at) }})
	return c
}

func (s *scanner) claim(at string) Claim {
	var c Claim
	violation := s.number("violation", &c.Violation)
	violation.optional = true
	s.object(at, s.number("objective", &c.Objective), s.number("dual_bound", &c.DualBound), violation,
		key{name: "infeasible", optional: true, read: func(at string) { c.Infeasible = s.truth(at) }})
	return c
}

// vector is a key that holds numbers.
func (s *scanner) vector(name string, dst *[]float64) key {
	return key{name: name, read: func(at string) { *dst = s.floats(at) }}
}

// orNull is a key that holds numbers or null.
func (s *scanner) orNull(name string, dst *[]float64) key {
	return key{name: name, read: func(at string) {
		if !s.null() {
			*dst = s.floats(at)
		}
	}}
}

func (s *scanner) count(name string, dst *int) key {
	return key{name: name, read: func(at string) { *dst = s.integer(at) }}
}

func (s *scanner) program(at string, p *Program) {
	constraints, integer := objects(s, "constraints", &p.Constraints, s.constraint), objects(s, "integer", &p.Integer, s.integer)
	constraints.optional, integer.optional = true, true
	s.object(at,
		key{name: "network", read: func(at string) {
			s.object(at, key{name: "layers", read: func(at string) {
				s.array(at, func(i int) { p.Network.Layers = append(p.Network.Layers, s.layer(fmt.Sprintf("%s[%d]", at, i))) })
			}})
		}},
		s.count("nx", &p.Nx), s.count("nu", &p.Nu), s.count("horizon", &p.Horizon),
		s.vector("x0", &p.X0), s.vector("lower", &p.Lower), s.vector("upper", &p.Upper),
		s.orNull("before", &p.Before),
		key{name: "cost", read: func(at string) {
			s.array(at, func(i int) { p.Cost = append(p.Cost, s.term(fmt.Sprintf("%s[%d]", at, i))) })
		}},
		s.orNull("rounded", &p.Rounded), constraints, integer)
}

func (s *scanner) layer(at string) Layer {
	var y Layer
	s.object(at, s.count("from", &y.From), s.count("to", &y.To),
		s.vector("weights", &y.Weights), s.vector("bias", &y.Bias),
		key{name: "gates", read: func(at string) {
			s.array(at, func(i int) { y.Gates = append(y.Gates, s.text(fmt.Sprintf("%s[%d]", at, i))) })
		}})
	return y
}

func (s *scanner) term(at string) Term {
	var k Term
	s.object(at, s.count("t", &k.T),
		key{name: "norm", read: func(at string) { k.Norm = s.text(at) }},
		key{name: "factor", read: func(at string) { k.Factor = s.float(at) }},
		s.vector("x", &k.X), s.vector("u", &k.U), s.orNull("prev", &k.Prev), s.vector("b", &k.B),
		key{name: "radius", optional: true, read: func(at string) { k.Radius = s.float(at) }})
	return k
}

func (s *scanner) constraint(at string) Constraint {
	var k Constraint
	s.object(at, s.count("t", &k.T), s.orNull("x", &k.X), s.orNull("u", &k.U), s.orNull("next", &k.Next), s.vector("b", &k.B))
	return k
}

func (s *scanner) form(at string) Form {
	var f Form
	split, rows := s.vector("split", &f.Split), s.vector("rows", &f.Rows)
	split.optional, rows.optional = true, true
	s.object(at, key{name: "path", read: func(at string) { f.Path = s.text(at) }},
		s.vector("low", &f.Low), s.vector("up", &f.Up), s.vector("mult", &f.Mult), split, rows)
	return f
}

func (s *scanner) leaf(at string) Leaf {
	var y Leaf
	up := s.vector("up", &y.Up)
	up.optional = true
	low, mult, split, rows := s.vector("low", &y.Low), s.vector("mult", &y.Mult), s.vector("split", &y.Split), s.vector("rows", &y.Rows)
	low.optional, mult.optional, split.optional, rows.optional = true, true, true, true
	s.object(at, s.vector("lower", &y.Lower), s.vector("upper", &y.Upper),
		key{name: "bound", read: func(at string) { y.Bound = s.float(at) }}, low, up, mult,
		key{name: "phases", optional: true, read: func(at string) {
			s.array(at, func(i int) { y.Phases = append(y.Phases, s.phase(fmt.Sprintf("%s[%d]", at, i))) })
		}}, split, rows,
		key{name: "empty", optional: true, read: func(at string) { y.Empty = s.truth(at) }},
		key{name: "path", optional: true, read: func(at string) { y.Path = s.text(at) }},
		key{name: "slab", optional: true, read: func(at string) { y.Slab = s.truth(at) }},
		key{name: "redo", optional: true, read: func(at string) { y.Redo = s.truth(at) }})
	return y
}

// ranges is the key that holds groups of proofs of ranges.
func (s *scanner) ranges(dst *[][]Range) key {
	return key{name: "ranges", optional: true, read: func(at string) {
		s.array(at, func(i int) {
			group := []Range{}
			at := fmt.Sprintf("%s[%d]", at, i)
			s.array(at, func(j int) { group = append(group, s.provenRange(fmt.Sprintf("%s[%d]", at, j))) })
			*dst = append(*dst, group)
		})
	}}
}

func (s *scanner) sharpening(at string) Sharpening {
	var y Sharpening
	form := key{name: "form", optional: true, read: func(at string) { f := s.form(at); y.Form = &f }}
	s.object(at, key{name: "path", read: func(at string) { y.Path = s.text(at) }}, s.ranges(&y.Ranges), form)
	return y
}

func (s *scanner) provenRange(at string) Range {
	var y Range
	low, mult := s.vector("low", &y.Low), s.vector("mult", &y.Mult)
	low.optional, mult.optional = true, true
	s.object(at, key{name: "of", optional: true, read: func(at string) { y.Of = s.text(at) }},
		s.count("unit", &y.Unit), s.count("side", &y.Side), s.number("value", &y.Value), s.number("share", &y.Share), low, mult)
	return y
}

// phase reads a pair [unit, sign].
func (s *scanner) phase(at string) [2]int {
	var p [2]int
	n := 0
	s.array(at, func(i int) {
		if n++; n <= 2 {
			p[i] = s.integer(at)
		} else {
			s.integer(at)
		}
	})
	if n != 2 {
		s.fail(at, "has %d values; it must be [unit, sign]", n)
	}
	return p
}

// Write validates a certificate and writes it, gzipped if the name ends in .gz. The
// file is whole or not there.
func Write(path string, c *Certificate) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	c = c.filled()
	return atomicfile.Write(path, func(w io.Writer) error {
		if !strings.HasSuffix(path, ".gz") {
			return json.NewEncoder(w).Encode(c)
		}
		z := gzip.NewWriter(w)
		if err := json.NewEncoder(z).Encode(c); err != nil {
			return err
		}
		return z.Close()
	})
}

// filled returns c with empty lists in place of nil ones that the file must have:
// encoding/json writes nil as null.
func (c *Certificate) filled() *Certificate {
	d := *c
	d.Program.Network.Layers = slices.Clone(c.Program.Network.Layers)
	for l := range d.Program.Network.Layers {
		y := &d.Program.Network.Layers[l]
		y.Weights, y.Bias, y.Gates = list(y.Weights), list(y.Bias), list(y.Gates)
	}
	d.Program.Cost = list(c.Program.Cost)
	d.Incumbent, d.Leaves, d.Cuts = list(c.Incumbent), list(c.Leaves), c.Cuts.filled()
	return &d
}

func list[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}
