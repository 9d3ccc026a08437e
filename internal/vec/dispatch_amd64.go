//go:build amd64 && !purego

package vec

import "golang.org/x/sys/cpu"

// available returns the sets this processor can run, best first.
func available() []kernelSet {
	sets := []kernelSet{portable}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append([]kernelSet{{
			name:          "avx2",
			relax:         relaxAVX2,
			concretise:    concretiseAVX2,
			relaxEach:     relaxEachAVX2,
			gather:        gatherAVX2,
			activate:      activateAVX2,
			adam:          adamAVX2,
			axpy:          axpyAVX2,
			dot:           dotAVX2,
			dotPairs:      dotPairsAVX2,
			dots:          dotsAVX2,
			addRows:       addRowsAVX2,
			units:         4,
			release:       releaseAVX2,
			activateUnits: activateUnitsAVX2,
			releasePanel:  releasePanelAVX2,
			addPanels:     addPanelsAVX2,
		}}, sets...)
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append([]kernelSet{{
			name:          "avx512",
			relax:         relaxAVX512,
			concretise:    concretiseAVX512,
			relaxEach:     relaxEachAVX512,
			gather:        gatherAVX512,
			activate:      activateAVX512,
			adam:          adamAVX512,
			axpy:          axpyAVX512,
			dot:           dotAVX512,
			dotPairs:      dotPairsAVX512,
			dots:          dotsAVX512,
			addRows:       addRowsAVX512,
			units:         4,
			release:       releaseAVX2,
			activateUnits: activateUnitsAVX2,
			releasePanel:  releasePanelAVX2,
			addPanels:     addPanelsAVX2,
		}}, sets...)
	}
	return sets
}
