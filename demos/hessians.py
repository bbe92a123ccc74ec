# %% [markdown]
r"""
# Hessians and critical points

The gradient says how a landscape slopes; the *Hessian* says how it curves. It
is the matrix of all second derivatives,

$$
H = \begin{pmatrix}
\partial^2 f / \partial x^2 & \partial^2 f / \partial x \partial y \\
\partial^2 f / \partial y \partial x & \partial^2 f / \partial y^2
\end{pmatrix} ,
$$

and symmetric wherever these are continuous: the order of the two derivatives
does not matter. Here are four functions, each with its Hessian by hand and by
`hessian`, at a point.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, hessian

x, y, z = 0.7, -0.4, 1.2
e, sin, cos = np.exp, np.sin, np.cos

c, s = e(-y) * cos(z), e(-y) * sin(z)  # of the third
functions = {
    "x³y + x + 2y": (
        lambda x, y: x**3 * y + x + 2 * y,
        [[6 * x * y, 3 * x**2], [3 * x**2, 0]],
    ),
    "eˣ cos y": (
        lambda x, y: e(x) * cos(y),
        [[e(x) * cos(y), -e(x) * sin(y)], [-e(x) * sin(y), -e(x) * cos(y)]],
    ),
    "x² e⁻ʸ cos z": (
        lambda x, y, z: x**2 * e(-y) * cos(z),
        [
            [2 * c, -2 * x * c, -2 * x * s],
            [-2 * x * c, x**2 * c, x**2 * s],
            [-2 * x * s, x**2 * s, -(x**2) * c],
        ],
    ),
    "x eʸ + y² cos z": (
        lambda x, y, z: x * e(y) + y**2 * cos(z),
        [
            [0, e(y), 0],
            [e(y), x * e(y) + 2 * cos(z), -2 * y * sin(z)],
            [0, -2 * y * sin(z), -(y**2) * cos(z)],
        ],
    ),
}
for name, (f, by_hand) in functions.items():
    point = np.array([x, y, z][: len(by_hand)])
    H = hessian(lambda p, f=f: f(*p))(point)
    print(f"{name} at {tuple(point.tolist())}: by hessian, by hand")
    for rows in zip(H, by_hand, strict=True):
        pair = (" ".join(f"{each:z8.4f}" for each in row) for row in rows)
        print("  ", "    ".join(pair))

# %% [markdown]
r"""
Where the gradient is zero the landscape is level: a *critical point*. Is it
the bottom of a hollow, the top of a hill, or something else? The *eigenvalues*
of the Hessian say how the landscape curves along its principal directions, the
*eigenvectors*:

- all positive: up in every direction, a *minimum*;
- all negative: down in every direction, a *maximum*;
- of both signs: up in one direction, down in another, a *saddle point*.

The landscape $f(x, y) = x y\, e^{-(x^2 + y^2)/2}$ has all three kinds. Its
gradient $e^{-(x^2 + y^2)/2} \, (y - x^2 y,\; x - x y^2)$ vanishes at five
points.
"""


# %%
def f(p):
    x, y = p
    return x * y * np.exp(-(x**2 + y**2) / 2)


def kind(eigenvalues):
    if np.all(eigenvalues > 0):
        return "minimum"
    if np.all(eigenvalues < 0):
        return "maximum"
    both = eigenvalues.min() < 0 < eigenvalues.max()
    return "saddle point" if both else "undecided"


points = np.array([[0, 0], [1, 1], [-1, -1], [1, -1], [-1, 1]], dtype=float)
kinds = []
print("| point    | gradient | eigenvalues      |    det H | kind         |")
print("| :------- | -------: | :--------------- | -------: | :----------- |")
for p in points:
    eigenvalues = np.linalg.eigvalsh(hessian(f)(p))
    kinds.append(kind(eigenvalues))
    name = f"({p[0]:g}, {p[1]:g})"
    pair = ", ".join(f"{each:.4f}" for each in eigenvalues)
    numbers = f"{np.linalg.norm(grad(f)(p)):8.1g} | {pair:16}"
    det = np.prod(eigenvalues)
    print(f"| {name:8} | {numbers} | {det:8.4f} | {kinds[-1]:12} |")

directions = np.linalg.eigh(hessian(f)(points[0]))[1].T
print("\nH at the origin:", *hessian(f)(points[0]).tolist())
for curvature, d in zip((-1, 1), directions, strict=True):
    print(f"curvature {curvature:2d} along ({d[0]:.4f}, {d[1]:.4f})")

# %% [markdown]
r"""
At the origin both entries on the diagonal are zero: along the axes the
landscape does not curve at all. Along the diagonals it does, upwards along one
and downwards along the other, and only the eigenvalues show it. The
determinant, their product, is negative at a saddle point of two variables;
where it is positive, both have the same sign.
"""

# %%
ticks = np.linspace(-2.2, 2.2, 121)
places = np.stack(np.meshgrid(ticks, ticks))

# Picture: Contours of the landscape. Two hills in the upper right and the
# lower left, two hollows in the other corners. At the saddle between the four
# the contours are hyperbolas; two arrows there follow the diagonals.
figure, axes = plt.subplots()
lines = axes.contour(*places, f(places), 12, colors="0.45", linewidths=1)
axes.clabel(lines, lines.levels[::3], fontsize=8, colors="black")
marks = {"minimum": "C0v", "maximum": "C1^", "saddle point": "C2s"}
for name, mark in marks.items():
    chosen = points[np.array(kinds) == name]
    axes.plot(*chosen.T, mark, ms=9, linestyle="none", label=name)
for d in directions:
    axes.annotate(
        "", 0.75 * d, (0, 0), arrowprops={"arrowstyle": "->", "lw": 2}
    )
axes.set(xlabel="x", ylabel="y", aspect="equal", title="Five critical points")
figure.legend(loc="outside lower center", ncols=3, fontsize="small")
plt.show()

# %%
middles = {"Minimum": (1, -1), "Maximum": (1, 1), "Saddle point": (0, 0)}

# Picture: The surface about the point (1, -1): a bowl that opens upwards.

# Picture: The surface about the point (1, 1): a dome that falls to all sides.

# Picture: The surface about the origin: a saddle that rises towards two
# opposite corners and falls towards the two others.
for name, middle in middles.items():
    near = np.linspace(-0.7, 0.7, 30)
    patch = np.stack(np.meshgrid(middle[0] + near, middle[1] + near))
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    axes.plot_surface(*patch, f(patch), cmap="viridis", rcount=30, ccount=30)
    axes.set(xlabel="x", ylabel="y", zlabel="f", title=f"{name} at {middle}")
    axes.locator_params(nbins=4)
    axes.view_init(30, -70)
plt.show()

# %% [markdown]
r"""
Where an eigenvalue is zero the Hessian does not decide. The three functions
below have the same Hessian at the origin, all zeros, and go up, down, and both
ways: only higher derivatives tell them apart.
"""

# %%
level = {
    "x⁴ + y⁴": lambda p: p[0] ** 4 + p[1] ** 4,
    "-x⁴ - y⁴": lambda p: -(p[0] ** 4) - p[1] ** 4,
    "x³ - 3xy²": lambda p: p[0] ** 3 - 3 * p[0] * p[1] ** 2,
}
t = np.linspace(0, 2 * np.pi, 100)
print("| f         | eigenvalues | kind      | f on a circle about it |")
print("| :-------- | :---------- | :-------- | :--------------------- |")
for name, g in level.items():
    eigenvalues = np.linalg.eigvalsh(hessian(g)(np.zeros(2)))
    around = g(0.1 * np.stack([np.cos(t), np.sin(t)]))
    span = f"{around.min():.5f} to {around.max():.5f}"
    pair = ", ".join(f"{each:z.0f}" for each in eigenvalues)
    print(f"| {name:9} | {pair:11} | {kind(eigenvalues):9} | {span:22} |")
