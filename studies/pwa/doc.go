// Package pwa shows what choosing ReLUs end to end can find: two functions of the
// plane with four affine pieces each,
//
//	f1(x) = |x_1| + |x_2|
//	f2(x) = relu(x_1 + 0.5 x_2 - 0.2) - 1.5 relu(-0.3 x_1 + x_2 + 0.1) + 0.2 x_1
//
// on [-1, 1]^2 are learned from samples by a perceptron of 576 ReLUs (96-192-192-96)
// and reduced to the 2 ReLUs that suffice, |x| being 2 relu(x) - x. The learned
// network is then taken apart: [Regions] lists the polygons on which a small
// network is affine, exactly, and [Match] compares them with those of the truth.
//
// The experiment is that of Liu, Zhou, He, Marcucci, Fei-Fei, Wu and Li,
// Model-based control with sparse neural dynamics (NeurIPS 2023, arXiv 2312.12791),
// which shows it in pictures; the functions are our own. A function is learned as
// dynamics with the state f and the action x, so that the study uses the training
// and the reduction that models of robots get.
//
// Read first: [Run], [Regions], [Match].
package pwa
