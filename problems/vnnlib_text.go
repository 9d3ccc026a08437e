package problems

import (
	"fmt"
	"strings"
)

// place is where something stands in a file, counted from 1; columns are bytes.
type place struct{ line, column int }

// expression is an atom, or a list of expressions in parentheses.
type expression struct {
	at   place
	atom string
	list []expression // not nil for a list
}

// maxDepth bounds the parentheses within each other.
const maxDepth = 100

// head returns the atom that a list starts with.
func (e *expression) head() string {
	if len(e.list) == 0 {
		return ""
	}
	return e.list[0].atom
}

// excerpt returns the start of the text of e for a message.
func (e *expression) excerpt() string {
	var b strings.Builder
	e.print(&b, 60)
	return excerpt([]byte(b.String()))
}

func (e *expression) print(b *strings.Builder, most int) {
	if e.list == nil {
		b.WriteString(e.atom)
		return
	}
	b.WriteByte('(')
	for i := range e.list {
		if b.Len() > most {
			return
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		e.list[i].print(b, most)
	}
	b.WriteByte(')')
}

// parseExpressions reads the expressions of a file in the syntax of SMT-LIB.
func parseExpressions(path string, data []byte) ([]expression, error) {
	s := &scanner{data: data, at: place{1, 1}}
	open := []expression{{list: []expression{}}} // the file, then what is not closed
	for {
		token, at := s.next()
		top := &open[len(open)-1]
		switch {
		case token == "" && len(open) > 1:
			return nil, fmt.Errorf("%s:%d:%d: parenthesis is never closed; every ( needs a )", path, top.at.line, top.at.column)
		case token == "":
			return top.list, nil
		case token == "(" && len(open) > maxDepth:
			return nil, fmt.Errorf("%s:%d:%d: more than %d parentheses within each other; no property needs that", path, at.line, at.column, maxDepth)
		case token == "(":
			open = append(open, expression{at: at, list: []expression{}})
		case token == ")" && len(open) == 1:
			return nil, fmt.Errorf("%s:%d:%d: ) without (; every ) must close one", path, at.line, at.column)
		case token == ")":
			done := *top
			open = open[:len(open)-1]
			parent := &open[len(open)-1]
			parent.list = append(parent.list, done)
		default:
			top.list = append(top.list, expression{at: at, atom: token})
		}
	}
}

// scanner splits a text into parentheses and atoms.
type scanner struct {
	data []byte
	at   place
}

// next returns the next token and where it starts, "" at the end.
func (s *scanner) next() (string, place) {
	comment := false
	for len(s.data) > 0 && (comment || strings.IndexByte(" \t\r\n;", s.data[0]) >= 0) {
		comment = (comment || s.data[0] == ';') && s.data[0] != '\n'
		s.skip(1)
	}
	at, n := s.at, 0
	for n < len(s.data) && strings.IndexByte(" \t\r\n;()", s.data[n]) < 0 {
		n++
	}
	if n == 0 && len(s.data) > 0 {
		n = 1 // a parenthesis
	}
	token := string(s.data[:n])
	s.skip(n)
	return token, at
}

func (s *scanner) skip(n int) {
	for _, c := range s.data[:n] {
		if s.at.column++; c == '\n' {
			s.at = place{s.at.line + 1, 1}
		}
	}
	s.data = s.data[n:]
}
