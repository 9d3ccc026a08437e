package problems

import (
	"fmt"
	"math"
	"path/filepath"

	"hinge/control"
)

// maxHorizon bounds the horizon of an instance.
const maxHorizon = 10_000

// openPushTGrid opens the instance FILE; its network stands at a path relative
// to it.
func openPushTGrid(path string) (*Problem, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	p, network, err := parsePushTGrid(path, data)
	if err != nil {
		return nil, err
	}
	p.Name = "push-t-grid:" + path
	if err := p.readDynamics(filepath.Join(filepath.Dir(path), network)); err != nil {
		return nil, fmt.Errorf("network of %s: %w", path, err)
	}
	return p, nil
}

// parsePushTGrid reads an instance, all but its dynamics, and the path of those.
func parsePushTGrid(path string, data []byte) (p *Problem, network string, err error) {
	o, err := parseObject(path, data)
	if err != nil {
		return nil, "", err
	}
	if network, err = o.string("network"); err != nil {
		return nil, "", err
	}
	if network == "" || filepath.IsAbs(network) {
		return nil, "", o.errorf("network", "%q; it must be a path relative to the instance", network)
	}
	p = &Problem{}
	target, err := p.readStart(o)
	if err != nil {
		return nil, "", err
	}
	if p.Action, err = readActionBox(o); err != nil {
		return nil, "", err
	}
	if p.Cost, err = readGridCost(o, target); err != nil {
		return nil, "", err
	}
	p.Reference, err = readReference(o, p.Horizon())
	return p, network, err
}

// readActionBox reads [lower, upper] of every coordinate.
func readActionBox(o object) (control.Box, error) {
	limits, err := o.vector("action_box", 2)
	if err != nil {
		return control.Box{}, err
	}
	if limits[0] > limits[1] {
		return control.Box{}, o.errorf("action_box", "[%g, %g]; it must be [lower, upper]", limits[0], limits[1])
	}
	return control.NewBox(actionDim, limits[0], limits[1]), nil
}

// readGridCost reads the cost: the distance at the end, or the sum over t of
// t/H times the distance at t.
func readGridCost(o object, target []float64) (*control.Cost, error) {
	horizon, err := o.integer("H", 1, maxHorizon)
	if err != nil {
		return nil, err
	}
	kind, err := o.string("cost")
	if err != nil {
		return nil, err
	}
	term := distanceTerm(target)
	switch kind {
	case "final":
		term.Terminal = true
	case "sum":
		for t := 1; t <= horizon; t++ {
			term.TimeWeight = append(term.TimeWeight, float64(t)/float64(horizon))
		}
	default:
		return nil, o.errorf("cost", "%q; it must be \"final\" or \"sum\"", kind)
	}
	return &control.Cost{Nx: stateDim, Nu: actionDim, Horizon: horizon, Terms: []control.Term{term}}, nil
}

// readReference reads what is known; optimum is there only where it is proven.
func readReference(o object, horizon int) (r Reference, err error) {
	r.Optimum = math.NaN()
	if o.has("optimum") && !o.null("optimum") {
		if r.Optimum, err = o.number("optimum"); err != nil {
			return r, err
		}
	}
	if r.BestKnown, err = o.number("best_known"); err != nil {
		return r, err
	}
	if r.BestBound, err = o.number("best_bound"); err != nil {
		return r, err
	}
	r.Actions, err = o.matrix("best_actions", horizon, actionDim)
	return r, err
}
