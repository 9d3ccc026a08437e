// Package pusht simulates a T on a table that a round pusher moves.
//
// The motion is quasi-static: friction is so large and the pusher so slow that
// the T moves only while it is pushed. The friction between T and table is the
// ellipsoidal limit surface
//
//	|f|^2 + (m/c)^2 = constant,   c = mean |r| over the T = 39.93 mm,
//
// and the T moves along its outward normal: a force f and a moment m about the
// centre of mass give the displacement d(x, y) ~ f and rotation d(theta) ~ m/c^2
// (Goyal, Ruina and Papadopoulos, Wear 143, 1991; Lynch, Maekawa and Tanie,
// IROS 1992; Lynch and Mason, IJRR 15(6), 1996). Forces are scaled so that the
// factor is 1.
//
// At a contact point q from the centre of mass, with inward normal n and tangent
// t = (-n_y, n_x), a force f moves the T's material by
//
//	A f,   A = I + J J'/c^2,   J = (-q_y, q_x).
//
// The pusher of radius R demands the displacement v = (v_n, v_t) there: v_n is
// the depth by which pusher and T overlap, v_t the sliding of the pusher along
// the T while they touch. Coulomb friction mu decides between
//
//	stick  f = A^-1 v,                        if |f_t| <= mu f_n,
//	slip   f_n = v_n / (A_nn + s A_nt), f_t = s f_n, s = +-mu,  otherwise.
//
// The T is two boxes; each may touch the pusher, which makes its concave corners
// work: their forces are solved in turn until they agree (Gauss-Seidel). An
// action is done in sub-steps of at most 0.5 mm of pusher motion, each by the
// midpoint rule. Nothing is remembered between actions: the five numbers of
// the state are the simulator.
//
// State: pose of the T's centre of mass (x, y, theta) and pusher (px, py), in
// metres and radians; theta is not wrapped.
//
// Read first: [Poke], [Plane], engine.settle.
package pusht
