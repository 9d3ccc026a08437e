package cputime

import (
	"testing"
	"time"
)

func TestProcessCountsWorkNotSleep(t *testing.T) {
	start := Process()
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
	}
	worked := Process() - start
	if worked == 0 {
		t.Skip("no processor time on this system")
	}
	start = Process()
	time.Sleep(50 * time.Millisecond)
	if slept := Process() - start; slept >= 50*time.Millisecond {
		t.Errorf("sleeping cost %v of processor time", slept)
	}
}
