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
print(f"replays: {plan.runs} of 200 calls, {plan.cost.calls} NumPy calls each")

# %% [markdown]
"""
Six calls were no replays. The first four are made as written, since what is
called seldom is not worth a plan. Two are recorded, to see that both do the
same.

The plan is source, and can be read. These are three pieces of it.

| name         | what it is                                                   |
| :----------- | :----------------------------------------------------------- |
| `x0`, `x1`   | the arguments, here points and values                        |
| `m0`         | the memory of all parameters                                 |
| `v1`, `v2` … | views: parts of a memory, such as one matrix or one bias     |
| `b0`, `b1` … | buffers, arrays whose memory is used again in each step      |
| `s0`, `s1` … | single numbers                                               |
| `z0`         | an array of no axes, which hands a number to a NumPy call    |
| `y4`         | the learning rate, as it is read from the optimiser          |
| `r0`         | a result, here the gradient                                  |
"""

# %%
lines = [line.strip() for line in plan.source.splitlines()]
for title, start, end in (
    ("forward, up to the loss s1:", "x0.dot(v1", "if not"),
    ("back through tanh:", "cosh", "divide"),
    ("the step of the optimiser:", "z0[()]", "subtract(m0"),
):
    first = next(i for i, line in enumerate(lines) if line.startswith(start))
    print(f"\n{title}")
    for line in lines[first:]:
        print(f"    {line}")
        if line.startswith(end):
            break

# %% [markdown]
"""
The loss is the mean of 100 squares. The derivative of tanh is 1 over cosh
squared. All that Python did between these calls is gone. `return 8` is a place
where the plan gives up: here, if the loss were infinite or NaN. The number says
at which of its checks it did so. More of that below.

How much faster is it? Both are timed in turns, and the shortest of ten rounds
counts. For these small layers the plan saves about the same time in each step:
Python's bookkeeping, which does not depend on the width. What is left is
NumPy's own work, which does. (For hundreds of neurons getting the memory of
long arrays counts too, and the gain differs from run to run.)
"""


# %%
def microseconds(step):
    start = perf_counter()
    for _ in range(20):
        step(points, values)
    return (perf_counter() - start) / 20 * 1e6


times = {}
print("| neurons | as written (µs) | planned (µs) | saved (µs) |")
print("| ------: | --------------: | -----------: | ---------: |")
for width in (4, 16, 64):
    steps = training(width), autodiff.compile(training(width))
    microseconds(steps[1])  # the first calls make the plan
    rounds = [[microseconds(step) for step in steps] for _ in range(10)]
    slow, fast = times[width] = np.min(rounds, axis=0)
    print(f"| {width:7} | {slow:15.0f} | {fast:12.0f} | {slow - fast:10.0f} |")

# %%
# Picture: Two bars for each of three hidden layers, of 4, 16 and 64 neurons:
# the time of a step as written, and the shorter one of the planned step.
figure, axes = plt.subplots()
middle = np.arange(3)
slow, fast = np.transpose(list(times.values()))
axes.bar(middle - 0.2, slow, 0.36, label="as written")
bars = axes.bar(middle + 0.2, fast, 0.36, hatch="//", edgecolor="white")
bars.set_label("as a plan")
axes.set_xticks(middle, [str(width) for width in times])
axes.set(xlabel="neurons of the hidden layer", ylabel="time of a step (µs)")
axes.set(title="A training step as written, and as a plan")
axes.legend()
plt.show()

# %% [markdown]
"""
## Where a plan looks before it goes on

A plan is straight-line code, but programs branch. Where Python has read a
value, as in `if size > 1`, the plan reads it again at that place. If the answer
is another one it gives up, as with `return 0` below. The function is called as
it is written, and that way gets a plan of its own.

Results that are not finite are not believed either: that is the line with
`inf`. A whole array is looked at by the sum of its squares, which is a single
number, and infinite or NaN where an entry is. The first line of the plan for
short vectors, `x0.dot(x0)`, is there for this alone, since it returns `x0` as
it came.

There are eight calls with a short vector, then eight with a long one. Of the
short ones four are made as written, two are recorded, and two are replays. Of
the long ones two are recorded, and six are replays.
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

long, short = clipped.plans  # the latest is the first
for name, each in (("short", short), ("long", long)):
    _, body = each.source.split(") = buffers\n")
    print(f"\nthe plan for {name} vectors, replayed {each.runs} times:")
    print(body.rstrip())

# %% [markdown]
"""
A plan can be drawn like any computation. That for long vectors has two outputs,
with double frames: the answer that was read, whether the size is above 1, and
the result, where $x$ is multiplied by one over the size.
"""

# %%
# Picture: The plan for long vectors as a graph from top to bottom. x0 is
# squared and summed, and the root is taken. From there one arrow leads to an
# output, the comparison with 1, and one to the reciprocal, which is multiplied
# by x0, the other output.
draw(long)
