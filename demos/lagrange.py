# %% [markdown]
r"""
# Lagrange multipliers: the best point of a curve

Walk along the curve $c(x, y) = 0$, the *constraint*, over the landscape $f$.
Where the height is greatest or least the path is level for a moment, though the
landscape is not: it still rises, but straight across the path. So $\nabla f$ is
*parallel* to $\nabla c$, which stands across the path everywhere:

$$ \nabla f + \lambda \nabla c = 0 , \qquad c = 0 . $$

This is the *sign convention* here and in `lagrange`: with $\lambda > 0$ the
two gradients are opposed, with $\lambda < 0$ they point the same way. Others
write $\nabla f = \lambda \nabla c$, and their $\lambda$ has the other sign;
so it has if the curve is written as $-c = 0$. The number $\lambda$ is the
*multiplier*.

These are three equations for $x$, $y$ and $\lambda$. First exercise: a
bell-shaped hill, and a path that is an ellipse.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, hessian
from optim import lagrange


def bell(p):
    x, y = p
    return np.exp(-(2 * x**2 + y**2 - x * y) / 2)


def ellipse(p):
    x, y = p
    return x**2 + 3 * (y + 1) ** 2 - 1


on_ellipse = [
    lagrange(bell, [-1.0, -1.0], ellipse, find="min"),
    lagrange(bell, [-1.0, -2.0], ellipse, find="max"),
    lagrange(bell, [0.0, 0.0], ellipse, find="max"),
    lagrange(bell, [1.0, -1.0], ellipse, find="min"),
]
HEAD = "| x         | y         | λ         | f         | kind    |"
RULE = "| --------: | --------: | --------: | --------: | :------ |"


def show_points(results):
    print(f"{HEAD}\n{RULE}")
    for r in results:
        numbers = [*r.x, *r.multipliers, r.fun]
        cells = " | ".join(f"{number:9.6f}" for number in numbers)
        print(f"| {cells} | {r.kind} |")


show_points(on_ellipse)
print("\nin the course (-0.958963, -1.163698), (-0.626142, -1.450165),")
print("              (-0.095838, -0.425307) maximum f = 0.9238,")
print("              ( 0.930942, -1.210830) minimum f = 0.1149")

# %% [markdown]
r"""
Four points, and each is a minimum or a maximum of its own stretch of the
path. Once round the ellipse they must alternate: between two tops there is a
low. The highest and the lowest of all are the third and the fourth.

What tells them apart is no sign of $\lambda$: a minimum and a maximum here
both have $\lambda > 0$. It is the curvature of $f + \lambda c$ *along* the
path, $t^T (H_f + \lambda H_c)\, t$ for a vector $t$ of length 1 along it:
positive in a minimum, negative in a maximum. The curvature of $f$ alone would
not do, for the path bends too: at both minima it has the wrong sign.
"""

# %%
print("| kind    | curvature of f along the path | of f + λc |")
print("| :------ | ----------------------------: | --------: |")
bends = []
for r in on_ellipse:
    across = grad(ellipse)(r.x)
    t = np.array([-across[1], across[0]]) / np.linalg.norm(across)
    of_f, of_c = (t @ hessian(g)(r.x) @ t for g in (bell, ellipse))
    bends.append((of_f, of_f + r.multipliers[0] * of_c))
    print(f"| {r.kind} | {bends[-1][0]:29.4f} | {bends[-1][1]:9.4f} |")

# %%
angle = np.linspace(0, 2 * np.pi, 400)
path = np.cos(angle), np.sin(angle) / np.sqrt(3) - 1


def draw_gradients(f, c, curve, results, window, levels, title):
    figure, axes = plt.subplots()
    grid = np.meshgrid(*(np.linspace(*ends, 200) for ends in window))
    axes.contour(*grid, f(grid), levels, colors="0.45", linewidths=0.6)
    axes.plot(*curve, "-", color="C0", lw=2, label="c = 0")
    look = {"angles": "xy", "scale_units": "xy", "scale": 1, "zorder": 3}
    for r in results:
        along_c, along_f = grad(c)(r.x), grad(f)(r.x)
        long = 0.55 * along_c / np.linalg.norm(along_c)
        short = 0.4 * along_f / np.linalg.norm(along_f)
        axes.quiver(*r.x, *long, color="C5", width=0.006, **look)
        axes.quiver(*r.x, *short, color="C1", width=0.014, **look)
        marker = "v" if r.kind == "minimum" else "^"
        axes.plot(*r.x, marker, color="C2", ms=10, zorder=4)
    axes.plot([], [], "-", color="C5", lw=1.5, label="direction of ∇c")
    axes.plot([], [], "-", color="C1", lw=4, label="direction of ∇f")
    axes.plot([], [], "v", color="C2", ms=9, label="minimum")
    axes.plot([], [], "^", color="C2", ms=9, label="maximum")
    axes.set(xlabel="x", ylabel="y", aspect="equal", title=title)
    axes.set(xlim=window[0], ylim=window[1])
    figure.legend(loc="outside lower center", ncols=3)


# Picture: Contours of a hill with its top at the origin, and an ellipse below
# it. Four triangles on the ellipse, pointing down in minima and up in maxima.
# At each, a thin arrow straight out of the ellipse and a thick one, the slope
# of the hill, lie on one line. At three they point in opposite directions,
# and at the maximum nearest to the top in the same one.
window = (-2.0, 2.0), (-2.4, 0.6)
levels = np.linspace(0.1, 0.9, 9)
draw_gradients(bell, ellipse, path, on_ellipse, window, levels, "The hill")

# Picture: Height against the angle once round the ellipse: a high top, a low
# top, and two lows, one much deeper than the other, each marked by its
# triangle.
_, axes = plt.subplots()
axes.plot(np.degrees(angle), bell(path))
for r in on_ellipse:
    turned = np.arctan2(np.sqrt(3) * (r.x[1] + 1), r.x[0])
    marker = "v" if r.kind == "minimum" else "^"
    place = np.degrees(turned) % 360, r.fun
    axes.plot(*place, marker, color="C2", ms=10)
    above = 12 if r.kind == "maximum" else -20
    offset = {"textcoords": "offset points", "xytext": (0, above)}
    label = f"λ = {r.multipliers[0]:.3f}"
    axes.annotate(label, place, ha="center", **offset)
axes.set(xlabel="angle in degrees", ylabel="f", ylim=(0, 1.1))
axes.set(
    title="Once round the ellipse", xlim=(0, 400), xticks=range(0, 361, 90)
)
plt.show()

# %% [markdown]
r"""
Second exercise: $f = -e^{x - y^2 + xy}$ on $\cosh y + x - 2 = 0$, a curve
that opens to the left. `lagrange` needs no start on the curve. As the sign of
$\lambda$ depends on the convention, only its size is compared.
"""


# %%
def trough(p):
    x, y = p
    return -np.exp(x - y**2 + x * y)


def chain(p):
    x, y = p
    return np.cosh(y) + x - 2


least = lagrange(trough, [0.0, 0.0], chain, find="min")
most = lagrange(trough, [-1.0, -1.5], chain, find="max")
show_points([least, most])
print("\nin the course: minimum (0.957782, 0.289565), f = -3.162221,")
print("               |λ| = 4.077889")
for y in (2.5, -3.0):
    print(f"f on the curve at y = {y:4}: {trough((2 - np.cosh(y), y)):.4g}")
for step in (0.001, 0.0001):

    def moved(p, step=step):
        return chain(p) - step

    eased = lagrange(trough, least.x, moved, find="min")
    change = (eased.fun - least.fun) / step
    print(f"with c = {step}: f changes by {change:.4f} per unit of c")

# %% [markdown]
r"""
The multiplier has a meaning: it is the price of the constraint. If the curve
is moved to $c = \epsilon$, the least $f$ changes by $-\lambda \epsilon$, to
first order: the smaller the step, the closer the rate is to $-\lambda$.

Both points are extremes of their own stretch of the curve and no more. Along
the upper arm $f$ rises to 0, above the maximum, and never gets there. Along
the lower arm $xy$ grows, and $f$ falls below the minimum without end.
"""

# %%
# Picture: Contours, and a curve that opens to the left. On its right end a
# minimum, where both arrows lie on one line and are opposed; on its lower arm
# a maximum, where they point the same way.
y = np.linspace(-2.55, 1.9, 200)
curve = 2 - np.cosh(y), y
window = (-3.0, 2.4), (-2.6, 1.4)
levels = -np.geomspace(0.01, 40, 13)[::-1]
both = [least, most]
draw_gradients(trough, chain, curve, both, window, levels, "The trough")

# Picture: f against y along the curve: one low at 0.29, a shallow top at
# -1.82 just below zero. To the right the curve comes up to zero, to the left
# it turns down steeply.
_, axes = plt.subplots()
axes.plot(y, trough(curve))
axes.plot(least.x[1], least.fun, "v", color="C2", ms=10, label="minimum")
axes.plot(most.x[1], most.fun, "^", color="C2", ms=10, label="maximum")
axes.set(xlabel="y along the curve", ylabel="f", title="f along the curve")
axes.legend()
plt.show()
