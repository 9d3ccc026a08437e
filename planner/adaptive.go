package planner

import (
	"math"
	"math/rand/v2"
)

// adaptive is the normal distribution of [CMA], N(mean, sigma^2 C), and what it
// remembers of its way. Names and constants are those of the tutorial.
type adaptive struct {
	n, lambda int
	weights   []float64 // of the mu best samples, falling, sum 1
	muEff     float64   // 1 / sum of squared weights

	cSigma, dSigma float64 // step size: memory, damping
	cc, c1, cMu    float64 // covariance: memory of the path, rates
	chi            float64 // expected length of a standard normal vector

	mean   []float64 // n
	sigma  float64
	most   float64   // of sigma
	c, a   []float64 // n x n, row-major: the covariance and its Cholesky factor
	pc, ps []float64 // evolution paths
	y      []float64 // lambda x n: (sample - mean) / sigma
	x      []float64 // lambda x n: samples
	z      []float64 // lambda x n: scratch of the draws
	yw, zw []float64 // scratch: weighted mean of y, and A^-1 of it

	updates int // since reset
}

func newAdaptive(n, lambda int) *adaptive {
	d := &adaptive{n: n, lambda: lambda, mean: make([]float64, n), c: make([]float64, n*n), a: make([]float64, n*n),
		pc: make([]float64, n), ps: make([]float64, n), yw: make([]float64, n), zw: make([]float64, n),
		x: make([]float64, lambda*n), y: make([]float64, lambda*n), z: make([]float64, lambda*n)}
	d.setWeights(lambda / 2)
	dim, mu := float64(n), d.muEff
	d.cSigma = (mu + 2) / (dim + mu + 5)
	d.dSigma = 1 + 2*max(0, math.Sqrt((mu-1)/(dim+1))-1) + d.cSigma
	d.cc = (4 + mu/dim) / (dim + 4 + 2*mu/dim)
	d.c1 = 2 / ((dim+1.3)*(dim+1.3) + mu)
	d.cMu = min(1-d.c1, 2*(mu-2+1/mu)/((dim+2)*(dim+2)+mu))
	d.chi = math.Sqrt(dim) * (1 - 1/(4*dim) + 1/(21*dim*dim))
	return d
}

// setWeights sets w_i proportional to log(mu + 1/2) - log(i).
func (d *adaptive) setWeights(mu int) {
	sum, squares := 0.0, 0.0
	for i := range mu {
		w := math.Log(float64(mu)+0.5) - math.Log(float64(i+1))
		d.weights = append(d.weights, w)
		sum += w
	}
	for i := range d.weights {
		d.weights[i] /= sum
		squares += d.weights[i] * d.weights[i]
	}
	d.muEff = 1 / squares
}

// parents returns mu, the number of samples an update reads.
func (d *adaptive) parents() int { return len(d.weights) }

// row returns sample i, sharing memory.
func (d *adaptive) row(i int) []float64 { return d.x[i*d.n : (i+1)*d.n] }

// reset forgets everything and sets sigma and the covariance of a sequence of
// vectors of nu entries, rho^|s-t| between steps s and t of the same entry.
func (d *adaptive) reset(sigma, rho float64, nu int) {
	d.sigma, d.most, d.updates = sigma, math.Inf(1), 0
	clear(d.pc)
	clear(d.ps)
	clear(d.c)
	for i := range d.n {
		for j := i % nu; j < d.n; j += nu {
			d.c[i*d.n+j] = math.Pow(rho, math.Abs(float64(i-j))/float64(nu))
		}
	}
	d.factor()
}

// sample draws sample i, clamped to [-1, 1].
func (d *adaptive) sample(i int, rng *rand.Rand) {
	z, y, x := d.z[i*d.n:(i+1)*d.n], d.y[i*d.n:(i+1)*d.n], d.row(i)
	for k := range z {
		z[k] = rng.NormFloat64()
	}
	for k := range x {
		step := 0.0
		for j, ak := range d.a[k*d.n : k*d.n+k+1] {
			step += ak * z[j]
		}
		x[k] = min(max(d.mean[k]+d.sigma*step, -1), 1)
		y[k] = (x[k] - d.mean[k]) / d.sigma
	}
}

// update moves the distribution, given the samples from best to worst. It
// reports false if the distribution has shrunk to a point or lost its shape.
func (d *adaptive) update(order []int) bool {
	d.updates++
	d.average(order)
	for k := range d.mean {
		d.mean[k] += d.sigma * d.yw[k]
	}
	d.solve()
	norm := 0.0
	decay, gain := 1-d.cSigma, math.Sqrt(d.cSigma*(2-d.cSigma)*d.muEff)
	for k, z := range d.zw {
		d.ps[k] = decay*d.ps[k] + gain*z
		norm += d.ps[k] * d.ps[k]
	}
	norm = math.Sqrt(norm)
	d.path(norm)
	d.learn(order)
	d.sigma = min(d.most, d.sigma*math.Exp(min(1, d.cSigma/d.dSigma*(norm/d.chi-1))))
	if d.updates%d.period() == 0 && !d.factor() {
		return false
	}
	return d.sigma*d.widest() > 1e-9
}

// average sets yw to the weighted mean of the best steps.
func (d *adaptive) average(order []int) {
	clear(d.yw)
	for i, w := range d.weights {
		for k, y := range d.y[order[i]*d.n : (order[i]+1)*d.n] {
			d.yw[k] += w * y
		}
	}
}

// solve sets zw to A^-1 yw. The tutorial has C^(-1/2) here, which differs by a
// rotation: as good for the length of the path, and without eigenvectors.
func (d *adaptive) solve() {
	for k := range d.zw {
		s := d.yw[k]
		row := d.a[k*d.n : k*d.n+k+1]
		for j := range k {
			s -= row[j] * d.zw[j]
		}
		d.zw[k] = s / row[k]
	}
}

// path updates the evolution path of the covariance, which stands still while
// the step size grows fast (norm of ps is large).
func (d *adaptive) path(norm float64) {
	settled := math.Sqrt(1 - math.Pow(1-d.cSigma, 2*float64(d.updates)))
	moving := norm/settled < (1.4+2/(float64(d.n)+1))*d.chi
	gain := math.Sqrt(d.cc * (2 - d.cc) * d.muEff)
	for k, y := range d.yw {
		d.pc[k] *= 1 - d.cc
		if moving {
			d.pc[k] += gain * y
		}
	}
}

// learn updates the lower triangle of the covariance:
//
//	C <- (1 - c1 - cMu) C + c1 pc pc' + cMu sum w_i y_i y_i'
//
// What the tutorial adds to C while the path stands still is left out.
func (d *adaptive) learn(order []int) {
	for i := range d.n {
		row := d.c[i*d.n : i*d.n+i+1]
		for j := range row {
			row[j] = (1-d.c1-d.cMu)*row[j] + d.c1*d.pc[i]*d.pc[j]
		}
	}
	for s, w := range d.weights {
		y := d.y[order[s]*d.n : (order[s]+1)*d.n]
		for i, yi := range y {
			f := d.cMu * w * yi
			row := d.c[i*d.n : i*d.n+i+1]
			for j := range row {
				row[j] += f * y[j]
			}
		}
	}
}

// period is the number of updates between two factorisations.
func (d *adaptive) period() int {
	return max(1, int(1/((d.c1+d.cMu)*float64(d.n)*10)))
}

// factor sets A to the Cholesky factor of C. It reports false if C is not
// positive definite.
func (d *adaptive) factor() bool { return cholesky(d.a, d.c, d.n) }

// cholesky sets the lower triangle of a to the factor of that of c, both n x n. It
// reports false if c is not positive definite. The two may be one.
func cholesky(a, c []float64, n int) bool {
	for i := range n {
		ri := a[i*n : i*n+i+1]
		for j := range i + 1 {
			rj := a[j*n : j*n+j+1]
			s := c[i*n+j]
			for k := range j {
				s -= ri[k] * rj[k]
			}
			switch {
			case j < i:
				ri[j] = s / rj[j]
			case !(s > 1e-20):
				return false
			default:
				ri[j] = math.Sqrt(s)
			}
		}
	}
	return true
}

// widest returns the largest standard deviation of a coordinate over sigma.
func (d *adaptive) widest() float64 {
	var v float64
	for i := range d.n {
		v = max(v, d.c[i*d.n+i])
	}
	return math.Sqrt(v)
}
