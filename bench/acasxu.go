package bench

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hinge/milp/bnb"
	"hinge/nn/file"
	"hinge/problems"
)

// acasxuLimit is the processor time an instance may take.
const acasxuLimit = 10 * time.Second

// acasxuWorkers is the number of workers of the second pass.
const acasxuWorkers = 2

// acasxuBench decides the supplied instances of ACAS Xu: networks of 5 inputs and
// 300 ReLUs. Reading the files counts. A first pass has one worker and is measured
// in processor seconds; a second one has two and is measured by the clock.
func acasxuBench(ctx context.Context, s *session) error {
	list, err := readACASXu(s.opts.Data)
	if err != nil {
		return err
	}
	total, parts := &tally{}, map[string]*tally{}
	var order []string
	for i, instance := range list {
		s.announce(i, 2*len(list), instance.String())
		used, err := seconds(func() error {
			right, err := instance.decide(ctx, s.opts.Seed, 1)
			if right {
				total.right++
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%v: %w", instance, err)
		}
		if parts[instance.property] == nil {
			parts[instance.property] = &tally{}
			order = append(order, instance.property)
		}
		total.add(instance, used)
		parts[instance.property].add(instance, used)
	}
	start := time.Now()
	for i, instance := range list {
		s.announce(len(list)+i, 2*len(list), instance.String())
		if _, err := instance.decide(ctx, s.opts.Seed, acasxuWorkers); err != nil {
			return fmt.Errorf("%v: %w", instance, err)
		}
	}
	wall := time.Since(start).Seconds()
	s.add("right verdicts", "count", fmt.Sprintf("of %d", len(list)), float64(total.right))
	total.report(s, "all")
	s.add(fmt.Sprintf("all, %d instances, %d workers", len(list), acasxuWorkers), "wall time", "s", wall)
	for _, name := range order {
		parts[name].report(s, name)
	}
	return nil
}

// tally sums up instances.
type tally struct {
	count, right   int
	seconds, worst float64
	slowest        acasxuInstance
}

func (t *tally) add(a acasxuInstance, seconds float64) {
	t.count++
	t.seconds += seconds
	if seconds > t.worst {
		t.worst, t.slowest = seconds, a
	}
}

func (t *tally) report(s *session, name string) {
	if t.count > 1 {
		s.add(fmt.Sprintf("%s, %d instances", name, t.count), "time", "CPU s", t.seconds)
	}
	s.add(fmt.Sprintf("%s, slowest: %v", name, t.slowest), "time", "CPU s", t.worst)
}

// acasxuInstance is a line of verdicts.csv.
type acasxuInstance struct {
	folder, net, property, verdict string
}

func (a acasxuInstance) String() string { return a.net + " " + a.property }

func readACASXu(data string) ([]acasxuInstance, error) {
	path, err := outsidePath(data, "acasxu", "verdicts.csv")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = 3
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s: no instances; it must have lines net,property,verdict", path)
	}
	var list []acasxuInstance
	for _, row := range rows[1:] {
		list = append(list, acasxuInstance{filepath.Dir(path), row[0], row[1], row[2]})
	}
	return list, nil
}

// decide reads and decides the instance, and reports whether the verdict is the
// known one. A counterexample must pass a second evaluation.
func (a acasxuInstance) decide(ctx context.Context, seed uint64, workers int) (right bool, err error) {
	net, err := file.LoadONNX(filepath.Join(a.folder, "ACASXU_run2a_"+a.net+"_batch_2000.onnx"))
	if err != nil {
		return false, err
	}
	p, err := problems.ReadProperty(filepath.Join(a.folder, a.property+".vnnlib"))
	if err != nil {
		return false, err
	}
	programs, err := p.Programs(net.Net, net.Rounded)
	if err != nil {
		return false, err
	}
	limited, cancel := processorLimit(ctx, acasxuLimit)
	defer cancel()
	d, err := bnb.Decide(limited, programs, bnb.DecideOptions{Seed: seed, Workers: workers})
	if err != nil || ctx.Err() != nil {
		return false, errors.Join(err, ctx.Err())
	}
	if d.Verdict == bnb.Sat && !(p.Witness(net.Net, d.U).Margin <= 0) {
		return false, nil
	}
	return d.Verdict.String() == a.verdict, nil
}
