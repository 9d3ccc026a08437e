package dynamics

import (
	"math"

	"hinge/control"
	"hinge/nn"
	"hinge/nn/gemm"
)

// affineParts are the fixed parts of a [Model], for v = [x; u]:
//
//	n  = G v + g             // G = F / In.Scale
//	x' = B v + c + s net(n)  // c = b + Out.Mean, s = Out.Scale
//
// weight is the factor of a squared error in the loss, 1/s^2 / Nx; 0 where the
// network has no say.
//
// Training is in float32; what is tested against difference quotients is in float64.
type affineParts[T nn.Float] struct {
	nx, nu, nf int
	g          gemm.Matrix[T] // nf x (Nx+Nu)
	gBias      []T            // nf
	b          gemm.Matrix[T] // Nx x (Nx+Nu)
	bBias      []T            // Nx
	scale      []T            // Nx
	weight     []T            // Nx
}

func newAffineParts[T nn.Float](m *Model) *affineParts[T] {
	nx, nu := m.Dims()
	nf := m.Features.Rows
	w, b := m.normalizedFeatures()
	p := &affineParts[T]{
		nx: nx, nu: nu, nf: nf,
		g: gemm.New(nf, nx+nu, converted[T](w)), gBias: converted[T](b),
		b: gemm.New(nx, nx+nu, converted[T](m.Base.W)), bBias: make([]T, nx),
		scale: converted[T](m.Out.Scale), weight: make([]T, nx),
	}
	for i, s := range m.Out.Scale {
		p.bBias[i] = T(m.Base.B[i] + m.Out.Mean[i])
		if s > 0 {
			p.weight[i] = T(1 / (s * s * float64(nx)))
		}
	}
	return p
}

func converted[T nn.Float](v []float64) []T {
	f := make([]T, len(v))
	nn.Convert(f, v)
	return f
}

// stepWeights returns the weights of the roll-out steps: growing linearly from
// 1 to 2, then scaled to the sum 1.
func stepWeights[T nn.Float](horizon int) []T {
	w := make([]T, horizon)
	sum := 0.0
	for k := range w {
		v := 1.0
		if horizon > 1 {
			v += float64(k) / float64(horizon-1)
		}
		w[k] = T(v)
		sum += v
	}
	for k := range w {
		w[k] /= T(sum)
	}
	return w
}

// rollout is the roll-out loss of up to capacity windows and its gradient: the
// scratch memory of one shard of a batch.
type rollout[T nn.Float] struct {
	parts *affineParts[T]
	steps []rolloutStep[T]
	// active are the steps of the last forward, scale the factor of their weights.
	active []rolloutStep[T]
	scale  T
	// weight is how much each row counts, rowLoss its loss in the last forward,
	// unweighted.
	weight  []T       // capacity
	rowLoss []float64 // capacity
	shape   *shapeTerm[T]
	// target holds the recorded states after each step: H x capacity x Nx.
	target   [][]T
	dOut     []T // capacity x Nx
	dx       []T // capacity x Nx: adjoint of the state after a step
	dv       []T // capacity x (Nx+Nu)
	grad     []T // of the parameters
	mixGrad  nn.GateMix[T]
	capacity int
	seenX    []float64 // (H+1) x Nx, see see
	seenU    []float64 // H x Nu
}

// rolloutStep is what one step keeps for the way back.
type rolloutStep[T nn.Float] struct {
	weight T
	v      []T // capacity x (Nx+Nu): the state before the step, the action
	f      []T // capacity x nf: normalised features
	x      []T // capacity x Nx: the state after the step
	net    *nn.Batch[T]
}

func newRollout[T nn.Float](parts *affineParts[T], net *nn.Net, horizon, capacity int) *rollout[T] {
	r := &rollout[T]{
		parts: parts, capacity: capacity,
		steps: make([]rolloutStep[T], horizon), target: make([][]T, horizon),
		dOut: make([]T, capacity*parts.nx), dx: make([]T, capacity*parts.nx),
		dv:     make([]T, capacity*(parts.nx+parts.nu)),
		grad:   make([]T, len(net.Params)),
		weight: make([]T, capacity), rowLoss: make([]float64, capacity),
		seenX: make([]float64, (horizon+1)*parts.nx), seenU: make([]float64, horizon*parts.nu),
	}
	r.weighEqually()
	for k, w := range stepWeights[T](horizon) {
		r.steps[k] = rolloutStep[T]{
			weight: w,
			v:      make([]T, capacity*(parts.nx+parts.nu)),
			f:      make([]T, capacity*parts.nf),
			x:      make([]T, capacity*parts.nx),
			net:    nn.NewBatch[T](net, capacity),
		}
		r.target[k] = make([]T, capacity*parts.nx)
	}
	return r
}

// weighEqually gives all rows the weight 1.
func (r *rollout[T]) weighEqually() {
	for i := range r.weight {
		r.weight[i] = 1
	}
}

// gate lets all steps use mix, whose gradient is collected in mixGrad; with mix
// nil they use the gates of the network.
func (r *rollout[T]) gate(mix nn.GateMix[T]) {
	r.mixGrad = nil
	if mix != nil {
		r.mixGrad = make(nn.GateMix[T], len(mix))
	}
	for k := range r.steps {
		r.steps[k].net.Mix, r.steps[k].net.MixGrad = mix, r.mixGrad
	}
}

// see returns the states and actions of a window as seen from f, until the next call.
func (r *rollout[T]) see(f control.Frame, x, u []float64) (seenX, seenU []float64) {
	f.Points(r.seenX, x[:len(r.seenX)])
	f.Vectors(r.seenU, u[:len(r.seenU)])
	return r.seenX, r.seenU
}

// start sets state x0, actions (H x Nu) and recorded states (H x Nx) of a row.
func (r *rollout[T]) start(row int, x0, u, recorded []float64) {
	nx, nu := r.parts.nx, r.parts.nu
	nv := nx + nu
	nn.Convert(r.steps[0].v[row*nv:row*nv+nx], x0)
	for k := range r.steps {
		nn.Convert(r.steps[k].v[row*nv+nx:(row+1)*nv], u[k*nu:(k+1)*nu])
		nn.Convert(r.target[k][row*nx:(row+1)*nx], recorded[k*nx:(k+1)*nx])
	}
}

// forward predicts the first steps of rows windows and returns the weighted sum
// of their losses. The weights of the steps are scaled to the sum 1.
func (r *rollout[T]) forward(w *nn.Weights[T], rows, steps int) float64 {
	r.active = r.steps[:steps]
	clear(r.rowLoss)
	weights := T(0)
	for k := range r.active {
		s := &r.active[k]
		if k > 0 {
			r.carry(s.v, r.steps[k-1].x, rows)
		}
		s.predict(r.parts, w, rows)
		r.addRowLoss(s, r.target[k], rows)
		weights += s.weight
	}
	r.scale = 1 / weights
	loss := 0.0
	for i := range rows {
		r.rowLoss[i] *= float64(r.scale)
		loss += float64(r.weight[i]) * r.rowLoss[i]
	}
	return loss
}

// addRowLoss adds what a step costs to the loss of every row.
func (r *rollout[T]) addRowLoss(s *rolloutStep[T], target []T, rows int) {
	nx := r.parts.nx
	for i := range rows {
		x, want := s.x[i*nx:(i+1)*nx], target[i*nx:(i+1)*nx]
		loss := r.parts.squaredError(x, want)
		if r.shape != nil {
			loss += r.shape.loss(x, want)
		}
		r.rowLoss[i] += float64(s.weight) * loss
	}
}

// carry makes the states x after one step the states of v before the next.
func (r *rollout[T]) carry(v, x []T, rows int) {
	nx, nv := r.parts.nx, r.parts.nx+r.parts.nu
	for i := range rows {
		copy(v[i*nv:], x[i*nx:(i+1)*nx])
	}
}

// predict computes x' = B v + c + s net(G v + g).
func (s *rolloutStep[T]) predict(p *affineParts[T], w *nn.Weights[T], rows int) {
	v := gemm.New(rows, p.nx+p.nu, s.v[:rows*(p.nx+p.nu)])
	f := gemm.New(rows, p.nf, s.f[:rows*p.nf])
	x := gemm.New(rows, p.nx, s.x[:rows*p.nx])
	for i := range rows {
		copy(f.Row(i), p.gBias)
		copy(x.Row(i), p.bBias)
	}
	gemm.AddNT(f, v, p.g)
	gemm.AddNT(x, v, p.b)
	s.net.ForwardWith(w, f.Data, rows)
	y := s.net.Output()
	for i := range rows {
		xi := x.Row(i)
		for j, yj := range y.Row(i) {
			xi[j] += p.scale[j] * yj
		}
	}
}

// squaredError returns sum_i weight_i (x_i - target_i)^2 of one state.
func (p *affineParts[T]) squaredError(x, target []T) float64 {
	sum := 0.0
	for i, w := range p.weight {
		d := float64(x[i] - target[i])
		sum += float64(w) * d * d
	}
	return sum
}

// backward leaves the gradient of factor times the loss of the last forward in
// grad, and in mixGrad. With lambda_k the adjoint of the state after step k,
//
//	lambda_{k-1} = own error of step k-1 + [B' lambda_k + G' dnet/dn' (s lambda_k)]_x.
func (r *rollout[T]) backward(rows int, factor T) {
	clear(r.grad)
	clear(r.mixGrad)
	p := r.parts
	nx, nv := p.nx, p.nx+p.nu
	dx := r.dx[:rows*nx]
	clear(dx)
	for k := len(r.active) - 1; k >= 0; k-- {
		s := &r.active[k]
		r.addErrorGrad(dx, s.x, r.target[k], s.weight*r.scale*factor)
		dOut := r.dOut[:rows*nx]
		for i := range dOut {
			dOut[i] = p.scale[i%nx] * dx[i]
		}
		s.net.Backward(r.grad, dOut)
		if k == 0 {
			return
		}
		dv := gemm.New(rows, nv, r.dv[:rows*nv])
		clear(dv.Data)
		gemm.AddNN(dv, s.net.InputGrad(), p.g)
		gemm.AddNN(dv, gemm.New(rows, nx, dx), p.b)
		for i := range rows {
			copy(dx[i*nx:(i+1)*nx], dv.Row(i))
		}
	}
}

// addErrorGrad adds the gradient of factor times the errors of a step to dx.
func (r *rollout[T]) addErrorGrad(dx, x, target []T, factor T) {
	nx := r.parts.nx
	for i := 0; i < len(dx); i += nx {
		f := factor * r.weight[i/nx]
		dxi, xi, want := dx[i:i+nx], x[i:i+nx], target[i:i+nx]
		for j, w := range r.parts.weight {
			dxi[j] += 2 * f * w * (xi[j] - want[j])
		}
		if r.shape != nil {
			r.shape.addGrad(dxi, xi, want, f)
		}
	}
}

// finite reports whether v is a number.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
