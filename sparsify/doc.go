// Package sparsify reduces a trained ReLU model to a given number of ReLUs, the
// quantity that decides what exact planning costs.
//
// Every hidden unit becomes a choice among keeping its ReLU, the identity, which
// folds into its neighbours, and zero, which vanishes. The choice is relaxed and
// trained together with the weights: unit i has logits alpha_i in R^3,
// probabilities p_i = softmax(alpha_i), and in every optimiser step the gate
//
//	y_i = softmax((alpha_i + G) / tau),   G_j ~ Gumbel(0, 1),   g_i = onehot(argmax y_i)
//
// is used, the gradient with respect to g_i being passed to y_i unchanged
// (straight-through Gumbel-softmax). The loss is
//
//	L = rollout loss + sum_i (lambda_relu p_i(ReLU) + lambda_identity p_i(identity)).
//
// The budget is reached in rounds. At the end of a round the units with the
// largest p(ReLU) within the round's budget stay ReLUs, the others take the more
// probable of identity and zero, the network is folded into a smaller one with
// skip connections, and its weights are trained on. The model of a budget then
// gets a long training with its gates fixed.
//
// The method is that of Liu, Zhou, He, Marcucci, Fei-Fei, Wu and Li, Model-based
// control with sparse neural dynamics (NeurIPS 2023, arXiv 2312.12791). It is
// not magnitude pruning: a unit with large weights becomes an identity if
// its kink does not matter. Where this package departs from what is known of the
// authors' settings, its [Options] say so. What it is compared with, magnitude
// pruning among others, are further values of [Method]: they differ in how a round
// chooses and in nothing else, but for [Scratch], which has no rounds: it trains small
// networks from random weights for as many epochs.
//
// Read first: [Reduce], [Options], choice, [Method].
package sparsify
