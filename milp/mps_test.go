package milp_test

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"hinge/milp"
)

var inf = math.Inf(1)

// One row of each kind, one column of each kind.
func ExampleWriteMPS() {
	p := &milp.Problem{Offset: 2.5}
	z := p.AddBinary(-1)
	x := p.AddVar(0.1, -inf, inf)
	y := p.AddVar(0, -2, -1)
	w := p.AddVar(1, 3, 3)
	p.AddRow(-inf, 4, []milp.Var{z, x}, []float64{3, 1})
	p.AddRow(1, inf, []milp.Var{x, y}, []float64{1, -1})
	p.AddRow(-inf, inf, []milp.Var{x}, []float64{1}) // bounds nothing
	p.AddRow(-1, 1, []milp.Var{y, w, y}, []float64{1, 1, 1})
	p.AddRow(0, 0, []milp.Var{x, z}, []float64{1, 1})
	if err := milp.WriteMPS(os.Stdout, p); err != nil {
		panic(err)
	}
	// Output:
	// NAME hinge FREE
	// ROWS
	//  N OBJ
	//  L R0
	//  G R1
	//  G R3
	//  E R4
	// COLUMNS
	//     MARKER 'MARKER' 'INTORG'
	//     C0 OBJ -1
	//     C0 R0 3
	//     C0 R4 1
	//     MARKER 'MARKER' 'INTEND'
	//     C1 OBJ 0.10000000000000001
	//     C1 R0 1
	//     C1 R1 1
	//     C1 R4 1
	//     C2 OBJ 0
	//     C2 R1 -1
	//     C2 R3 2
	//     C3 OBJ 1
	//     C3 R3 1
	// RHS
	//     RHS OBJ -2.5
	//     RHS R0 4
	//     RHS R1 1
	//     RHS R3 -1
	//     RHS R4 0
	// RANGES
	//     RNG R3 2
	// BOUNDS
	//  LO BND C0 0
	//  UP BND C0 1
	//  MI BND C1
	//  PL BND C1
	//  LO BND C2 -2
	//  UP BND C2 -1
	//  FX BND C3 3
	// ENDATA
}

type fullDisk struct{ error }

func (f fullDisk) Write([]byte) (int, error) { return 0, f.error }

func TestWriteMPSReports(t *testing.T) {
	p := &milp.Problem{}
	p.AddBinary(1)
	full := errors.New("disk full")
	if err := milp.WriteMPS(fullDisk{full}, p); !errors.Is(err, full) {
		t.Errorf("write error: got %v, want %v", err, full)
	}
	p.Cost[0] = math.NaN()
	if err := milp.WriteMPS(&strings.Builder{}, p); err == nil {
		t.Error("a cost of NaN was written")
	}
}
