"""Training throughput of PyTorch: 8-128-128-128-4, ReLU, batch 256, MSE, Adam,
float32. Prints samples per processor second. Not installed by default: it is
large."""
import sys
import time

import torch

torch.manual_seed(int(sys.argv[1]))
torch.set_num_threads(1)
sizes, batch = [8, 128, 128, 128, 4], 256
layers = []
for n, m in zip(sizes, sizes[1:]):
    layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
net = torch.nn.Sequential(*layers[:-1])
loss = torch.nn.MSELoss()
adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)  # the fastest of its forms
x, y = torch.randn(batch, 8), torch.randn(batch, 4)


def step():
    adam.zero_grad(set_to_none=True)
    loss(net(x), y).backward()
    adam.step()


for _ in range(50):
    step()
steps, start = 0, time.process_time()
while (used := time.process_time() - start) < 1:
    for _ in range(50):
        step()
    steps += 50
print(steps * batch / used)
