package nn

import (
	"os"
	"os/exec"
	"testing"

	"hinge/internal/vec/dense"
)

// TestOtherKernels runs the tests of this package with every set of kernels that
// this processor has beside the best, which the other tests use.
func TestOtherKernels(t *testing.T) {
	const running = "HINGE_TEST_KERNELS"
	if want := os.Getenv(running); want != "" {
		if got := dense.Best[float32]().Name; got != want {
			t.Fatalf("kernels are %s, want %s", got, want)
		}
		return
	}
	hide := map[string]string{"avx2": "cpu.avx512f=off", "portable": "cpu.avx2=off"}
	for _, set := range dense.Sets[float32]()[1:] {
		cmd := exec.Command(os.Args[0], "-test.run=Test")
		cmd.Env = append(os.Environ(), running+"="+set.Name, "GODEBUG="+hide[set.Name])
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", set.Name, err, out)
		}
	}
}
