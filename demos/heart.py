# %% [markdown]
r"""
# A network learns to draw a heart

A closed curve is a function of one number with two results. This one is a
heart:

$$ x = 16 \sin^3 t, $$

$$ y = 13 \cos t - 5 \cos 2t - 2 \cos 3t - \cos 4t , $$

both divided by 20, plus 1, divided by 2, so that they lie between 0 and 1. The
network knows nothing of sines. It has one input, $t / 2\pi$, hidden *layers* of
6 and 7 *neurons*, and two outputs. Each layer computes

$$ a^{(l)} = \sigma\left( W^{(l)} a^{(l-1)} + b^{(l)} \right), $$

$$ \sigma(z) = \frac{1}{1 + e^{-z}} , $$

which makes $6 + 6$, $42 + 7$ and $14 + 2$ weights and biases: 77 numbers. Each
starts as a random number of variance ¼. They are changed by *steepest descent*
so that the *cost* falls, the mean squared distance at $N = 100$ points:

$$ C = \frac{1}{N} \sum_{i} \left| a^{(3)}(t_i) - (x_i, y_i) \right|^2 . $$
"""

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

from autodiff import compile, value_and_grad

angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
heart_x = 16 * np.sin(angle) ** 3
heart_y = 13 * np.cos(angle) - 5 * np.cos(2 * angle)
heart_y = heart_y - 2 * np.cos(3 * angle) - np.cos(4 * angle)
heart = (np.stack([heart_x, heart_y]) / 20 + 1) / 2
inputs = angle[None] / (2 * np.pi)  # a column for each example

rng = np.random.default_rng(3)
sizes = [1, 6, 7, 2]
start = [
    (rng.normal(size=(n, m)) / 2, rng.normal(size=(n, 1)) / 2)
    for m, n in pairwise(sizes)
]


def network(layers, a):
    for W, b in layers:
        a = 1 / (1 + np.exp(-(W @ a + b)))
    return a


def cost(layers):
    return np.sum((network(layers, inputs) - heart) ** 2) / heart.shape[1]


count = sum(W.size + b.size for W, b in start)
print(f"{count} weights and biases, cost at the start: {cost(start):.4f}")

# %% [markdown]
r"""
A step is the gradient by all 77 at once, times 7, taken away. `compile` records
the step once and then replays its NumPy calls, as a later lesson shows: fifty
thousand steps take a few seconds.
"""


# %%
@compile
def descend(layers):
    C, slopes = value_and_grad(cost)(layers)
    pairs = zip(layers, slopes, strict=True)
    return C, [(W - 7 * dW, b - 7 * db) for (W, b), (dW, db) in pairs]


shown = np.unique(np.geomspace(1, 50_001, 30).round().astype(int)) - 1
layers, costs, curves = start, [], {}
for step in range(50_001):
    if step in shown:
        curves[step] = network(layers, inputs)
    C, layers = descend(layers)
    costs.append(C)

expected = {0: "0.13 to 0.25", 10_000: "0.002", 50_000: "0.0003 to 0.0013"}
print("|   step |    cost |        in the course |")
print("| -----: | ------: | -------------------: |")
for step in (0, 100, 1_000, 10_000, 50_000):
    said = expected.get(step, "")
    print(f"| {step:6} | {costs[step]:7.5f} | {said:>20} |")

# %%
# Picture: The cost against the step, both logarithmic. It rises a little, is
# level near 0.11 up to step 100, and then goes down in stages to 0.0004. A few
# narrow spikes stand on the curve.
figure, axes = plt.subplots()
axes.loglog(np.arange(1, len(costs) + 1), costs)
axes.set(xlabel="step", ylabel="cost", title="The cost of the heart")
plt.show()

# %% [markdown]
r"""
At first the network draws a short stroke that jumps from side to side: 7 is a
long step, and the cost even rises. After some twenty steps the stroke rests in
the middle of the heart, the best place for a network that hardly uses its
input. Then it grows to a line, the line bends to a cup, and the cup closes.

The notch takes most of the 50 000 steps. It is where the curve begins and ends.
$t = 0$ and $t = 2\pi$ are one point of the heart, but for the network they are
the two inputs that are farthest apart. The spikes in the cost are steps that
went too far; the steps after them make it good.
"""

# %%
# Picture: A heart as a broad grey line, and what the network draws, from the
# start to step 50 000: a short stroke, a line across the middle, a cup, a
# closed shape without a notch, and at the end a heart that follows the grey one
# closely.
plt.rcParams["animation.html"] = "jshtml"  # so that a notebook plays it, too
figure, axes = plt.subplots()
axes.plot(*heart, color="0.45", linestyle="-", linewidth=4)
(drawn,) = axes.plot([], [], color="black", linestyle="-")
axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="x", ylabel="y")


def draw_curve(step):
    drawn.set_data(*curves[step])
    axes.set_title(f"step {step}")


animation = FuncAnimation(figure, draw_curve, frames=list(curves))
plt.show()
animation
