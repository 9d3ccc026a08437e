package certificate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Constraint is rows that every plan keeps, X x_T + U u_{T-1} + Next u_T + B <= 0.
type Constraint struct {
	T    int       `json:"t"`    // 0..Horizon
	X    []float64 `json:"x"`    // rows x Nx, or null
	U    []float64 `json:"u"`    // rows x Nu, of u_{T-1}, or null; null at T = 0
	Next []float64 `json:"next"` // rows x Nu, of u_T, or null; null at T = Horizon
	B    []float64 `json:"b"`    // rows
}

// Form gives the multipliers, as in [Leaf], of a bound of J on an inner node of the tree,
// which Path names. Plans below the dual bound are below it, so a bound of a
// pre-activation may lean on it. Forms help where there are constraints; a wrong one
// costs tightness only.
type Form struct {
	Path  string    `json:"path"`
	Low   []float64 `json:"low"`
	Up    []float64 `json:"up"`
	Mult  []float64 `json:"mult"`
	Split []float64 `json:"split,omitempty"`
	Rows  []float64 `json:"rows,omitempty"`
}

// MaxViolation is the most that a plan may break a row of the constraints by, in the unit
// of the row: solvers stop at a tolerance of this kind.
const MaxViolation = 1e-6

func (y *Form) validate(n sizes) error {
	if strings.Trim(y.Path, "01") != "" {
		return fmt.Errorf("path is %.40q; it must be digits 0 and 1, one for each cut", y.Path)
	}
	if err := vector("low", y.Low, n.units, "hidden units of all steps"); err != nil {
		return err
	}
	if err := vector("up", y.Up, n.units, "hidden units of all steps"); err != nil {
		return err
	}
	if err := vector("mult", y.Mult, n.rows, "residuals of the cost"); err != nil {
		return err
	}
	return validateMultipliers(y.Split, y.Rows, n)
}

// validateMultipliers checks those of ranges and of rows, which may be absent.
func validateMultipliers(split, rows []float64, n sizes) error {
	if split != nil {
		if err := vector("split", split, n.units, "hidden units of all steps"); err != nil {
			return err
		}
	}
	if rows != nil {
		return vector("rows", rows, n.m.hardRows, "rows of the constraints")
	}
	return nil
}

// hardRow is one row of the constraints. Parts that are null have no entries.
type hardRow struct {
	index      int // among all rows
	x, u, next []float64
	b          float64
}

// setHard prepares the constraints.
func (m *model) setHard() {
	p := m.p
	m.follows = len(p.Constraints) > 0 || len(p.Integer) > 0
	m.hard = make([][]hardRow, p.Horizon+1)
	for i := range p.Constraints {
		k := &p.Constraints[i]
		for j, b := range k.B {
			m.hard[k.T] = append(m.hard[k.T], hardRow{m.hardRows, rowOf(k.X, j, p.Nx), rowOf(k.U, j, p.Nu), rowOf(k.Next, j, p.Nu), b})
			m.hardRows++
		}
	}
}

// rowOf returns row j of a matrix of n columns, nil if there is none.
func rowOf(w []float64, j, n int) []float64 {
	if w == nil {
		return nil
	}
	return w[j*n : (j+1)*n]
}

// addHard adds y times a row of step t to a form that is at x_t.
func (m *model) addHard(f *form, y float64, r *hardRow, t int) {
	nu := m.p.Nu
	f.constant(y, r.b)
	add(y, r.x, f.x, f.xe)
	if r.u != nil {
		add(y, r.u, f.a[(t-1)*nu:], f.ae[(t-1)*nu:])
	}
	if r.next != nil {
		add(y, r.next, f.a[t*nu:], f.ae[t*nu:])
	}
}

// addRows adds the rows of step t with their multipliers; nil for none.
func (m *model) addRows(f *form, t int, rows []float64) {
	if rows == nil {
		return
	}
	for i := range m.hard[t] {
		if r := &m.hard[t][i]; rows[r.index] != 0 {
			m.addHard(f, rows[r.index], r, t)
		}
	}
}

// ViolationAbove returns a number that no row of the constraints exceeds at the actions;
// 0 if they keep all of them. See [CostAbove].
func ViolationAbove(p *Program, actions [][]float64) float64 {
	return newModel(p).violation(slices.Concat(actions...))
}

// violation bounds what u breaks a row by.
func (m *model) violation(u []float64) float64 {
	if m.hardRows == 0 {
		return 0
	}
	worst := m.worstRow(u, m.rollOut(u))
	if worst > wide {
		worst = min(worst, m.worstRow(u, m.precise(u)))
	}
	return worst
}

// worstRow is the largest row, at least 0, for states within r.
func (m *model) worstRow(u []float64, r *ranges) float64 {
	nx, nu, worst := m.p.Nx, m.p.Nu, 0.0
	for t, rows := range m.hard {
		for i := range rows {
			y := &rows[i]
			s := affine(y.x, r.xlo[t*nx:], r.xhi[t*nx:], y.b)
			if y.u != nil {
				s = s.plus(affine(y.u, u[(t-1)*nu:], u[(t-1)*nu:], 0))
			}
			if y.next != nil {
				s = s.plus(affine(y.next, u[t*nu:], u[t*nu:], 0))
			}
			worst = max(worst, s.hi)
		}
	}
	return worst
}

// planReason returns why the incumbent u is no plan of a constrained program.
func (m *model) planReason(u []float64, claimed float64) string {
	for k, v := range u {
		if slices.Contains(m.p.Integer, k%m.p.Nu) && v != math.Round(v) {
			return fmt.Sprintf("incumbent is no plan: action %d, coordinate %d is %v; it must be a whole number", k/m.p.Nu, k%m.p.Nu, v)
		}
	}
	switch v := m.violation(u); {
	case !(v <= claimed):
		return fmt.Sprintf("incumbent breaks a constraint by up to %v, claimed %v", v, claimed)
	case claimed > MaxViolation:
		return fmt.Sprintf("incumbent breaks a constraint by up to %v; a plan may break one by %v", claimed, MaxViolation)
	}
	return ""
}

// validateConstraints reports the first constraint that makes no sense.
func (p *Program) validateConstraints() error {
	for i := range p.Constraints {
		if err := p.validateConstraint(i); err != nil {
			return fmt.Errorf("program.constraints[%d].%w", i, err)
		}
	}
	for i, j := range p.Integer {
		if j < 0 || j >= p.Nu || i > 0 && j <= p.Integer[i-1] {
			return fmt.Errorf("program.integer[%d] is %d; it must be coordinates of an action in 0..%d, ascending", i, j, p.Nu-1)
		}
	}
	return nil
}

func (p *Program) validateConstraint(i int) error {
	k, rows := &p.Constraints[i], len(p.Constraints[i].B)
	switch {
	case k.T < 0 || k.T > p.Horizon:
		return fmt.Errorf("t is %d; it must be in 0..horizon = %d", k.T, p.Horizon)
	case i > 0 && k.T < p.Constraints[i-1].T:
		return fmt.Errorf("t is %d after a constraint with t = %d; constraints must be ordered by t", k.T, p.Constraints[i-1].T)
	case rows == 0:
		return fmt.Errorf("b is empty; a constraint needs a row")
	case k.U != nil && k.T == 0:
		return fmt.Errorf("u reads the action before the plan; it must be null at t = 0")
	case k.Next != nil && k.T == p.Horizon:
		return fmt.Errorf("next reads the action after the plan; it must be null at t = horizon")
	}
	for _, m := range []struct {
		name string
		v    []float64
		cols int
	}{{"x", k.X, p.Nx}, {"u", k.U, p.Nu}, {"next", k.Next, p.Nu}} {
		if m.v != nil {
			if err := vector(m.name, m.v, rows*m.cols, "rows x columns"); err != nil {
				return err
			}
		}
	}
	return finite("b", k.B)
}

// reason returns what is wrong with the multipliers.
func (y *Form) reason(m *model, name string) string {
	return cmp.Or(slopesReason(y.Low, name), slopesReason(y.Up, name), rowsReason(y.Rows, name), m.multReason(y.Mult, name))
}

// rowsReason checks the domain of multipliers of rows.
func rowsReason(rows []float64, name string) string {
	for i, v := range rows {
		if !(v >= 0) {
			return fmt.Sprintf("multiplier %d of rows of %s is %v; it must not be negative", i, name, v)
		}
	}
	return ""
}
