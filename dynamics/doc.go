// Package dynamics learns models of systems: data sets, the model form every
// planner understands, and training on multi-step prediction.
//
// A [Model] is an affine part plus a small ReLU network between normalisers:
//
//	v  = [x; u]
//	n  = (F v + f - In.Mean) / In.Scale
//	x' = B v + b + Out.Mean + Out.Scale net(n)
//
// The affine features F say what the network may see (positions relative to a
// tool, say) and the affine base B what is true without learning (the state
// stays, or moves with its velocity). Both are exact, so the whole model is one
// ReLU network, [Model.Stepping], which planners unroll and bound.
//
// [Fit] minimises the roll-out loss: from a recorded state the model predicts H
// steps on its own predictions, and step k counts with weight w_k growing
// linearly from 1 to 2,
//
//	L = sum_k w_k / (sum_j w_j) mean_i ((x_k - X_k)_i / s_i)^2
//
// with s the spread of the recorded residual motion. The gradient runs back
// through all steps. [TrainOptions] adds terms: small weights, rigid bodies
// ([TrainOptions.Shape]), units whose phase is known where it matters
// ([UnitRanges], which others may supply). A training that was killed goes on to
// the same result ([Trainer.Resume]).
//
// Data come from a simulator ([Collect], or [Record] into a [Recording] where they
// are more than fits into memory) or from the log of a robot ([ReadLog]).
//
// Read first: [Model], [Fit], [Dataset].
package dynamics
