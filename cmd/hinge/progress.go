package main

import (
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"hinge/planner"
)

// pace is when progress is shown.
type pace struct {
	quiet time.Duration // what takes less shows none
	tick  time.Duration // between looks at a search
	line  time.Duration // between lines where there is no terminal
}

// defaultPace is that of every command.
var defaultPace = pace{quiet: 2 * time.Second, tick: time.Second, line: 10 * time.Second}

// progress tells someone who waits how far a command is: a bar on a terminal,
// now and then a line elsewhere, nothing with --json. Its methods accept nil and
// may be called by several goroutines.
type progress struct {
	app   *app
	what  string // "collect"
	unit  string // "episodes"
	total int    // 0 where nobody knows; then there is no bar, but what would stand beside it

	mu       sync.Mutex
	start    time.Time
	last     time.Time
	bar      *progressbar.ProgressBar
	drawn    bool // the line of the terminal that stands for a bar
	terminal bool
}

func (a *app) progress(what, unit string, total int) *progress {
	if a.json {
		return nil
	}
	file, ok := a.stderr.(*os.File)
	now := time.Now()
	return &progress{
		app: a, what: what, unit: unit, total: total, start: now, last: now,
		terminal: ok && term.IsTerminal(int(file.Fd())),
	}
}

// set says that n of the total are done; note adds how it is going.
func (p *progress) set(n int, note string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.start) < p.app.pace.quiet {
		return
	}
	switch {
	case p.terminal && p.total > 0:
		p.draw(n, note)
	case p.terminal:
		p.drawn = true
		fmt.Fprint(p.app.stderr, clearLine, p.line(n, note))
	case time.Since(p.last) >= p.app.pace.line:
		p.last = time.Now()
		fmt.Fprintln(p.app.stderr, p.line(n, note))
	}
}

// clearLine goes to the start of a terminal's line and empties it.
const clearLine = "\r\x1b[K"

// line says in words what a bar shows.
func (p *progress) line(n int, note string) string {
	of := ""
	if p.total > 0 {
		of = fmt.Sprintf("%d of %d %s ", min(n, p.total), p.total, p.unit)
	}
	return fmt.Sprintf("%s: %safter %.0f s%s", p.what, of, time.Since(p.start).Seconds(), spaced(note))
}

func (p *progress) draw(n int, note string) {
	if p.bar == nil {
		p.bar = progressbar.NewOptions(p.total,
			progressbar.OptionSetWriter(p.app.stderr), progressbar.OptionSetWidth(24),
			progressbar.OptionShowCount(), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	left := ""
	if n > 0 {
		elapsed := time.Since(p.start)
		left = (elapsed * time.Duration(max(0, p.total-n)) / time.Duration(n)).Round(time.Second).String() + " left"
	}
	p.bar.Describe(p.what + spaced(note) + spaced(left))
	_ = p.bar.Set(min(n, p.total)) // an unwritable terminal is no reason to stop
}

// finish removes the bar.
func (p *progress) finish() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
	if p.drawn {
		fmt.Fprint(p.app.stderr, clearLine)
		p.drawn = false
	}
}

func spaced(note string) string {
	if note == "" {
		return ""
	}
	return ", " + note
}

// waiting shows how much of a time limit (seconds) has passed, or without one how much
// time, until the returned function is called.
func (a *app) waiting(what string, limit float64) (stop func()) {
	return a.watching(what, limit, func() string { return "" })
}

// watching is waiting for something that can say how it is going.
func (a *app) watching(what string, limit float64, note func() string) (stop func()) {
	p := a.progress(what, "seconds", int(limit))
	if p == nil || limit > 0 && limit < a.pace.quiet.Seconds() {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(a.pace.tick)
		defer tick.Stop()
		for {
			select {
			case <-done:
				p.finish()
				return
			case <-tick.C:
				p.set(int(time.Since(p.start).Seconds()), note())
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// searchNote says how far a search is, of which nothing is known before its first round.
func searchNote(p *planner.Progress) string {
	if p == nil {
		return ""
	}
	lower, upper := "(-inf", "inf)"
	if !math.IsInf(p.DualBound, 0) {
		lower = fmt.Sprintf("[%.5g", p.DualBound)
	}
	if !math.IsInf(p.PrimalBound, 0) {
		upper = fmt.Sprintf("%.5g]", p.PrimalBound)
	}
	return fmt.Sprintf("optimum in %s, %s, %d nodes", lower, upper, p.NodeCount)
}
