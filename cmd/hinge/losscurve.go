package main

import (
	"fmt"
	"io"
	"math"

	"hinge/dynamics"
	"hinge/internal/atomicfile"
	"hinge/report"
)

// lossNote is a line about a training under way: the best loss, and how the loss
// has fallen.
func lossNote(p dynamics.Progress) string {
	return fmt.Sprintf("loss %.4g %s", p.Best, sparkline(p.History))
}

// bars draw a value in one letter, from the least to the largest.
var bars = []rune("▁▂▃▄▅▆▇█")

// sparkWidth is the number of letters of a loss curve.
const sparkWidth = 16

// sparkline draws the validation losses of all epochs so far on a logarithmic
// scale, several epochs in a letter where there are many.
func sparkline(history []dynamics.Loss) string {
	width := min(sparkWidth, len(history))
	logs := make([]float64, width)
	low, high := math.Inf(1), math.Inf(-1)
	for i := range logs {
		from, to := i*len(history)/width, (i+1)*len(history)/width
		sum := 0.0
		for _, l := range history[from:to] {
			sum += math.Log(max(l.Val, math.SmallestNonzeroFloat64))
		}
		logs[i] = sum / float64(to-from)
		low, high = min(low, logs[i]), max(high, logs[i])
	}
	line := make([]rune, width)
	for i, v := range logs {
		at := 0
		if high > low {
			at = int((v - low) / (high - low) * float64(len(bars)-1))
		}
		line[i] = bars[at]
	}
	return string(line)
}

// saveLossPlot draws the losses of a training, whose first oneStep epochs learned from
// first steps alone, as PNG.
func saveLossPlot(path string, p dynamics.Progress, model string, oneStep int) error {
	x, val := make([]float64, len(p.History)), make([]float64, len(p.History))
	for i, l := range p.History {
		x[i], val[i] = float64(i+1), l.Val
	}
	curves := append([]report.Curve{{Name: "validation, whole roll-out", Y: val}}, trainingCurves(p.History, oneStep)...)
	plot := report.CurvesPlot{
		Title: "Training of " + model, YLabel: "loss",
		Subtitle: fmt.Sprintf("least validation loss %.4g, after epoch %d", p.Best, p.BestEpoch),
		Panels:   []report.CurvesPanel{{XLabel: "epoch", X: x, Curves: curves}},
	}
	return atomicfile.Write(path, func(w io.Writer) error { return plot.Encode(w) })
}

// oneStepEpochs is how many epochs learn from the first step of every window alone; the
// last of them may do so in part. See [dynamics.TrainOptions].
func oneStepEpochs(o dynamics.TrainOptions) int {
	if o.Horizon == 1 {
		return 0 // one step is the whole roll-out
	}
	return int(math.Ceil(max(0, o.OneStep) * float64(o.Epochs)))
}

// trainingCurves returns the losses that were trained on: of the first step alone in the
// first epochs, of whole roll-outs later. These are two curves, as they do not compare.
func trainingCurves(history []dynamics.Loss, oneStep int) []report.Curve {
	oneStep = min(oneStep, len(history))
	first, whole := report.Curve{Name: "training, first step alone"}, report.Curve{Name: "training, whole roll-out"}
	for i, l := range history {
		if i < oneStep {
			first.Add(l.Train, false)
			whole.Add(math.NaN(), false)
		} else {
			first.Add(math.NaN(), false)
			whole.Add(l.Train, false)
		}
	}
	switch oneStep {
	case 0:
		return []report.Curve{whole}
	case len(history):
		return []report.Curve{first}
	}
	return []report.Curve{first, whole}
}
