package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"hinge/bench"
	"hinge/internal/version"
	"hinge/milp/cbc"
	"hinge/milp/highs"
	"hinge/scenario"
)

func (a *app) doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor [RUN]",
		Short: "Say what is installed here and what is missing, or why a run went wrong",
		Long: `Without an argument: what is installed, what is missing and how to get it. Only
Go is required; the rest is for comparisons.

With a run folder: what the run's own figures say about why it went wrong.`,
		Example: "  hinge doctor\n  hinge doctor runs/push-t-bnb-1",
		Args:    optionalArg("a run folder"),
	}
	return a.command(c, outForResult, func(_ context.Context, _ *cobra.Command, args []string) (result, error) {
		if len(args) == 1 {
			r, err := diagnose(args[0])
			if err != nil {
				return nil, err
			}
			return a.saved("doctor", r)
		}
		return a.saved("doctor", examine())
	})
}

// finding is one thing the doctor looked at.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

type doctorResult struct {
	Rows []finding `json:"rows"`
}

func (r doctorResult) text(w io.Writer) {
	for _, f := range r.Rows {
		mark := "ok "
		if !f.OK {
			mark = "-- "
		}
		fmt.Fprintf(w, "%s %-18s %s\n", mark, f.Name, f.Detail)
		if f.Remedy != "" {
			fmt.Fprintf(w, "    %-18s -> %s\n", "", f.Remedy)
		}
	}
}

// examine looks at this machine.
func examine() doctorResult {
	return doctorResult{Rows: append([]finding{
		{Name: "hinge", OK: true, Detail: strings.TrimSpace(version.Number + " " + version.Revision())},
		{Name: "go", OK: true, Detail: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH},
		{Name: "cpu", OK: true, Detail: fmt.Sprintf("%s, %d CPUs, %s", bench.CPUName(), runtime.NumCPU(), cpuFeatures())},
		examineHiGHS(),
		examineCBC(),
		examineData(),
	}, examineModels()...)}
}

func examineHiGHS() finding {
	v, path, err := highs.Version()
	if err != nil {
		return finding{
			Name: "highs", Detail: err.Error(),
			Remedy: "make native fetches it; or set HINGE_HIGHS to the path of libhighs.so. Only the planner highs needs it",
		}
	}
	return finding{Name: "highs", OK: true, Detail: v + " at " + path}
}

func examineCBC() finding {
	s, err := cbc.Open()
	if err != nil {
		return finding{Name: "cbc", Detail: err.Error(), Remedy: "install CBC of COIN-OR (package coinor-cbc). Only the planner cbc needs it"}
	}
	return finding{Name: "cbc", OK: true, Detail: s.Path()}
}

// examineData looks for the folder of outside problems.
func examineData() finding {
	dir := dataFolder()
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return finding{
			Name: "data", Detail: "no folder " + dir,
			Remedy: "set HINGE_DATA to the folder of outside problems. Only tests and hinge bench read it: hinge plan takes paths",
		}
	}
	return finding{Name: "data", OK: true, Detail: dir}
}

// dataFolder returns HINGE_DATA, by default ../shared/data as seen from the root
// of the module.
func dataFolder() string {
	if dir := os.Getenv("HINGE_DATA"); dir != "" {
		return dir
	}
	root, ok := bench.ModuleRoot()
	if !ok {
		root = "."
	}
	return filepath.Join(root, "..", "shared", "data")
}

func examineModels() []finding {
	var rows []finding
	for _, m := range scenario.ReferenceModels() {
		f := finding{Name: "reference model", OK: m.Err == nil, Detail: m.Name}
		if m.Err != nil {
			f.Detail = m.Err.Error()
			f.Remedy = "hinge collect, train and sparsify make one; see their --help"
		} else {
			f.Detail += ", " + m.Summary
		}
		rows = append(rows, f)
	}
	return rows
}

// cpuFeatures lists the vector instructions that matter to the speed of network
// evaluation.
func cpuFeatures() string {
	var list []string
	for _, f := range []struct {
		has  bool
		name string
	}{
		{cpu.X86.HasAVX2, "avx2"}, {cpu.X86.HasFMA, "fma"}, {cpu.X86.HasAVX512F, "avx512"}, {cpu.ARM64.HasASIMD, "asimd"},
	} {
		if f.has {
			list = append(list, f.name)
		}
	}
	if list == nil {
		return "no vector instructions known"
	}
	return strings.Join(list, " ")
}
