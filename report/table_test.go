package report

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	tb := NewTable("planner", "n", "cost", "time", "success", "gap")
	tb.Add("bnb", 50, 12.34567, 84*time.Millisecond, true, 0.0)
	tb.Add("größer", 7, 1234.5, 1234567*time.Nanosecond, false, math.NaN())
	tb.Add("line\nbreak", uint64(3), Number(1e-7), time.Duration(0), false, nil)
	want := `
planner      n   cost    time  success  gap
──────────  ──  ─────  ──────  ───────  ───
bnb         50  12.35    84ms  yes        0
größer       7   1234  1.23ms  no         -
line break   3  1e-07      0s  no         -
`[1:]
	if got := tb.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var b strings.Builder
	if n, err := tb.WriteTo(&b); err != nil || int(n) != len(want) || b.String() != want {
		t.Errorf("WriteTo wrote %d bytes, error %v", n, err)
	}
}

func TestTableChecksCells(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewTable("a", "b").Add(1)
}
