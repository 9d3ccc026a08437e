package problems

import (
	"slices"
	"strings"

	"hinge/control"
	"hinge/nn"
)

// maxWeights bounds the weights of a network after joining its units to layers:
// 2^24, a thousand times the largest one known.
const maxWeights = 1 << 24

// hdUnit is one line of the network: act(sum of weight * source + bias).
// Sources count the inputs [x; u] first, then the units.
type hdUnit struct {
	source []int
	weight []float64
	bias   float64
	linear bool
}

// hdNet is the network as the file states it, unit by unit.
type hdNet struct {
	inputs  int
	units   []hdUnit
	outputs []int // source of every state of the domain; -1: not predicted
}

// parseHDNet reads the network: name, activation, then pairs of source and weight;
// the source that starts with B is the bias.
func parseHDNet(at string, data []byte, d *hdDomain, mappings map[string]hdMapping) (*hdNet, error) {
	n := &hdNet{inputs: d.states() + d.actions(), outputs: slices.Repeat([]int{-1}, d.count[hdState])}
	units, inputs := map[string]int{}, map[string]bool{}
	weights := 0
	for _, l := range hdLines(at, data) {
		name := l.fields[0]
		if len(l.fields) < 2 || len(l.fields)%2 != 0 || name == "" {
			return nil, l.errorf("%d fields; it must be a name, an activation and pairs of a source and a weight", len(l.fields))
		}
		if _, twice := units[name]; twice {
			return nil, l.errorf("unit %q is there twice; names must differ", excerpt([]byte(name)))
		}
		if inputs[name] {
			return nil, l.errorf("unit %q was read by an earlier line; units must be in the order of evaluation", excerpt([]byte(name)))
		}
		u, err := l.unit(d, mappings, units, inputs)
		if err != nil {
			return nil, err
		}
		if weights += len(u.source); weights > maxWeights {
			return nil, l.errorf("more than %d weights; no network of this kind is that large", maxWeights)
		}
		source := n.inputs + len(n.units)
		if m, mapped := mappings[name]; mapped {
			v := d.vars[m.v]
			if v.role != hdState || n.outputs[v.index] >= 0 {
				return nil, m.line.errorf("unit %q predicts the %v %q; it must be a state that no other unit predicts", excerpt([]byte(name)), v.role, excerpt([]byte(v.name)))
			}
			n.outputs[v.index] = source
		}
		units[name] = source
		n.units = append(n.units, u)
	}
	return n, nil
}

// unit reads the unit of a line. The units of earlier lines are keys of units; every
// other source must be mapped to an input, and is noted in inputs.
func (l hdLine) unit(d *hdDomain, mappings map[string]hdMapping, units map[string]int, inputs map[string]bool) (u hdUnit, err error) {
	switch l.fields[1] {
	case "relu":
	case "linear":
		u.linear = true
	default:
		return u, l.errorf("the activation is %q; it must be relu or linear", excerpt([]byte(l.fields[1])))
	}
	seen := map[string]bool{}
	for i := 2; i < len(l.fields); i += 2 {
		name := l.fields[i]
		w, err := l.number64(i+1, "the weight of "+excerpt([]byte(name)))
		if err != nil {
			return u, err
		}
		if strings.HasPrefix(name, "B") {
			name = "B" // every bias is the bias
		}
		if seen[name] {
			return u, l.errorf("field %d is %q, which was there before; every source may be there once", i+1, excerpt([]byte(l.fields[i])))
		}
		seen[name] = true
		if name == "B" {
			u.bias = w
			continue
		}
		source, known := units[name]
		if !known {
			m, mapped := mappings[name]
			if !mapped {
				return u, l.errorf("field %d is %q; it must be a unit of an earlier line or an input of the mappings", i+1, excerpt([]byte(name)))
			}
			source, inputs[name] = d.column(m.v), true
		}
		u.source = append(u.source, source)
		u.weight = append(u.weight, w)
	}
	return u, nil
}

// layers cuts the units into runs that do not read each other. It returns where
// each run ends.
func (n *hdNet) layers() []int {
	var ends []int
	start := 0
	for i := range n.units {
		if slices.ContainsFunc(n.units[i].source, func(s int) bool { return s >= n.inputs+start }) {
			ends = append(ends, i)
			start = i
		}
	}
	if len(n.units) > 0 {
		ends = append(ends, len(n.units))
	}
	return ends
}

// hdMap is the next state as an affine function of the sources, a row a state.
type hdMap struct {
	source [][]int
	weight [][]float64
	bias   []float64
}

// add appends the row of one more state.
func (m *hdMap) add(source []int, weight []float64, bias float64) {
	m.source, m.weight, m.bias = append(m.source, source), append(m.weight, weight), append(m.bias, bias)
}

// step joins the units to layers, with the map behind them, and folds the result:
// a ReLU network [x; u] -> x'. It is nil if it would have too many weights.
func (n *hdNet) step(m *hdMap) *nn.Net {
	var layers []nn.Layer
	start, size := 0, 0
	for _, end := range n.layers() {
		l := nn.Layer{From: 0, To: n.inputs + start, Out: end - start, Gates: make([]nn.Gate, end-start)}
		for i := range l.Out {
			if n.units[start+i].linear {
				l.Gates[i] = nn.Identity
			}
		}
		layers = append(layers, l)
		if size += l.Out * (l.To + 1); size > maxWeights {
			return nil
		}
		start = end
	}
	out := nn.Layer{From: 0, To: n.inputs + start, Out: len(m.bias), Gates: slices.Repeat([]nn.Gate{nn.Identity}, len(m.bias))}
	// Folding holds every activation as a row over all others.
	if width := n.inputs + start + out.Out; size+out.Out*(out.To+1) > maxWeights || width*width > maxWeights {
		return nil
	}
	net := nn.New(n.inputs, append(layers, out))
	unit := 0
	for l := range layers {
		for i := range layers[l].Out {
			u := &n.units[unit]
			fill(net.Weight(l)[i*layers[l].To:], u.source, u.weight)
			net.Bias(l)[i] = u.bias
			unit++
		}
	}
	for i := range m.bias {
		fill(net.Weight(len(layers))[i*out.To:], m.source[i], m.weight[i])
	}
	copy(net.Bias(len(layers)), m.bias)
	return nn.Fold(net)
}

// fill writes the weights of sources to a row.
func fill(row []float64, source []int, weight []float64) {
	for k, s := range source {
		row[s] = weight[k]
	}
}

// hdModel steps the network unit by unit, as the file states it: the judge of the
// folded one.
type hdModel struct {
	net    *hdNet
	next   *hdMap
	nx, nu int
	values []float64
}

var _ control.System = (*hdModel)(nil)

func newHDModel(net *hdNet, next *hdMap) *hdModel {
	nx := len(next.bias)
	return &hdModel{net: net, next: next, nx: nx, nu: net.inputs - nx, values: make([]float64, net.inputs+len(net.units))}
}

// Dims returns the numbers of states and actions.
func (m *hdModel) Dims() (nx, nu int) { return m.nx, m.nu }

// Clone returns a system with its own scratch memory.
func (m *hdModel) Clone() control.System { return newHDModel(m.net, m.next) }

// Step writes the next state to dst, which may alias x.
func (m *hdModel) Step(dst, x, u []float64) {
	if len(dst) != m.nx || len(x) != m.nx || len(u) != m.nu {
		panic("problems: Step: wrong length of state or action")
	}
	copy(m.values[copy(m.values, x):], u)
	for i := range m.net.units {
		unit := &m.net.units[i]
		s := weighted(m.values, unit.source, unit.weight, unit.bias)
		if !unit.linear {
			s = max(0, s)
		}
		m.values[m.net.inputs+i] = s
	}
	for i := range dst {
		dst[i] = weighted(m.values, m.next.source[i], m.next.weight[i], m.next.bias[i])
	}
}

// weighted returns the sum of weighted sources and a bias.
func weighted(values []float64, source []int, weight []float64, bias float64) float64 {
	for k, s := range source {
		bias += weight[k] * values[s]
	}
	return bias
}
