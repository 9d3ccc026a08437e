// Package distil learns a small model from a large network of others, so that
// plans through it can be proven.
//
// The teacher is the network that BaB-ND (Shen, Yu, Zhang, Li, ICLR 2025) pushes a
// T with: 768 ReLUs that map four keypoints relative to the pusher, and its move a,
// to the motion of the keypoints,
//
//	k' = k + NN([k - rep(p), a]),   p' = p + a,   unit 100 px.
//
// Its targets come from its own roll-outs: T and pusher start at random places, the
// pusher moves at random or towards the T, and every state that the teacher reaches
// is an input of the next step. The student knows what the teacher is given, the
// differences of positions and how the pusher moves, and learns the rest.
//
// Read first: [Run], [Options].
package distil
