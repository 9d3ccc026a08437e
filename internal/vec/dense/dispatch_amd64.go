//go:build amd64 && !purego

package dense

import "golang.org/x/sys/cpu"

var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasBMI2
)

func available32() []Set[float32] {
	sets := []Set[float32]{portable[float32]()}
	if hasAVX2 {
		sets = append([]Set[float32]{{
			"avx2", 16, 8, product32AVX2, productPart32AVX2, productHalf32AVX2, 8, transpose32AVX2, add32AVX2, adam32AVX2,
			sumSquares32AVX2, closeGates32AVX2, mixForward32AVX2, mixBackward32AVX2, peak32AVX2}}, sets...)
	}
	if hasAVX512 {
		sets = append([]Set[float32]{{
			"avx512", 32, 16, product32AVX512, product32AVX512, productHalf32AVX512, 8, transpose32AVX2, add32AVX512, adam32AVX512,
			sumSquares32AVX512, closeGates32AVX512, mixForward32AVX512, mixBackward32AVX512, peak32AVX512}}, sets...)
	}
	return sets
}

func available64() []Set[float64] {
	sets := []Set[float64]{portable[float64]()}
	if hasAVX2 {
		sets = append([]Set[float64]{{
			"avx2", 8, 4, product64AVX2, productPart64AVX2, productHalf64AVX2, 4, transpose64AVX2, add64AVX2, adam64AVX2,
			sumSquares64AVX2, closeGates64AVX2, mixForward64AVX2, mixBackward64AVX2, peak64AVX2}}, sets...)
	}
	if hasAVX512 {
		sets = append([]Set[float64]{{
			"avx512", 16, 8, product64AVX512, product64AVX512, productHalf64AVX512, 4, transpose64AVX2, add64AVX512, adam64AVX512,
			sumSquares64AVX512, closeGates64AVX512, mixForward64AVX512, mixBackward64AVX512, peak64AVX512}}, sets...)
	}
	return sets
}
