//go:build amd64 && !purego

package vec

import "golang.org/x/sys/cpu"

// available returns the sets this processor can run, best first.
func available() []kernelSet {
	sets := []kernelSet{portable}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append([]kernelSet{{
			"avx2", relaxAVX2, concretiseAVX2, relaxEachAVX2, gatherAVX2, activateAVX2, adamAVX2, axpyAVX2, dotAVX2, dotPairsAVX2, dotsAVX2, addRowsAVX2,
			4, releaseAVX2, activateUnitsAVX2, releasePanelAVX2, addPanelsAVX2}}, sets...)
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append([]kernelSet{{
			"avx512", relaxAVX512, concretiseAVX512, relaxEachAVX512, gatherAVX512, activateAVX512, adamAVX512, axpyAVX512, dotAVX512, dotPairsAVX512, dotsAVX512, addRowsAVX512,
			4, releaseAVX2, activateUnitsAVX2, releasePanelAVX2, addPanelsAVX2}}, sets...)
	}
	return sets
}
