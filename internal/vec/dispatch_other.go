//go:build !amd64 || purego

package vec

func available() []kernelSet { return []kernelSet{portable} }
