package bench

import (
	"context"
	"time"

	"hinge/internal/cputime"
)

// The clock of [processorLimit].
const (
	limitCheck = time.Millisecond // between looks at it
	limitSlack = 10               // times the limit is what wall time may take
)

// processorLimit returns a context that is cancelled once the process has used
// that much more processor time: on a busy machine a search then gets as much as
// on an idle one. What cannot be interrupted at once ends by the wall clock.
func processorLimit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	start := cputime.Process()
	if start == 0 { // a system that does not tell
		return context.WithTimeout(ctx, limit)
	}
	ctx, cancel := context.WithTimeout(ctx, limitSlack*limit)
	go func() {
		tick := time.NewTicker(limitCheck)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if cputime.Process()-start >= limit {
					cancel()
				}
			}
		}
	}()
	return ctx, cancel
}

// limit returns the time a search may take.
func (s *session) limit(otherwise time.Duration) time.Duration {
	if s.opts.Time > 0 {
		return s.opts.Time
	}
	return otherwise
}
