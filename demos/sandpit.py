# %% [markdown]
r"""
# The sandpit

Somewhere under the sand of a pit, six metres by six, lies its deepest point.
You cannot see it. You may push a stick into the sand at one place at a time,
and feel there how the ground slopes and curves: the gradient and the Hessian
$H$. As in the course the gradient is called $J$ here: it is the only row of a
Jacobian. The course allows 25 readings. Which rule finds the deepest point, to
within 0.15, in five steps?

- *A constant step* $(1, 0)$ takes no notice of what it feels.
- *Downhill*, $-\gamma J$ with $\gamma = 0.5$: the right direction, and a guess
  how far.
- *Newton's step*, $-H^{-1} J$: to where the slope would vanish if the
  curvature stayed the same. That may be a minimum, a maximum or a saddle
  point.
- *A hybrid*: Newton's step, unless it points uphill or is longer than 2; then
  downhill.

Each depth is rescaled between the pit's lowest and highest place, $f_0$ and
$f_1$, to $8 (f - f_1) / (f_1 - f_0) - 1$: from $-9$ to $-1$. The first pit is
a *single well* in the side of a hill:

$$
-\left((x - 4.1)^2 + (y - 0.9)^2\right)
- 30 \exp\left(-\frac{(x - 1.5)^2 + (y - 3.7)^2}{2.8}\right) .
$$
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, hessian
from optim import newton

ticks = np.linspace(0, 6, 121)
places = np.stack(np.meshgrid(ticks, ticks))


def single_well(p):
    x, y = p
    hill = -((x - 4.1) ** 2) - (y - 0.9) ** 2
    return hill - 30 * np.exp(-((x - 1.5) ** 2 + (y - 3.7) ** 2) / 2.8)


def rescaled(surface):
    low, high = surface(places).min(), surface(places).max()
    return lambda p: 8 * (surface(p) - high) / (high - low) - 1


def deepest(f):
    points = places.reshape(2, -1)
    return newton(f, points[:, np.argmin(f(points))]).x


well = rescaled(single_well)
bottom = deepest(well)
print("deepest at    ({:.4f}, {:.4f}),".format(*bottom), end="")
print(f" depth {well(bottom):.2f}")
print("in the course (1.2128, 4.0093)")

# %%
# Picture: The pit as a surface, which the walker does not see: a gentle hill
# that falls to all sides, and in its side a steep round hole.
figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
axes.plot_surface(*places, well(places), cmap="viridis", rcount=40, ccount=40)
axes.set(xlabel="x", ylabel="y", zlabel="depth", title="The single well")
axes.view_init(35, 165)
plt.show()

# %% [markdown]
"""
The rules, and a walk of five steps by each from (3, 3). Each step costs one
reading of slope and *curvature*.
"""


# %%
def downhill(gamma):
    return lambda J, H: -gamma * J


def newton_step(J, H):
    return -np.linalg.solve(H, J)


def hybrid(J, H):
    step = newton_step(J, H)
    good = J @ step < 0 and np.linalg.norm(step) <= 2
    return step if good else downhill(0.5)(J, H)


rules = {
    "constant": lambda J, H: np.array([1.0, 0.0]),
    "downhill": downhill(0.5),
    "Newton": newton_step,
    "hybrid": hybrid,
}


def walk(f, rule, start, steps=5):
    path = [np.array(start)]
    for _ in range(steps):
        here = path[-1]
        path.append(here + rule(grad(f)(here), hessian(f)(here)))
    return np.array(path)


def compare(f, start):
    paths = {name: walk(f, rule, start) for name, rule in rules.items()}
    print("| rule     | 1 step       | 3 steps      | 5 steps      |", end="")
    print("  miss | found |")
    print("| :------- | :----------- | :----------- | :----------- |", end="")
    print(" ----: | :---- |")
    for name, path in paths.items():
        places = " | ".join(f"({x:.2f}, {y:.2f})" for x, y in path[1::2])
        miss = np.linalg.norm(path[-1] - deepest(f))
        found = "yes" if miss <= 0.15 else "no"
        print(f"| {name:8} | {places} | {miss:5.3f} | {found:5} |")
    return paths


paths = compare(well, (3.0, 3.0))


# %%
def draw(f, paths):
    figure, axes = plt.subplots()
    levels = np.arange(-9, 0)
    lines = axes.contour(
        *places, f(places), levels, colors="0.45", linewidths=1
    )
    axes.clabel(lines, fontsize=8, colors="black")
    # The hybrid is thin and on top of downhill: they share some steps.
    looks = [("C0s-", 2), ("C1o-", 6), ("C2D-.", 2), ("C5^-", 1)]
    for (name, path), (look, width) in zip(paths.items(), looks, strict=True):
        axes.plot(*path.T, look, ms=4 + width, lw=width, label=name)
    axes.plot(*paths["hybrid"][0], "o", color="black", ms=9)
    star = {"marker": "*", "ms": 22, "fillstyle": "none", "linestyle": "none"}
    axes.plot(*deepest(f), color="black", zorder=3, label="deepest", **star)
    axes.set(xlim=(0, 6), ylim=(0, 6), aspect="equal", xlabel="x", ylabel="y")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small")
    return axes


# Picture: Contours of the single well seen from above, with the four walks
# from a dot in the middle. The constant rule leaves the pit on the right.
# Downhill goes into the well and jumps to and fro across it. Newton's rule
# goes the other way, to the top of the hill. The hybrid ends on the star, the
# deepest point.
draw(well, paths).set_title("Four walks in the single well")
plt.show()

# %%
J, H = grad(well)(np.array([3.0, 3.0])), hessian(well)(np.array([3.0, 3.0]))
step = newton_step(J, H)
print("at the start:")
print("curvatures      ", *(f"{each:8.4f}" for each in np.linalg.eigvalsh(H)))
print("Newton's step   ", *(f"{each:8.4f}" for each in step))
print(f"slope along it   {J @ step / np.linalg.norm(step):8.4f}")

# %% [markdown]
r"""
At the start the ground curves down one way and up the other, as on a saddle.
The slope along Newton's step is positive: it goes uphill, and once on top of
the hill the rule has what it looks for, a place without slope. The hybrid sees
that the step points uphill, goes downhill once, and is then so near to the
bottom that Newton's steps are as good as they can be.

The second pit is drawn at random: waves with random heights, and a wall around
them,

$$
\sum_{n,m=0}^{3} a_{nm} \cos\left(\frac{\pi n x}{6} + \varphi_x\right)
\cos\left(\frac{\pi m y}{6} + \varphi_y\right)
+ \frac{1}{9} \left(1 - \frac{x (x - 6)\, y (y - 6)}{81}\right)^7 ,
$$

where $a_{nm}$ is uniform between 0 and $1 / ((n + 1)(m + 1))^2$.
"""


# %%
def random_pit(seed):
    rng = np.random.default_rng(seed)
    n = np.arange(4)
    a = rng.uniform(size=(4, 4)) / np.multiply.outer(n + 1, n + 1) ** 2
    phase_x, phase_y = rng.uniform(0, 2 * np.pi, size=2)

    def surface(p):
        x, y = p
        across = [np.cos(np.pi * k * x / 6 + phase_x) for k in n]
        along = [np.cos(np.pi * k * y / 6 + phase_y) for k in n]
        waves = sum(a[i, j] * across[i] * along[j] for i in n for j in n)
        return waves + (1 - x * (x - 6) * y * (y - 6) / 81) ** 7 / 9

    return surface


pit = rescaled(random_pit(seed=9))
print("deepest at ({:.4f}, {:.4f})\n".format(*deepest(pit)))
random_paths = compare(pit, (2.5, 2.0))

# %%
# Picture: Contours of a pit with a broad hollow on the left, and the four
# walks. The constant rule leaves the pit. Newton's rule goes a short way to
# the right and stops on a saddle. Downhill and the hybrid share their first
# three steps to the left, and both end beside the star, the deepest point.
draw(pit, random_paths).set_title("Four walks in a random pit")
plt.show()

# %% [markdown]
r"""
Here Newton's rule ends on a saddle point. The hybrid goes downhill three
times, until Newton's step is neither uphill nor too long; two of these then do
the rest. Plain downhill does well in both pits, but only as its $\gamma$ was a
good guess:
"""

# %%
print("| γ   | miss, single well | miss, random pit |")
print("| :-- | ----------------: | ---------------: |")
for gamma in (0.1, 0.5, 1.0):
    in_well = walk(well, downhill(gamma), (3.0, 3.0))[-1] - bottom
    in_pit = walk(pit, downhill(gamma), (2.5, 2.0))[-1] - deepest(pit)
    misses = [np.linalg.norm(each) for each in (in_well, in_pit)]
    print(f"| {gamma} | {misses[0]:17.3f} | {misses[1]:16.3f} |")
curvature = np.linalg.eigvalsh(hessian(well)(bottom))[-1]
print(f"\nlargest curvature at the bottom of the well: {curvature:.4f}")
print(f"downhill settles there only with γ below {2 / curvature:.4f}")

# %% [markdown]
"""
Too short a step does not arrive in time, too long a one jumps across the
bottom for ever. Which is which the *Hessian* knows, and only near the bottom
may one trust it alone.
"""
