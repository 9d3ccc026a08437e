"""Training throughput of numpy: 8-128-128-128-4, ReLU, batch 256, MSE, Adam,
float32. Prints samples per processor second."""
import sys
import time

import numpy as np

rng = np.random.default_rng(int(sys.argv[1]))
sizes, batch = [8, 128, 128, 128, 4], 256
params = []
for n, m in zip(sizes, sizes[1:]):
    params.append((rng.standard_normal((n, m)) * np.sqrt(2 / n)).astype(np.float32))
    params.append(np.zeros(m, np.float32))
first = [np.zeros_like(p) for p in params]
second = [np.zeros_like(p) for p in params]
x = rng.standard_normal((batch, 8)).astype(np.float32)
y = rng.standard_normal((batch, 4)).astype(np.float32)


def step(t):
    layers = len(sizes) - 1
    acts = [x]
    for i in range(layers):
        z = acts[-1] @ params[2 * i]
        z += params[2 * i + 1]
        if i < layers - 1:
            np.maximum(z, 0, out=z)
        acts.append(z)
    delta = (acts[-1] - y) * np.float32(2 / y.size)
    for i in reversed(range(layers)):
        grads = (acts[i].T @ delta, delta.sum(0))
        if i > 0:
            delta = (delta @ params[2 * i].T) * (acts[i] > 0)
        for j, g in zip((2 * i, 2 * i + 1), grads):
            adam(params[j], first[j], second[j], g, t)


def adam(p, m, v, g, t, rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    m += np.float32(1 - b1) * (g - m)
    v += np.float32(1 - b2) * (g * g - v)
    scale = np.float32(rate * np.sqrt(1 - b2**t) / (1 - b1**t))
    p -= scale * m / (np.sqrt(v) + np.float32(eps))


for t in range(1, 51):
    step(t)
steps, start = 0, time.process_time()
while (used := time.process_time() - start) < 1:
    for _ in range(50):
        steps += 1
        step(50 + steps)
print(steps * batch / used)
