# %% [markdown]
r"""
# A straight line by least χ²

Five points, and a line $y = m x + c$ that is to pass as near to them as it can.
"Near" is measured by *χ²*, the sum of the squared *residuals*:

$$ \chi^2(m, c) = \sum_{i} (y_i - m x_i - c)^2 . $$

The five points are equally sure, and no error is given for them. Where points
have errors, each residual is divided by its own first.

χ² is a function of the two *parameters*, and least where its gradient vanishes.
For a line these are two linear equations, with a solution in closed form:

$$
m = \frac{\sum_i (x_i - \bar{x})\, y_i}{\sum_i (x_i - \bar{x})^2},
\qquad c = \bar{y} - m \bar{x} .
$$
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import hessian
from fit import chi_squared, curve_fit
from optim import gradient_descent

x = np.array([0.4, 0.5, 0.6, 0.7, 0.8])
y = np.array([0.1, 0.25, 0.55, 0.75, 0.85])


def model(x, m, c):
    return m * x + c


f = chi_squared(model, x, y)
m = np.sum((x - x.mean()) * y) / np.sum((x - x.mean()) ** 2)
c = y.mean() - m * x.mean()
print(f"closed form   m = {m:.6f}   c = {c:.6f}   χ² = {f([m, c]):.6f}")
print("in the course m = 2          c = -0.7        χ² = 0.01")

# %% [markdown]
"""
Steepest descent knows nothing of that formula. Its steps must be shorter than 2
over the largest curvature, which the Hessian of χ² has. `curve_fit` has better
ways, and gives the errors.
"""

# %%
steepest = np.linalg.eigvalsh(hessian(f)([0.0, 0.0]))[-1]
step = 1.8 / steepest
descent = gradient_descent(
    f, [0.0, 0.0], step=step, maxiter=5000, gtol=1e-9, path=True
)
best, covariance = curve_fit(model, x, y)

rows = {
    "closed form": (m, c),
    f"gradient descent, {descent.nit} steps": descent.x,
    "curve_fit": best,
}
print("| way                         |        m |         c |       χ² |")
print("| :-------------------------- | -------: | --------: | -------: |")
for way, p in rows.items():
    print(f"| {way:27} | {p[0]:8.6f} | {p[1]:9.6f} | {f(p):8.6f} |")
errors = np.sqrt(np.diag(covariance))
print(f"\nerrors by curve_fit: {errors[0]:.6f} of m, {errors[1]:.6f} of c")

# %%
# Picture: Five points rise from lower left to upper right. The line of least χ²
# passes between them, and a short stroke joins each point to it: the residual.
figure, axes = plt.subplots()
ends = np.array([0.35, 0.85])
axes.plot(ends, model(ends, *best), label=f"y = {m:.3g} x - {-c:.3g}")
axes.vlines(x, y, model(x, *best), color="C1")
axes.plot(x, y, "o", label="data")
axes.set(xlabel="x", ylabel="y", title="The line of least χ²")
axes.legend()
plt.show()

# %% [markdown]
r"""
## The surface of χ²

χ² of a line is a quadratic function of its parameters, so its contours are
ellipses about the minimum. They are long and lean here, because all $x$ lie to
one side of zero: a steeper line with a lower intercept passes the points almost
as well. The two errors are *correlated*, and the best pairs lie along a valley.

The step is a little shorter than the longest that is allowed, so the descent
leaps from one wall of the valley to the other at first. Then hundreds of small
steps follow along its floor, where the slope is slight.

How far may the parameters be from the best before the data object? Where the
size of the data's errors is not known, it is estimated from the residuals:
$s^2 = \chi^2_{\min} / (5 - 2)$. Five points less two fitted parameters leave
three *degrees of freedom*. The ellipse on which χ² has risen by $s^2$ over its
minimum reaches just as far to the sides as the errors that `curve_fit` gives.
"""

# %%
variance = f(best) / (len(x) - 2)
slopes, intercepts = np.linspace(-0.3, 2.6, 150), np.linspace(-1.1, 0.7, 150)
surface = np.array([[f([m, c]) for m in slopes] for c in intercepts])

# Picture: Contours of χ² over slope m and intercept c are lean ellipses that
# slant from upper left to lower right. From the upper left the path of descent
# zigzags across their valley, then follows its floor to the best line.
figure, axes = plt.subplots()
levels = np.geomspace(0.02, 5, 10)
axes.contour(slopes, intercepts, surface, levels, colors="0.45", linewidths=0.8)
axes.plot(*descent.path.T, ".-", ms=3, lw=1, label="descent from m = c = 0")
axes.plot(*best, "*", ms=12, label="least χ²")
axes.set(xlabel="slope m", ylabel="intercept c", title="Down the valley of χ²")
axes.legend(frameon=True, framealpha=1, edgecolor="white")
plt.show()

# Picture: About the best line the ellipse on which χ² has risen by s squared.
# It touches a box that reaches one standard error to each side of m and of c.
figure, axes = plt.subplots()
near_m = best[0] + errors[0] * np.linspace(-1.6, 1.6, 120)
near_c = best[1] + errors[1] * np.linspace(-1.6, 1.6, 120)
near = np.array([[f([m, c]) for m in near_m] for c in near_c])
axes.contour(near_m, near_c, near, [f(best) + variance], colors="C1")
for sign in (-1, 1):
    axes.axvline(best[0] + sign * errors[0], color="0.45", lw=1, ls="--")
    axes.axhline(best[1] + sign * errors[1], color="0.45", lw=1, ls="--")
axes.plot(*best, "*", color="C1", ms=12)
axes.set(xlabel="slope m", ylabel="intercept c")
axes.set(xlim=near_m[[0, -1]], ylim=near_c[[0, -1]], title="The ellipse of 1 σ")
plt.show()

# %%
correlation = covariance[0, 1] / (errors[0] * errors[1])
print(f"s² = {variance:.6f}, correlation of m and c: {correlation:.4f}")
