package problems

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hinge/control"
)

// pushTHorizon is the horizon of the published instances, which do not store it.
const pushTHorizon = 20

// pushTNetwork is the network's file, in the folder of the instances.
const pushTNetwork = "dynamics.json"

// pushTActionLimit bounds every coordinate of an action, unit 100 px.
const pushTActionLimit = 0.25

// openPushT opens FILE#K: the instance with id K of the list in FILE, or the
// one at position K (from 0) where no instance has that id.
func openPushT(rest string) (*Problem, error) {
	hash := strings.LastIndexByte(rest, '#')
	if hash < 1 {
		return nil, fmt.Errorf("push-t:%s: no instance chosen; the form is push-t:FILE#K, such as push-t:instances.json#0", rest)
	}
	path, number := rest[:hash], rest[hash+1:]
	k, err := strconv.Atoi(number)
	if err != nil || k < 0 {
		return nil, fmt.Errorf("push-t:%s: instance %q; K must be a whole number, 0 or more", rest, number)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	p, err := parsePushT(path, data, k)
	if err != nil {
		return nil, err
	}
	p.Name = "push-t:" + rest
	if err := p.readDynamics(filepath.Join(filepath.Dir(path), pushTNetwork)); err != nil {
		return nil, err
	}
	return p, nil
}

// parsePushT reads instance k, all but its dynamics.
func parsePushT(path string, data []byte, k int) (*Problem, error) {
	list, err := parseList(path, data)
	if err != nil {
		return nil, err
	}
	o, err := chooseInstance(path, list, k)
	if err != nil {
		return nil, err
	}
	p := &Problem{Action: control.NewBox(actionDim, -pushTActionLimit, pushTActionLimit), Reference: unknown()}
	target, err := p.readStart(o)
	if err != nil {
		return nil, err
	}
	if p.Obstacles, err = readObstacles(o); err != nil {
		return nil, err
	}
	distance := distanceTerm(target)
	distance.Terminal = true
	p.Cost = &control.Cost{Nx: stateDim, Nu: actionDim, Horizon: pushTHorizon,
		Terms: append([]control.Term{distance}, obstacleTerms(p.Obstacles)...)}
	if p.Published, err = readPublished(o); err != nil {
		return nil, err
	}
	for _, plan := range p.Published {
		if plan.Penalty == 0 && !(plan.Cost >= p.Reference.BestKnown) {
			p.Reference.BestKnown = plan.Cost
		}
	}
	return p, nil
}

func chooseInstance(path string, list []object, k int) (object, error) {
	var ids []string
	for i, o := range list {
		if !o.has("id") {
			continue
		}
		id, err := o.integer("id", 0, math.MaxInt32)
		if err != nil {
			return o, err
		}
		if id == k {
			return list[i], nil
		}
		ids = append(ids, strconv.Itoa(id))
	}
	if k < len(list) {
		return list[k], nil
	}
	return object{}, fmt.Errorf("%s: instance %d: there are %d, at positions 0..%d, ids %v", path, k, len(list), len(list)-1, ids)
}

func unknown() Reference {
	return Reference{Optimum: math.NaN(), BestKnown: math.NaN(), BestBound: math.NaN()}
}

// readStart sets the start state of [s0, p0] and returns the target.
func (p *Problem) readStart(o object) (target []float64, err error) {
	k, err := o.vector("s0", keypoint2)
	if err != nil {
		return nil, err
	}
	pusher, err := o.vector("p0", 2)
	if err != nil {
		return nil, err
	}
	p.X0 = append(k, pusher...)
	return o.vector("target", keypoint2)
}

func (o object) positive(key string) (float64, error) {
	v, err := o.number(key)
	if err == nil && !(v > 0) {
		err = o.errorf(key, "%g; it must be positive", v)
	}
	return v, err
}

// readPublished reads the plans stored with an instance, sorted by method; an
// instance without any is fine.
func readPublished(o object) ([]Published, error) {
	if !o.has("methods") {
		return nil, nil
	}
	methods, err := o.object("methods")
	if err != nil {
		return nil, err
	}
	var plans []Published
	for _, name := range slices.Sorted(maps.Keys(methods.fields)) {
		m, err := methods.object(name)
		if err != nil {
			return nil, err
		}
		plan := Published{Method: name}
		if plan.Actions, err = m.matrix("acts", pushTHorizon, actionDim); err != nil {
			return nil, err
		}
		if plan.Cost, err = m.number("recomputed_cost"); err != nil {
			return nil, err
		}
		if plan.Penalty, err = m.number("recomputed_raw_penalty"); err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}
