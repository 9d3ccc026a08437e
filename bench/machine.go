package bench

import (
	"os"
	"runtime"
	"strings"

	"hinge/internal/version"
)

// Machine is where a benchmark ran.
type Machine struct {
	CPU  string `json:"cpu"`
	CPUs int    `json:"cpus"`
	OS   string `json:"os"`
}

func thisMachine() Machine {
	return Machine{CPU: CPUName(), CPUs: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH}
}

func ourVersions() map[string]string {
	return map[string]string{"hinge": strings.TrimSpace(version.Number + " " + version.Revision()), "go": runtime.Version()}
}

// CPUName returns the processor's name, as far as the system tells.
func CPUName() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
