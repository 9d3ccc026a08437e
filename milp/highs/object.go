package highs

import (
	"context"
	"fmt"
	"math"
	"time"

	"hinge/milp"
)

// object is one HiGHS object. Its err is the first failed call; like a
// bufio.Writer's it is asked for once, at the end.
type object struct {
	lib *library
	h   uintptr
	err error
}

func (m *object) call(what string, status int32) {
	if status == callError && m.err == nil {
		m.err = fmt.Errorf("highs: HiGHS %s: %s failed", m.lib.version, what)
	}
}

func (m *object) setOptions(ctx context.Context, opts milp.Options) {
	flag := func(name string, v int32) { m.call(name, m.lib.setBool(m.h, name, v)) }
	number := func(name string, v int32) { m.call(name, m.lib.setInt(m.h, name, v)) }
	real := func(name string, v float64) { m.call(name, m.lib.setDouble(m.h, name, v)) }

	flag("output_flag", 0)
	number("threads", 1)
	m.call("parallel", m.lib.setString(m.h, "parallel", "off"))
	number("random_seed", int32((opts.Seed^opts.Seed>>31)&math.MaxInt32))
	// Never to stop at a gap is to stop at the gap 0: there is nothing left to gain.
	real("mip_rel_gap", max(0, opts.RelGap))
	real("mip_abs_gap", max(0, opts.AbsGap))
	// By default entries up to 1e-9 are taken for 0; this is the least it accepts.
	real("small_matrix_value", 1e-12)
	if opts.NodeLimit > 0 {
		number("mip_max_nodes", int32(min(opts.NodeLimit, math.MaxInt32)))
	}
	if deadline, ok := ctx.Deadline(); ok {
		real("time_limit", max(0, time.Until(deadline).Seconds()))
	}
}

// pass hands p over, as columns and then rows: Highs_passMip would do both, but
// has more arguments than can be passed on every platform.
func (m *object) pass(p *milp.Problem) {
	n := int32(p.Vars())
	m.call("addCols", m.lib.addCols(m.h, n, p.Cost, p.Lower, p.Upper, 0, nil, nil, nil))
	kinds := make([]int32, n)
	for j, integer := range p.Integer {
		if integer {
			kinds[j] = 1
		}
	}
	m.call("changeColsIntegralityByRange", m.lib.integrality(m.h, 0, n-1, kinds))
	m.call("changeObjectiveOffset", m.lib.setOffset(m.h, p.Offset))
	if p.Rows() > 0 {
		start, index, value := rows(p)
		m.call("addRows", m.lib.addRows(m.h, int32(p.Rows()), p.RowLower, p.RowUpper,
			int32(len(index)), start, index, value))
	}
}

// rows returns the rows of p in HiGHS's types. A column named twice in a row,
// which HiGHS rejects, becomes one entry with the sum.
func rows(p *milp.Problem) (start, index []int32, value []float64) {
	start = make([]int32, p.Rows())
	index = make([]int32, 0, len(p.Index))
	value = make([]float64, 0, len(p.Value))
	place := make([]int, p.Vars()) // 1 + where the column was last put
	for i := range p.Rows() {
		first := len(index)
		start[i] = int32(first)
		for k := p.Start[i]; k < p.Start[i+1]; k++ {
			j := p.Index[k]
			if place[j] > first {
				value[place[j]-1] += p.Value[k]
				continue
			}
			index = append(index, int32(j))
			value = append(value, p.Value[k])
			place[j] = len(index)
		}
	}
	return start, index, value
}
