# %% [markdown]
r"""
# The derivative of a fit

A fit is a function: data go in, the best parameters $\hat{p}(y)$ come out. How
does $\hat{p}$ move when a single point $y_i$ does?

One could move the point, fit again, and divide. That is two fits for each
point, and each must be exact to many digits. But no fit has to be repeated. At
the minimum the gradient of χ² vanishes,

$$ F(\hat{p}, y) = \nabla_p \, \chi^2(\hat{p}, y) = 0 , $$

and it stays zero while the data move. Its total derivative is then zero, too,
which gives the *implicit function theorem*:

$$
\frac{\partial \hat{p}}{\partial y} =
- \left( \frac{\partial F}{\partial p} \right)^{-1}
\frac{\partial F}{\partial y} .
$$

`implicit` takes the equation $F$ and whatever solves it, here `curve_fit`, and
returns a function that can be differentiated. How the solver found its answer
does not matter.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, implicit, jacobian
from fit import curve_fit

t = np.linspace(0, 5.5, 12)
error = 0.05
noise = np.random.default_rng(3).normal(size=12)


def decay(t, height, rate):
    return height * np.exp(-rate * t)


y = decay(t, 2.0, 0.7) + error * noise


def chi_squared(p, y):
    return np.sum(((decay(t, *p) - y) / error) ** 2)


def solve(y):
    return curve_fit(decay, t, y, p0=(1.0, 1.0))[0]


best = implicit(grad(chi_squared), solve)
derivative = jacobian(best)(y)

h = 1e-4
refits = np.stack(
    [(solve(y + h * e) - solve(y - h * e)) / (2 * h) for e in np.eye(12)],
    axis=1,
)
print("height {:.4f}, rate {:.4f}".format(*best(y)))
print("\n|   t | ∂height/∂y | by refits | ∂rate/∂y | by refits |")
print("| --: | ---------: | --------: | -------: | --------: |")
for i in range(12):
    (a, b), (c, d) = derivative[:, i], refits[:, i]
    print(f"| {t[i]:3} | {a:10.5f} | {c:9.5f} | {b:8.5f} | {d:9.5f} |")
print(f"\nlargest difference: {np.max(np.abs(derivative - refits)):.0e}")

# %% [markdown]
"""
Twelve points have taken 24 more fits by differences, and one linear system of
two equations by `implicit`.

## The influence of each point

Times its error, the derivative says by how much a parameter moves when a point
moves by one standard deviation. That is the point's *influence*.
"""

# %%
influence = derivative * error
# Picture: Two rows of bars over time. Above, the influence on the height: large
# for the first point and small from the third on. Below, that on the rate: the
# first point raises it, those from 1 to 3 lower it most, and later ones lower
# it less and less.
figure, (upper, lower) = plt.subplots(2, 1, sharex=True)
upper.bar(t, influence[0], 0.3, color="C0")
upper.set(ylabel="on the height", title="What one standard deviation moves")
lower.bar(t, influence[1], 0.3, color="C1", hatch="//", edgecolor="white")
lower.set(xlabel="time t", ylabel="on the rate (1/time)")
for axes in (upper, lower):
    axes.axhline(0, color="0.45", lw=0.8)
plt.show()

# %% [markdown]
r"""
A first point that is higher lifts the height, and makes the decay steeper.
Points in the middle that are higher make it slower. Late points, where the
curve is near zero whatever the rate, have less and less of a say, although they
are measured as well as the others.

## Errors are influences, added up

If the points err independently, the squares of the influences add up to the
squared error of the parameter. `curve_fit` gives almost the same, and the
little that is missing has a reason. It takes the model for straight near the
minimum, as is usual for least squares. Then $\partial F/\partial p$ has the
slopes of the model only. The whole derivative has its bends too, each times a
residual. Where all residuals are zero, as for data that are on the curve, the
two are one.
"""

# %%
added = np.sqrt(np.sum(influence**2, axis=1))
on_curve = error * jacobian(best)(decay(t, *best(y)))
added_there = np.sqrt(np.sum(on_curve**2, axis=1))
_, covariance = curve_fit(
    decay, t, y, p0=(1, 1), sigma=error, absolute_sigma=True
)
by_fit = np.sqrt(np.diag(covariance))
print("| error of | influences | on the curve | by curve_fit |")
print("| :------- | ---------: | -----------: | -----------: |")
for i, name in enumerate(("height", "rate")):
    print(f"| {name:8} | {added[i]:10.6f} |", end="")
    print(f" {added_there[i]:12.6f} | {by_fit[i]:12.6f} |")

# %% [markdown]
"""
What follows from the fit can be differentiated as well, for instance the time
in which the decay halves:
"""


# %%
def half_life(y):
    return np.log(2) / best(y)[1]


slopes = grad(half_life)(y)
most = np.argmax(np.abs(slopes))
print(f"half-life {half_life(y):.3f} ± {error * np.linalg.norm(slopes):.3f}")
print(f"the point that moves it most is that at t = {t[most]:g}")
