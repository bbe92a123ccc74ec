# %% [markdown]
r"""
# Newton–Raphson: to a root along tangents

Where is $f(x) = 0$? From a guess $x$ follow the tangent down to zero:

$$ x_{n+1} = x_n - \frac{f(x_n)}{f'(x_n)} . $$

Close to a root that is simple, where the slope is not zero, each step about
doubles the number of right digits. Far from one nothing is promised. One
function, four starts:

$$
f(x) = \frac{x^6}{6} - 3 x^4 - \frac{2 x^3}{3} + \frac{27 x^2}{2} + 18 x - 30 ,
$$

$$
f'(x) = (x - 3)(x + 3)(x - 2)(x + 1)^2 .
$$
"""

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

from autodiff import grad
from optim import newton_raphson


def f(x):
    return x**6 / 6 - 3 * x**4 - 2 * x**3 / 3 + 27 * x**2 / 2 + 18 * x - 30


def by_hand(x):
    return (x - 3) * (x + 3) * (x - 2) * (x + 1) ** 2


slope = grad(f)
print(f"f'(1.99): {slope(1.99):.6f} by grad, {by_hand(1.99):.6f} by hand")

searches = {x0: newton_raphson(f, x0, path=True) for x0 in (1.0, -4.0, 1.99)}
print("\n| start | first step to | steps |     root |      f there |")
print("| ----: | ------------: | ----: | -------: | -----------: |")
for x0, search in searches.items():
    numbers = f"{search.nit:5} | {search.x:8.5f} | {search.fun:12.0e}"
    print(f"| {x0:5} | {search.path[1]:13.5f} | {numbers} |")
print("\nin the course: from 1 first to 1.0625, root 1.06307")
print("               from -4 root -3.76021")
print("               from 1.99 first to -36.47, then more than 15 steps")

# %% [markdown]
r"""
From 1 and from −4 few steps are enough. From 1 to its root $f$ is so nearly
straight that the first step ends within 0.001 of it. The start 1.99 is near 2,
where $f'$ is zero: the tangent is nearly level and meets zero far away. From
there, where $f$ is nearly $x^6/6$, a step takes only a sixth off the distance.
It takes many to come back, and the root they find is not the one next to the
start.
"""


# %%
def draw_tangents(axes, path, ends, heights, title):
    x = np.linspace(*ends, 400)
    axes.plot(x, f(x), "-", color="0.45", lw=3, label="f")
    axes.axhline(0, color="black", lw=1)
    for here, there in pairwise(path):
        axes.plot([here, there], [f(here), 0], "-", color="C1", lw=1.5)
    axes.vlines(path, 0, f(path), "C0", ":", lw=1.5, label="up to f")
    axes.plot(path, f(path), "o", color="C0", ms=5)
    below = {"textcoords": "offset points", "ha": "center", "va": "top"}
    for number, here in enumerate(path[:3]):
        axes.annotate(str(number), (here, 0), (0, -4), **below)
    axes.plot([], [], "-", color="C1", label="tangent")
    axes.set(xlabel="x", ylabel="f(x)", xlim=ends, ylim=heights, title=title)
    axes.legend()


# Picture: A steep curve that falls through zero at -3.76. Tangents lead from
# -4 down to zero, each from the point above where the last one ended, in
# shorter and shorter steps to the root.
_, axes = plt.subplots()
draw_tangents(axes, searches[-4.0].path, (-4.03, -3.72), (-12, 80), "From -4")

# Picture: A curve like a wide bowl. From a point near 2 the tangent, nearly
# level, runs out of the picture's right part to -36.5. From there tangents
# come back down the left wall, step by step.
path = searches[1.99].path
_, axes = plt.subplots()
draw_tangents(axes, path, (-39, 8), (-4e7, 4.2e8), "From 1.99")
plt.show()

# %%
print("| step | from 1   | from -4  | from 1.99 |")
print("| ---: | -------: | -------: | --------: |")
columns = [search.path for search in searches.values()]
for step in (0, 1, 2, 3, 4, 10, 15, 20):
    cells = [f"{c[step]:8.5f}" if step < len(c) else "" for c in columns]
    print(f"| {step:4} | {cells[0]:8} | {cells[1]:8} | {cells[2]:>9} |")

# %% [markdown]
r"""
The fourth start, 3.1, is close to 3, where $f$ has a minimum: $f(3) = 6$,
which is no root. The tangents point to where the curve would go down to zero,
were it to go on, and it turns up instead. So the steps wander about 3, to and
fro, in no order.

Still there is something there. The polynomial has *complex roots* at $3.06
\pm 0.33\,i$, close to the real line and never on it. (Python writes j for
$i$.)
"""

# %%
wandering = newton_raphson(f, 3.1, maxiter=20, path=True)
roots = np.sort_complex(np.roots([1 / 6, 0, -3, -2 / 3, 27 / 2, 18, -30]))
print("from 3.1:", " ".join(f"{x:.3f}" for x in wandering.path[:8]), "…")
print(f"all 20 steps are between {wandering.path.min():.2f}", end=" ")
print(f"and {wandering.path.max():.2f}")
print(f"f(3) = {f(3.0):g}, by hand 6; least |f| met: {wandering.fun:.4f}")
print(f"success: {wandering.success}, {wandering.message}")
print("roots:", "  ".join(f"{root:.3f}" for root in roots[:4]))
print("      ", "  ".join(f"{root:.3f}" for root in roots[4:]))

# %%
plt.rcParams["animation.html"] = "jshtml"  # so that a notebook plays it, too
figure, axes = plt.subplots()


def draw_step(number):
    axes.clear()
    seen = wandering.path[: number + 2]
    draw_tangents(axes, seen, (2.3, 4.25), (-8, 70), "From 3.1")


# Picture: An animation, a step a frame. A curve with a minimum of height 6 at
# x = 3 does not reach zero. From dots on both sides of it tangents lead to
# zero on the other side, or far to the right, where the curve is high, and
# down again from there.
animation = FuncAnimation(figure, draw_step, frames=12)
plt.show()
animation

# %% [markdown]
"""
Left alone, the wandering goes on until a step happens to land so near to 3
that its tangent throws it far to the left. From there it walks down to
−3.76021. That is an accident: a search that ends at a root need not have
known where it went.

There are two roots on the real line, and the start does not say at a glance
which one is found. To get a certain one, give `newton_raphson` a bracket, at
whose ends f differs in sign: a step that would leave it is replaced by
halving the bracket.
"""

# %%
whole = newton_raphson(f, 3.1, path=True)
kept = newton_raphson(f, 1.99, bracket=(0.0, 2.0))
print(f"from 3.1, unlimited: {whole.x:.5f} after {whole.nit} steps")
print(f"from 1.99 between 0 and 2: {kept.x:.5f} after {kept.nit} steps")
