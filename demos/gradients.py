# %% [markdown]
r"""
# Gradients

A function of two variables is a landscape: over each point $(x, y)$ stands a
height. Its *gradient* collects the two *partial derivatives*,

$$
\nabla f = \begin{pmatrix} \partial f / \partial x \\ \partial f / \partial y
\end{pmatrix} ,
$$

an arrow on the map that belongs to each point. Where does it point, and what
does its length say? Take a landscape with one hill and one hollow:

$$
f(x, y) = x\, e^{-(x^2 + y^2)/2}, \qquad
\nabla f = e^{-(x^2 + y^2)/2} \begin{pmatrix} 1 - x^2 \\ -x y \end{pmatrix} .
$$
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, jvp


def f(p):
    x, y = p
    return x * np.exp(-(x**2 + y**2) / 2)


def by_hand(p):
    x, y = p
    return np.exp(-(x**2 + y**2) / 2) * np.array([1 - x**2, -x * y])


print("| point        | ∂f/∂x by grad | by hand | ∂f/∂y by grad | by hand |")
print("| :----------- | ------------: | ------: | ------------: | ------: |")
for p in np.array([[0.0, 0.0], [0.5, 0.8], [1.0, 0.0], [-1.0, 1.0]]):
    (a, b), (c, d) = grad(f)(p), by_hand(p)
    point = f"({p[0]:.1f}, {p[1]:.1f})"
    print(f"| {point:12} | {a:z13.4f} | {c:z7.4f} | {b:z13.4f} | {d:z7.4f} |")

# %% [markdown]
r"""
The hill's top is at $(1, 0)$, the hollow's bottom at $(-1, 0)$: there the
gradient is zero. Everywhere else it has a direction. For the map we want it at
many points at once. Each height depends on its own point only, so the gradient
of the sum of all heights holds them all.
"""

# %%
ticks = np.linspace(-2.4, 2.4, 121)
places = np.stack(np.meshgrid(ticks, ticks))
arrows = places[:, 6::12, 6::12]
slopes = grad(lambda p: np.sum(f(p)))(arrows)

# Picture: Contours around a hill on the right and a hollow on the left, and a
# field of arrows. They cross the contours at right angles, away from the
# hollow and towards the hill; they are long where the contours are close
# together, and vanish at the top and at the bottom.
figure, axes = plt.subplots()
lines = axes.contour(*places, f(places), 12, colors="0.45", linewidths=1)
axes.quiver(*arrows, *slopes, color="C0", scale=9, width=0.006)
axes.plot(1, 0, "^", color="C1", label="top")
axes.plot(-1, 0, "v", color="C1", label="bottom")
axes.set(xlabel="x", ylabel="y", aspect="equal", title="Gradients on contours")
figure.legend(loc="outside lower center", ncols=2)
plt.show()

# Picture: The same landscape as a surface: a round hill beside a round hollow,
# level far from both. On the ground below lie its contours, with the arrows.
figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
axes.plot_surface(*places, f(places), cmap="viridis", rcount=40, ccount=40)
axes.contour(*places, f(places), 12, offset=-1.5, colors="0.45", linewidths=1)
floor = np.full(arrows[0].shape, -1.5)
parts = *slopes, np.zeros_like(floor)
axes.quiver(*arrows, floor, *parts, color="C0", length=0.5, linewidth=1)
axes.set(xlabel="x", ylabel="y", zlabel="f", zlim=(-1.5, 0.7))
axes.set(title="The surface above")
axes.view_init(25, -60)
plt.show()

# %% [markdown]
r"""
Is the angle really a right one? Along a contour the height stays the same, so
the slope in its direction is zero: the gradient has no part along it. We
measure it on the contours that were drawn, which are chains of short straight
pieces: at the middle of each piece, the angle between the piece and the
gradient.
"""

# %%
angles = []
for chain in (chain for level in lines.allsegs for chain in level):
    pieces, middles = np.diff(chain, axis=0), (chain[1:] + chain[:-1]) / 2
    g = grad(lambda p: np.sum(f(p)))(middles.T).T
    across = g[:, 0] * pieces[:, 1] - g[:, 1] * pieces[:, 0]
    along = np.sum(g * pieces, axis=1)
    angles.append(np.degrees(np.arctan2(np.abs(across), along)))
angles = np.concatenate(angles)
print(f"{len(angles)} pieces of contours")
print(f"mean angle to the gradient       {angles.mean():7.2f}°")
print(f"nine of ten lie between          {np.quantile(angles, 0.05):7.2f}°")
print(f"and                              {np.quantile(angles, 0.95):7.2f}°")

# %% [markdown]
r"""
And the length? The slope in the direction of a unit arrow $\mathbf{u}$ is the
*directional derivative* $\nabla f \cdot \mathbf{u}$. `jvp` computes it without
the gradient: it returns the height, and after it, as number `[1]`, the slope
along the arrow. We stand at $(0.5, 0.8)$ and turn around once.
"""

# %%
here = np.array([0.5, 0.8])
turns = np.linspace(0, 2 * np.pi, 361)
rises = [jvp(f, here, np.array([np.cos(t), np.sin(t)]))[1] for t in turns]
best = np.argmax(rises)
gx, gy = grad(f)(here)
seen = f"{np.degrees(turns[best]):6.1f}°, {rises[best]:.4f}"
print(f"steepest when looking at {seen}")
heading, length = np.degrees(np.arctan2(gy, gx)), np.hypot(gx, gy)
print(f"the gradient points to   {heading % 360:6.1f}°, length {length:.4f}")

# %%
# Picture: The slope against the direction that one looks in, a full turn: a
# cosine. It is highest in the gradient's direction, lowest in the opposite
# one, and zero in the two directions of the contour between them.
figure, axes = plt.subplots()
axes.plot(np.degrees(turns), rises, "C0")
axes.axhline(0, color="0.45", linestyle="-", linewidth=1)
marks = {0: "along ∇f", 90: "contour", 180: "against ∇f", 270: "contour"}
for turn, label in marks.items():
    axes.axvline((heading + turn) % 360, color="0.45", linestyle=":")
    axes.text((heading + turn) % 360 + 4, -1.08, label, rotation=90)
axes.set(xlabel="direction in degrees", ylabel="slope", ylim=(-1.1, 0.8))
axes.set(xticks=range(0, 361, 60), title="The slope, once around")
plt.show()

# %% [markdown]
"""
So the gradient points straight uphill and is as long as the steepest slope
there. Against it is the steepest way down: that is all that *gradient descent*
knows.
"""
