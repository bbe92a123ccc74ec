# %% [markdown]
r"""
# Jacobians of coordinate changes

A map takes a point to a point: $(u, v)$ to $(x(u, v),\, y(u, v))$, say. Each
of the new coordinates has a gradient; written as rows they make the *Jacobian*

$$
J = \begin{pmatrix} \partial x / \partial u & \partial x / \partial v \\
\partial y / \partial u & \partial y / \partial v \end{pmatrix} .
$$

Near a point the map does what this matrix does: a small step $\mathbf{d}$
becomes the step $J \mathbf{d}$. And the *determinant* of $J$ is the factor by
which small areas grow, or volumes in three dimensions.

*Spherical coordinates* say where a point is by its distance $r$, its angle
$\theta$ from the $z$ axis and its angle $\varphi$ around it:

$$ x = r \sin\theta \cos\varphi, \quad y = r \sin\theta \sin\varphi,
\quad z = r \cos\theta . $$

By hand, $\det J = r^2 \sin\theta$.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import jacobian


def spherical(p):
    r, theta, phi = p
    x = r * np.sin(theta) * np.cos(phi)
    y = r * np.sin(theta) * np.sin(phi)
    return x, y, r * np.cos(theta)


def spherical_by_hand(p):
    r, theta, phi = p
    st, ct, sp, cp = np.sin(theta), np.cos(theta), np.sin(phi), np.cos(phi)
    return np.array(
        [
            [st * cp, r * ct * cp, -r * st * sp],
            [st * sp, r * ct * sp, r * st * cp],
            [ct, -r * st, 0],
        ]
    )


p = np.array([2.0, 0.8, 0.5])
J = jacobian(spherical)(p)
print("J at r = 2, θ = 0.8, φ = 0.5, and by hand:")
for found, by_hand in zip(J, spherical_by_hand(p), strict=True):
    print(*(f"{e:8.4f}" for e in found), "  ", *(f"{e:8.4f}" for e in by_hand))
volume = p[0] ** 2 * np.sin(p[1])
print(f"\ndeterminant {np.linalg.det(J):.6f}   r² sin θ = {volume:.6f}")

# %% [markdown]
r"""
The second map squares a complex number, $(u + iv)^2$:

$$
x = u^2 - v^2, \quad y = 2 u v, \qquad
J = \begin{pmatrix} 2u & -2v \\ 2v & 2u \end{pmatrix} , \qquad
\det J = 4\,(u^2 + v^2) .
$$

It bends a square grid. We follow four small squares, compute the areas of
their images from their bent outlines, and put the determinant at each square's
middle beside it.
"""


# %%
def square(p):
    u, v = p
    return u**2 - v**2, 2 * u * v


def outline(corner, side=0.25, points=400):
    t = np.linspace(0, side, points, endpoint=False)
    zero, full = np.zeros(points), np.full(points, side)
    right_and_up = np.concatenate([t, full, side - t, zero])
    up_and_left = np.concatenate([zero, t, full, side - t])
    return np.stack([corner[0] + right_and_up, corner[1] + up_and_left])


def area(xy):
    x, y = xy
    return np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2


corners = [(0.0, 0.0), (0.75, 0.25), (0.25, 1.0), (1.25, 1.25)]
print("| middle         | det J there | 4(u² + v²) | area of image / square |")
print("| :------------- | ----------: | ---------: | ---------------------: |")
for corner in corners:
    u, v = middle = np.array(corner) + 0.125
    det = np.linalg.det(jacobian(square)(middle))
    ratio = area(square(outline(corner))) / area(outline(corner))
    name = f"({u:.3f}, {v:.3f})"
    numbers = f"{det:11.5f} | {4 * (u**2 + v**2):10.5f} | {ratio:22.5f}"
    print(f"| {name:14} | {numbers} |")


# %%
# Picture: A square grid of straight lines from 0 to 1.5 either way, with four
# small squares of the same size marked 1 to 4, from the origin to the far
# corner.
def draw_grid(axes, change):
    above = {"ha": "center", "va": "bottom"}
    t = np.linspace(0, 1.5, 100)
    for fixed in np.linspace(0, 1.5, 7):
        for curve in ((t, np.full(100, fixed)), (np.full(100, fixed), t)):
            axes.plot(*change(curve), "0.45", linestyle="-", linewidth=1)
    for i, corner in enumerate(corners):
        around = change(outline(corner))
        axes.plot(*around, f"C{i}", linestyle="-", lw=2)
        axes.text(np.mean(around[0]), np.max(around[1]) + 0.02, i + 1, **above)


figure, axes = plt.subplots()
draw_grid(axes, lambda p: p)
axes.set(xlabel="u", ylabel="v", aspect="equal", title="Four small squares")

# Picture: The same grid after the map: its lines are parabolas that still
# cross at right angles. Square 1, at the origin, has shrunk to almost nothing,
# the others are turned and larger, square 4 by far the largest.
figure, axes = plt.subplots()
draw_grid(axes, square)
axes.set(xlabel="x", ylabel="y", aspect="equal", title="Their images")
plt.show()

# %% [markdown]
r"""
At the origin the determinant is zero: angles there are doubled, and a quarter
of the plane becomes a half. The table says more: the image of each square is
larger than the determinant at its middle says, by the same 0.04167. The
determinant is not the same all over a square, and its mean exceeds that in the
middle by two thirds of the side squared. The smaller the square, the less that
matters.

Everywhere else the columns of $J$ are as long as each other and
perpendicular, so the map stretches alike in all directions, and right angles
stay right: except at the origin it is *conformal*.

The third map goes from three dimensions to three:

$$ (9 x^2 y^2 + z e^x,\; xy + x^2 y^3 + 2z,\; \cos x \,\sin z\; e^y) . $$
"""


# %%
def third(p):
    x, y, z = p
    first = 9 * x**2 * y**2 + z * np.exp(x)
    second = x * y + x**2 * y**3 + 2 * z
    return first, second, np.cos(x) * np.sin(z) * np.exp(y)


J = jacobian(third)(np.zeros(3))
print(f"at the origin by jacobian:\n{J}")
print("by hand, rows (0, 0, 1), (0, 0, 2), (0, 0, 1)")
print("\ndeterminant", np.linalg.det(J), "  rank", np.linalg.matrix_rank(J))
for d in ((0.01, 0, 0), (0, 0.01, 0), (0, 0, 0.01)):
    there = ", ".join(f"{e:.5f}" for e in third(d))
    print(f"a step {d} leads to ({there})")

# %% [markdown]
"""
Two columns are zero. Steps along $x$ and $y$ lead nowhere, and what a step
along $z$ gives has the direction (1, 2, 1): near the origin the map squashes
space onto a line. Its volume is zero, and so is the determinant.
"""
