package file

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// The judge computes a graph node by node, as ONNX defines it, in arithmetic
// that rounds nothing here: 4000 bits hold every sum and product of these tests.

const judgePrecision = 4000

func exactly(v float64) *big.Float { return new(big.Float).SetPrec(judgePrecision).SetFloat64(v) }

type judged struct {
	shape []int
	v     []*big.Float
	whole []int64
}

// judge returns the output of the model for the input x.
func judge(t testing.TB, m *onnxModel, x []float64) []*big.Float {
	t.Helper()
	g := m.graph
	env := map[string]judged{}
	for i := range g.weights {
		env[g.weights[i].name] = constantOf(&g.weights[i])
	}
	for _, in := range g.inputs {
		if _, weight := env[in.name]; weight {
			continue
		}
		j := judged{}
		for _, d := range in.dims {
			j.shape = append(j.shape, int(max(d, 1)))
		}
		for _, v := range x {
			j.v = append(j.v, exactly(v))
		}
		env[in.name] = j
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		var in []judged
		for _, name := range n.inputs {
			in = append(in, env[name])
		}
		env[n.outputs[0]] = judgeNode(t, n, in)
	}
	return env[g.outputs[0].name].v
}

func constantOf(w *onnxTensor) judged {
	v, err := w.value()
	if err != nil {
		panic(err)
	}
	j := judged{shape: v.shape, whole: v.whole}
	for _, x := range v.data {
		j.v = append(j.v, exactly(x))
	}
	return j
}

func judgeNode(t testing.TB, n *onnxNode, in []judged) judged {
	t.Helper()
	switch n.op {
	case "Add", "Sub":
		return judgeAdd(in[0], in[1], n.op == "Sub")
	case "MatMul":
		return judgeProduct(in[0], in[1], false, false, 1)
	case "Gemm":
		y := judgeProduct(in[0], in[1], intOf(n, "transA") == 1, intOf(n, "transB") == 1, floatOf(n, "alpha"))
		if len(in) == 3 {
			c := judged{shape: in[2].shape}
			for _, v := range in[2].v {
				c.v = append(c.v, product2(v, exactly(floatOf(n, "beta"))))
			}
			y = judgeAdd(y, c, false)
		}
		return y
	case "Relu":
		y := judged{shape: in[0].shape}
		for _, v := range in[0].v {
			if v.Sign() < 0 {
				v = exactly(0)
			}
			y.v = append(y.v, v)
		}
		return y
	case "Concat": // along the last axis of [1, k]
		y := judged{shape: []int{1, 0}}
		for _, v := range in {
			y.v = append(y.v, v.v...)
		}
		y.shape[1] = len(y.v)
		return y
	case "Flatten":
		return judged{shape: []int{1, len(in[0].v)}, v: in[0].v}
	case "Reshape":
		y := judged{v: in[0].v}
		for _, d := range in[1].whole {
			y.shape = append(y.shape, int(d))
		}
		return y
	case "Constant":
		return constantOf(n.attributes[0].t)
	case "Identity", "Dropout":
		return in[0]
	}
	t.Fatalf("the judge does not know %s", n.op)
	return judged{}
}

func product2(a, b *big.Float) *big.Float {
	return new(big.Float).SetPrec(judgePrecision).Mul(a, b)
}

func intOf(n *onnxNode, name string) int64 {
	if a := n.attribute(name); a != nil {
		return *a.i
	}
	return 0
}

func floatOf(n *onnxNode, name string) float64 {
	if a := n.attribute(name); a != nil {
		return float64(*a.f)
	}
	return 1
}

func judgeAdd(a, b judged, minus bool) judged {
	y := judged{shape: a.shape}
	if len(b.v) > len(a.v) || len(b.v) == len(a.v) && len(b.shape) > len(a.shape) {
		y.shape = b.shape
	}
	for i := range max(len(a.v), len(b.v)) { // what is shorter is a row, or one number
		p, q := a.v[i%len(a.v)], b.v[i%len(b.v)]
		if minus {
			q = new(big.Float).Neg(q)
		}
		y.v = append(y.v, new(big.Float).SetPrec(judgePrecision).Add(p, q))
	}
	return y
}

// judgeProduct multiplies matrices; leading dimensions of a are rows as well.
func judgeProduct(a, b judged, transA, transB bool, alpha float64) judged {
	inner := a.shape[len(a.shape)-1]
	rows := len(a.v) / inner
	if transA {
		rows, inner = inner, rows
	}
	cols := len(b.v) / inner
	y := judged{shape: append(slices.Clone(a.shape[:len(a.shape)-1]), cols)}
	if transA {
		y.shape = []int{rows, cols}
	}
	for i := range rows {
		for j := range cols {
			s := exactly(0)
			for k := range inner {
				p, q := i*inner+k, k*cols+j
				if transA {
					p = k*rows + i
				}
				if transB {
					q = j*inner + k
				}
				s.Add(s, product2(a.v[p], b.v[q]))
			}
			y.v = append(y.v, product2(s, exactly(alpha)))
		}
	}
	return y
}

// sketch builds random models.
type sketch struct {
	rng     *rand.Rand
	kind    int64
	nodes   message
	weights message
	names   int
	relus   int      // units that Relus make
	have    []drawn  // computed so far, shape [1, width]
	ops     []string // in order
}

type drawn struct {
	name  string
	width int
	units bool // the result of a Relu
}

func (s *sketch) name(prefix string) string {
	s.names++
	return fmt.Sprintf("%s%d", prefix, s.names)
}

// weight adds a random initializer.
func (s *sketch) weight(shape ...int) string {
	name := s.name("w")
	s.weights.initializer(name, s.kind, shape, s.numbers(product(shape)))
	return name
}

func (s *sketch) numbers(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = s.rng.NormFloat64()
		if s.kind == onnxFloat {
			v[i] = float64(float32(v[i]))
		}
	}
	return v
}

func (s *sketch) node(op string, inputs []string, attributes map[string]int64) string {
	name := s.name("v")
	s.nodes.node(op, s.name("node"), inputs, name, attributes)
	s.ops = append(s.ops, op)
	return name
}

// step adds an operator on what there is. Without relu it is affine.
func (s *sketch) step(relu bool) {
	x := s.have[s.rng.IntN(len(s.have))]
	y := drawn{width: x.width}
	out := 1 + s.rng.IntN(5)
	kinds := 10
	if relu {
		kinds = 13
	}
	switch k := s.rng.IntN(kinds); k {
	case 0: // Gemm in all its forms
		transB := int64(s.rng.IntN(2))
		shape := []int{x.width, out}
		if transB == 1 {
			shape = []int{out, x.width}
		}
		inputs := []string{x.name, s.weight(shape...)}
		switch s.rng.IntN(3) {
		case 0:
			inputs = append(inputs, s.weight(out))
		case 1:
			inputs = append(inputs, s.weight(1))
		}
		y.width = out
		y.name = s.gemm(inputs, transB)
	case 1:
		y.width = out
		y.name = s.node("MatMul", []string{x.name, s.weight(x.width, out)}, nil)
	case 2:
		y.name = s.node("Add", []string{s.weight(x.width), x.name}, nil)
	case 3:
		y.name = s.node("Sub", []string{x.name, s.weight(1, x.width)}, nil)
	case 4:
		y.name = s.node("Sub", []string{s.weight(), x.name}, nil)
	case 5: // a skip connection, where one fits
		other := s.have[s.rng.IntN(len(s.have))]
		if other.width != x.width {
			return
		}
		y.name = s.node("Add", []string{x.name, other.name}, nil)
	case 6:
		other := s.have[s.rng.IntN(len(s.have))]
		y.width = x.width + other.width
		if y.width > 12 {
			return
		}
		y.name = s.node("Concat", []string{x.name, other.name}, map[string]int64{"axis": int64(1 - 2*s.rng.IntN(2))})
	case 7:
		shape := s.name("shape")
		s.weights.message(5, func(t *message) {
			t.integer(1, 3)
			t.integer(2, onnxInt64)
			t.text(8, shape)
			for _, d := range []int64{1, int64(x.width), 1} {
				t.integer(7, d)
			}
		})
		y.name = s.node("Flatten", []string{s.node("Reshape", []string{x.name, shape}, nil)}, map[string]int64{"axis": 1})
	case 8:
		y.units = x.units
		y.name = s.node([]string{"Identity", "Dropout"}[s.rng.IntN(2)], []string{x.name}, nil)
	case 9:
		y.name = s.node("Add", []string{x.name, s.constant(x.width)}, nil)
	default:
		y.name = s.node("Relu", []string{x.name}, nil)
		y.units = true
		if !x.units {
			s.relus += x.width
		}
	}
	s.have = append(s.have, y)
}

// gemm adds a Gemm with factors.
func (s *sketch) gemm(inputs []string, transB int64) string {
	name := s.name("v")
	s.nodes.message(1, func(n *message) {
		for _, in := range inputs {
			n.text(1, in)
		}
		n.text(2, name)
		n.text(4, "Gemm")
		n.message(5, func(a *message) {
			a.text(1, "transB")
			a.integer(3, transB)
			a.integer(20, attributeInt)
		})
		n.message(5, func(a *message) { floatAttribute(a, "alpha", float32(s.rng.NormFloat64())) })
		n.message(5, func(a *message) { floatAttribute(a, "beta", float32(s.rng.NormFloat64())) })
	})
	s.ops = append(s.ops, "Gemm")
	return name
}

// constant adds a Constant whose numbers are not raw.
func (s *sketch) constant(width int) string {
	name := s.name("v")
	values := s.numbers(width)
	s.nodes.message(1, func(n *message) {
		n.text(2, name)
		n.text(4, "Constant")
		n.message(5, func(a *message) {
			a.text(1, "value")
			a.integer(20, 4) // a tensor
			a.message(5, func(t *message) { typedTensor(t, "", s.kind, []int{width}, values) })
		})
	})
	s.ops = append(s.ops, "Constant")
	return name
}

// model returns the file and what the last Gemm reads.
func (s *sketch) model(opset int64, in int) []byte {
	last := s.have[len(s.have)-1]
	s.nodes.node("Gemm", "last", []string{last.name, s.weight(last.width, 3), s.weight(3)}, "y", nil)
	var m message
	m.integer(1, 4)
	m.message(8, func(o *message) { o.integer(2, opset) })
	m.message(7, func(g *message) {
		g.b = append(append(g.b, s.nodes.b...), s.weights.b...)
		g.text(2, "random")
		g.port(11, "x", s.kind, in)
		g.port(12, "y", s.kind, 3)
	})
	return m.b
}

// randomModel returns a file with some operators, and how many units its Relus
// make, including those that the output does not read.
func randomModel(seed uint64, relu bool) (data []byte, s *sketch) {
	s = &sketch{rng: rand.New(rand.NewPCG(seed, 3)), kind: []int64{onnxFloat, onnxDouble}[seed%2]}
	in := 1 + s.rng.IntN(4)
	s.have = []drawn{{name: "x", width: in}}
	for range 3 + s.rng.IntN(10) {
		s.step(relu)
	}
	return s.model(8+int64(seed%10), in), s
}

func floatAttribute(a *message, name string, v float32) {
	a.text(1, name)
	a.fixed32(2, v)
	a.integer(20, attributeFloat)
}
