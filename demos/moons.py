# %% [markdown]
r"""
# Two moons, and a boundary that moves

Two half circles reach into each other, and each point belongs to one of them. A
network is to say to which. No straight line parts the moons, so a single
*neuron* cannot do it: its answer changes along a line. Hidden *layers* bend the
plane, and a line in the last layer becomes a curve in the plane.

The network has one output, a score $s(x)$. It stands for the probability
$p = 1 / (1 + e^{-s})$ that $x$ belongs to the lower moon. The *cost* is the
*cross-entropy*: the mean of $-\ln p$ over points of the lower moon and of
$-\ln(1 - p)$ over those of the upper. The *decision boundary* is where the
network is undecided, $s(x) = 0$.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import nn
import optim
from autodiff import no_grad

rng = np.random.default_rng(0)
angle = np.pi * rng.uniform(size=150)
upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
points = np.concatenate([upper, lower]) + 0.12 * rng.normal(size=(300, 2))
moon = np.repeat([0.0, 1.0], 150)[:, None]

# %% [markdown]
"""
First a single neuron, then a network with two hidden layers of 16.
"""


# %%
def fit_to_moons(model, epochs, callbacks=()):
    return nn.train(
        model,
        nn.binary_cross_entropy,
        (points, moon),
        epochs=epochs,
        optimizer=optim.Adam(model.parameters(), lr=0.01),
        batch_size=50,
        metrics=[nn.accuracy],
        callbacks=callbacks,
        seed=0,
        progress=False,
    )


across, up = np.linspace(-1.6, 2.6, 90), np.linspace(-1.2, 1.7, 70)
grid_x, grid_y = np.meshgrid(across, up)
grid = np.stack([grid_x, grid_y], axis=-1)
model = nn.MLP([2, 16, 16, 1], activation="tanh", seed=0)
scores = []


def keep_scores(history):
    with no_grad():
        scores.append(model(grid).data[..., 0])


one = fit_to_moons(nn.MLP([2, 1], seed=0), 120)
history = fit_to_moons(model, 120, [keep_scores])
print("| network           |   cost | on the right side |")
print("| :---------------- | -----: | ----------------: |")
for name, h in {"one neuron": one, "two hidden layers": history}.items():
    cost, share = h["loss"][-1], h["accuracy"][-1]
    print(f"| {name:17} | {cost:6.4f} | {share:17.1%} |")

# %% [markdown]
"""
Watch the boundary. It is soon where one line would be, and hardly moves for ten
epochs. Then it bends and goes round the tips of the moons.
"""

# %%
# Picture: The boundary at growing epochs, over the points of the two moons,
# round ones above and crosses below. At first it is nearly straight and cuts
# through both moons; then it bends, and at the end it passes between them as an
# S.
plt.rcParams["animation.html"] = "jshtml"  # so that a notebook plays it, too
moving, plane = plt.subplots()
shown = np.unique(np.geomspace(1, 120, 26).round().astype(int))


def draw_boundary(epoch):
    plane.clear()
    plane.plot(*points[:150].T, "o", markersize=3, color="C0", label="upper")
    plane.plot(*points[150:].T, "x", markersize=4, color="C1", label="lower")
    plane.plot([], [], "-", color="black", label="boundary")
    plane.legend(loc="lower right", fontsize="small")
    plane.contour(grid_x, grid_y, scores[epoch - 1], [0.0], colors="black")
    plane.set(xlabel="x₁", ylabel="x₂", title=f"The boundary, epoch {epoch}")


animation = FuncAnimation(moving, draw_boundary, frames=shown)
plt.show()
animation

# %% [markdown]
r"""
The network says how sure it is, too, for each place of the plane. Where it is
99 % sure, another line is drawn. They are close to the boundary nearly
everywhere, also far from all points, where the network has seen nothing and
only continues what it learnt.
"""

# %%
# Picture: The points and the boundary, which passes between the moons as an S.
# On both sides, close by, run the lines of 99 % for the upper and the lower
# moon.
probability = 1 / (1 + np.exp(-scores[-1]))
figure, axes = plt.subplots()
axes.plot(*points[:150].T, "o", markersize=3, color="C0", label="upper")
axes.plot(*points[150:].T, "x", markersize=4, color="C1", label="lower")
axes.contour(
    grid_x,
    grid_y,
    probability,
    [0.01, 0.5, 0.99],
    colors=["C0", "black", "C1"],
    linestyles=["--", "-", "-."],
)
axes.set(xlabel="x₁", ylabel="x₂", title="The boundary, and 99 % beside it")
axes.legend(loc="lower right")
plt.show()
