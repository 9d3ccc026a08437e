// Package nn is the perceptron core shared by learned dynamics, implicit
// representations and every other network of Hinge: gated layers, exact
// float64 inference with Jacobian and vector-Jacobian product to the inputs,
// batched float32 training, Adam.
//
// One form serves them all. The activations of a sample lie in one buffer
//
//	[ x | a_1 | a_2 | ... | a_L ]
//
// and layer l reads a contiguous window [From, To) of it:
//
//	z_l = W_l v[From:To) + b_l        // Out
//	a_l = gate(z_l)                   // ReLU, identity or zero, unit by unit
//
// A window that is the previous layer alone makes a plain perceptron; one that
// starts at 0 makes dense skips, where a layer reads the input and all layers
// before it. [Fold] turns a perceptron whose units are partly identity or zero
// into the second form with ReLU units only, so a sparsified network is smaller;
// [Net.Wrap] makes normalisers and residual connections a part of the network.
//
// Inference and certificates use [Net] in float64. Training uses [Batch], which
// evaluates the same layers on many samples at once and has the gradient with
// respect to parameters, inputs and, where the choice of gates is trained too,
// gate coefficients ([GateMix]). [Evaluator] is the forward pass alone, for
// parameters that stay. Both lean on the kernels of [hinge/internal/vec/dense].
//
// Read first: [Net], [NewMLP], [Fold], [Batch].
package nn
