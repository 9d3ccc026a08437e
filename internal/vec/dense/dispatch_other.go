//go:build !amd64 || purego

package dense

func available32() []Set[float32] { return []Set[float32]{portable[float32]()} }

func available64() []Set[float64] { return []Set[float64]{portable[float64]()} }
