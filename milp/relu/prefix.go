package relu

import "hinge/control"

// Prefix returns the program of the first steps alone: what is charged and demanded
// until then, and nothing later. Where no term is negative its optimum is not above
// that of p. It shares p's memory; its Cost is still that of p.
func (p *Program) Prefix(steps int) *Program {
	q := *p
	q.Horizon = steps
	n := q.Inputs()
	q.Box = control.Box{Lower: p.Box.Lower[:n], Upper: p.Box.Upper[:n]}
	q.Terms, q.Constraints = nil, nil
	for _, k := range p.Terms {
		if k.T <= steps {
			q.Terms = append(q.Terms, k)
		}
	}
	for _, c := range p.Constraints {
		if c.T < steps || c.T == steps && c.Next == nil {
			q.Constraints = append(q.Constraints, c)
		}
	}
	return &q
}
