package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const (
	quietTime    = 2 * time.Second  // what takes less shows no progress
	lineInterval = 10 * time.Second // between lines where there is no terminal
)

// progress tells someone who waits how far a command is: a bar on a terminal,
// now and then a line elsewhere, nothing with --json. Its methods accept nil and
// may be called by several goroutines.
type progress struct {
	app   *app
	what  string // "collect"
	unit  string // "episodes"
	total int

	mu       sync.Mutex
	start    time.Time
	last     time.Time
	bar      *progressbar.ProgressBar
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
	if time.Since(p.start) < quietTime {
		return
	}
	if p.terminal {
		p.draw(n, note)
	} else if time.Since(p.last) >= lineInterval {
		p.last = time.Now()
		fmt.Fprintf(p.app.stderr, "%s: %d of %d %s after %.0f s%s\n", p.what, n, p.total, p.unit, time.Since(p.start).Seconds(), spaced(note))
	}
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
}

func spaced(note string) string {
	if note == "" {
		return ""
	}
	return ", " + note
}

// waiting shows how much of a time limit (seconds) has passed, until the returned
// function is called. Without a limit there is nothing to show.
func (a *app) waiting(what string, limit float64) (stop func()) {
	p := a.progress(what, "seconds", int(limit))
	if p == nil || limit < quietTime.Seconds() {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				p.finish()
				return
			case <-tick.C:
				p.set(int(time.Since(p.start).Seconds()), "")
			}
		}
	})
	return func() { close(done); wg.Wait() }
}
