// Package report keeps what a closed-loop run leaves behind: the run folder with
// its tables, movie and plots, read back for inspection, and the statistics and
// text tables in which results are told.
//
// A run folder holds
//
//	scenario.yaml   what was run, every default written out
//	steps.csv       a row per step: state, action, cost, plan
//	summary.json    one [RunSummary]
//	movie.gif       what happened, see [Movie]
//	plan.png        costs, bounds and gaps, see [PlanPlot]
//
// Every file is written whole or not at all. summary.json is written last: where
// it is missing, the run was interrupted.
//
// Read first: [Run], [Movie], [PlanPlot].
package report
