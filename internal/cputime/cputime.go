// Package cputime measures processor time, which unlike wall time does not
// depend on what else the machine is doing.
//
// Read first: [Process].
package cputime

import "time"

// Process returns the processor time this process has used on all cores; 0 on
// systems that do not tell.
func Process() time.Duration { return processTime() }
