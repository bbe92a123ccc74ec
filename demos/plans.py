# %% [markdown]
r"""
# Plans: a training step written out once

A step of training does the same each time: forward, loss, backward, one step of
the optimiser. Only the numbers change. But Python records the graph anew for
each of them, looks up the rules, and walks back.

`autodiff.compile` watches a step and writes a *plan* of it: the NumPy calls of
one step in their order, with all derivatives in it, as Python source. Later
steps replay it on memory that is used again. The function itself stays as it
was written.
"""

# %%
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

import autodiff
import nn
import optim
from autodiff import draw

random = np.random.default_rng(0)
points = random.uniform(-1, 1, size=(100, 2))
values = points.prod(axis=1, keepdims=True)  # the network learns to multiply


def training(width):
    model = nn.MLP([2, width, 1], activation="tanh", seed=0)
    optimizer = optim.SGD(model.parameters(), lr=0.02)

    def step(points, values):
        optimizer.zero_grad()
        loss = nn.mean_squared_error(model(points), values)
        loss.backward()
        optimizer.step()
        return loss

    return step


written, planned = training(16), autodiff.compile(training(16))
losses = [
    [step(points, values).item() for _ in range(200)]
    for step in (written, planned)
]
difference = np.max(np.abs(np.subtract(*losses)))
print(f"loss after 200 steps: {losses[0][-1]:.6f} as written")
print(f"                      {losses[1][-1]:.6f} as planned")
print(f"largest difference on the way: {difference:.0e}")
(plan,) = planned.plans
print(
    f"replays: {plan.runs} of 200 calls, of {plan.cost.calls} NumPy calls each"
)

# %% [markdown]
"""
The plan is source, and can be read. This is its middle: what is computed for
each step, from the first layer's product to the step of the optimiser. `x0` and
`x1` are the arguments, `m0` the memory of all parameters.
"""

# %%
lines = [line.strip() for line in plan.source.splitlines()]
first = next(i for i, line in enumerate(lines) if line.startswith("x0.dot"))
last = next(i for i, line in enumerate(lines) if line.startswith("subtract(m0"))
print("\n".join(lines[first : last + 1]))

# %% [markdown]
"""
Forward are `dot`, `add`, `tanh`; the loss is `s1`, the mean of the squares.
From `multiply` on it goes back: the derivative of tanh is 1 over cosh squared,
and the products with the transposed layers are there too. All that Python did
between these calls is gone.

How much faster is it? That depends on how much of a step is NumPy's own work.
The smaller the network, the more of a step is bookkeeping, and the more there
is to gain.
"""


# %%
def seconds(step):
    times = []
    for _ in range(5):
        start = perf_counter()
        for _ in range(40):
            step(points, values)
        times.append((perf_counter() - start) / 40)
    return min(times)


ratios = {}
for width in (4, 16, 64, 256):
    as_written, fast = training(width), autodiff.compile(training(width))
    seconds(fast)  # the first calls make the plan
    ratios[width] = seconds(as_written) / seconds(fast)
    print(f"{width:3} neurons: about {ratios[width]:.1f} times as fast")

# %%
# Picture: Four bars, for hidden layers of 4, 16, 64 and 256 neurons: how many
# times as fast a planned step is as the same step as written. A level line
# stands at 1.
figure, axes = plt.subplots()
axes.bar([str(width) for width in ratios], ratios.values(), 0.6)
axes.axhline(1, color="0.45", lw=1)
axes.set(xlabel="neurons of the hidden layer", ylabel="times as fast")
axes.set(title="A step as a plan, against the step as written")
plt.show()

# %% [markdown]
"""
## Where a plan looks before it goes on

A plan is straight-line code, but programs branch. Where Python has read a
value, as in `if size > 1`, the plan reads it again at that place. If the answer
is another one it gives up, the function is called as it is written, and that
way gets a plan of its own. Results that are not finite are not believed either:
then the call is made as the function is written.
"""


# %%
@autodiff.compile
def clipped(x):
    size = np.sqrt(np.sum(x**2))
    if size > 1:
        return x / size
    return x


for length in (0.1, 2.0):
    for _ in range(8):
        end = clipped(np.full(2, length))
    print(f"from {length:.1f}, {length:.1f} to {end[0]:.4f}, {end[1]:.4f}")

for each in clipped.plans:
    source = each.source
    print(f"\na plan that was replayed {each.runs} times")
    print(
        "    ..." + source[source.index(") = buffers") + len(") = buffers") :]
    )

# %%
# Picture: The plan of the way for short vectors as a graph from top to bottom:
# x0 is squared and summed, the root is taken and compared with 1.
draw(clipped.plans[-1])
