# %% [markdown]
r"""
# A straight line by least χ²

Five points, and a line $y = m x + c$ that is to pass as near to them as it can.
"Near" is measured by *χ²*, the sum of the squared *residuals*:

$$ \chi^2(m, c) = \sum_{i} (y_i - m x_i - c)^2 . $$

It is a function of the two *parameters*, and least where its gradient vanishes.
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


def line(x, m, c):
    return m * x + c


f = chi_squared(line, x, y)
m = np.sum((x - x.mean()) * y) / np.sum((x - x.mean()) ** 2)
c = y.mean() - m * x.mean()
print(f"closed form   m = {m:.6f}   c = {c:.6f}   χ² = {f([m, c]):.6f}")
print("expected      m = 2          c = -0.7        χ² = 0.01")

# %% [markdown]
"""
Steepest descent knows nothing of that formula. Its steps must be shorter than 2
over the largest curvature, which the Hessian of χ² has. `curve_fit` has better
ways, and gives the errors.
"""

# %%
steepest = np.linalg.eigvalsh(hessian(f)([0.0, 0.0]))[-1]
step = 1.8 / steepest
descent = gradient_descent(f, [0.0, 0.0], step=step, maxiter=5000, gtol=1e-9)
best, covariance = curve_fit(line, x, y)

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
axes.plot(ends, line(ends, *best), label=f"y = {m:.3g} x - {-c:.3g}")
axes.vlines(x, y, line(x, *best), color="C1")
axes.plot(x, y, "o", label="data")
axes.set(xlabel="x", ylabel="y", title="The line of least χ²")
axes.legend()
plt.show()
