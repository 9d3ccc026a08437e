package nn

import (
	"fmt"
	"testing"

	"hinge/internal/assert"
)

func TestForwardIsDefinition(t *testing.T) {
	checked := 0
	for i := range 500 {
		rng := newRand(t, i)
		n := randomNet(rng)
		ws, y := n.NewWorkspace(), make([]float64, n.Out())
		for range 3 { // the same workspace again: nothing may be left over
			x := normal(n.In, rng)
			n.Forward(y, x, ws)
			assertClose(t, fmt.Sprintf("net %d", i), y, naiveForward(n, x), 1e-13)
			checked++
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

// TestActivationsAndPreActivations checks a_l = gate(W_l v[From:To) + b_l) from
// the buffers that the workspace shows.
func TestActivationsAndPreActivations(t *testing.T) {
	checked := 0
	for i := range 100 {
		rng := newRand(t, i)
		n := randomNet(rng)
		ws := n.NewWorkspace()
		x := normal(n.In, rng)
		n.Forward(make([]float64, n.Out()), x, ws)
		v, z := ws.Activations(), ws.PreActivations()
		assertClose(t, "inputs", v[:n.In], x, 0)
		for l, layer := range n.Layers {
			for j := range layer.Out {
				w, at := n.Weight(l)[j*layer.In():(j+1)*layer.In()], layer.At()+j
				want := dot(w, v[layer.From:layer.To]) + n.Bias(l)[j]
				if !closeTo(z[at], want, 1e-13) || v[at] != layer.Gate(j).apply(z[at]) {
					t.Fatalf("net %d, layer %d, unit %d: z %g and a %g, want z %g", i, l, j, z[at], v[at], want)
				}
				checked++
			}
		}
	}
	if checked == 0 {
		t.Fatal("nothing checked")
	}
}

// awayFromKinks reports whether no pre-activation of the last Forward is so
// near zero that a central difference could cross it.
func awayFromKinks(n *Net, ws *Workspace) bool {
	for _, z := range ws.PreActivations()[n.In:] {
		if z > -1e-4 && z < 1e-4 {
			return false
		}
	}
	return true
}

func TestJacobianAndVJP(t *testing.T) {
	checked := 0
	for i := range 300 {
		rng := newRand(t, i)
		n := randomNet(rng)
		ws, x, y := n.NewWorkspace(), normal(n.In, rng), make([]float64, n.Out())
		n.Forward(y, x, ws)
		if !awayFromKinks(n, ws) {
			continue
		}
		jac, dx, lambda := make([]float64, n.Out()*n.In), make([]float64, n.In), normal(n.Out(), rng)
		n.Jacobian(jac, ws)
		n.VJP(dx, lambda, ws)
		assertClose(t, fmt.Sprintf("net %d Jacobian", i), jac, differences(n, x), 1e-8)
		product := make([]float64, n.In) // lambda' J
		for k, v := range jac {
			product[k%n.In] += lambda[k/n.In] * v
		}
		assertClose(t, fmt.Sprintf("net %d VJP", i), dx, product, 1e-12)
		checked += len(jac)
	}
	if checked < 1000 {
		t.Fatalf("only %d entries checked", checked)
	}
}

// differences returns the Jacobian by central differences (Out x In).
func differences(n *Net, x []float64) []float64 {
	const h = 1e-6
	jac := make([]float64, n.Out()*n.In)
	for k, keep := range x {
		x[k] = keep + h
		up := naiveForward(n, x)
		x[k] = keep - h
		down := naiveForward(n, x)
		x[k] = keep
		for i := range up {
			jac[i*n.In+k] = (up[i] - down[i]) / (2 * h)
		}
	}
	return jac
}

// TestKink pins the convention: the slope of a ReLU at 0 is 0, everywhere.
func TestKink(t *testing.T) {
	n := New(1, []Layer{{From: 0, To: 1, Out: 1}})
	n.Weight(0)[0] = 1
	ws, dx, jac := n.NewWorkspace(), []float64{7}, []float64{7}
	n.Forward(make([]float64, 1), []float64{0}, ws)
	n.VJP(dx, []float64{1}, ws)
	n.Jacobian(jac, ws)
	b := NewBatch[float64](n, 1)
	b.Forward(n.Params, []float64{0}, 1)
	b.Backward(nil, []float64{1})
	if dx[0] != 0 || jac[0] != 0 || b.InputGrad().Data[0] != 0 {
		t.Errorf("slope at the kink: VJP %g, Jacobian %g, batch %g, want 0", dx[0], jac[0], b.InputGrad().Data[0])
	}
}

func TestInferenceDoesNotAllocate(t *testing.T) {
	rng := newRand(t, 0)
	n := randomMLP(6, []int{32, 32}, 4, rng)
	ws, x, y := n.NewWorkspace(), normal(6, rng), make([]float64, 4)
	dx, jac := make([]float64, 6), make([]float64, 24)
	for name, f := range map[string]func(){
		"Forward":  func() { n.Forward(y, x, ws) },
		"VJP":      func() { n.VJP(dx, y, ws) },
		"Jacobian": func() { n.Jacobian(jac, ws) },
	} {
		if a := testing.AllocsPerRun(10, f); a != 0 {
			t.Errorf("%s allocates %g times", name, a)
		}
	}
}

func TestInferenceRefusesWrongLengths(t *testing.T) {
	n := NewMLP(3, []int{2}, 1, false)
	ws, v := n.NewWorkspace(), make([]float64, 9)
	assert.Panics(t, "nn: Forward: wrong length of input or output", func() { n.Forward(v[:1], v[:2], ws) })
	assert.Panics(t, "nn: Forward: wrong length of input or output", func() { n.Forward(v[:2], v[:3], ws) })
	assert.Panics(t, "nn: VJP: wrong length of gradient or lambda", func() { n.VJP(v[:2], v[:1], ws) })
	assert.Panics(t, "nn: VJP: wrong length of gradient or lambda", func() { n.VJP(v[:3], v[:2], ws) })
	assert.Panics(t, "nn: Jacobian: wrong length of result", func() { n.Jacobian(v[:2], ws) })
}
