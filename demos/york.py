# %% [markdown]
r"""
# Errors in both axes

In 1901 Karl Pearson took ten points to ask for "the line of closest fit". In
1966 Derek York gave each of them an error in $x$ as well as one in $y$, as
weights $w = 1/\sigma^2$. From left to right the errors in $y$ shrink, and those
in $x$ grow by and large.

*Least squares* of $y$ alone believes each $x$ to the last digit. With errors in
both, a point may move sideways, too. The line and the points' true places
$\hat{x}_i$ are then found together, by the least

$$
\chi^2 = \sum_i \left[ \frac{(x_i - \hat{x}_i)^2}{\sigma_{x,i}^2}
       + \frac{(y_i - a - b\,\hat{x}_i)^2}{\sigma_{y,i}^2} \right] .
$$

This is the *orthogonal distance* in units of the errors. For a line the best
$\hat{x}_i$ can be put in by hand, and what is left has an *effective variance*
in the place of $\sigma_y^2$:

$$
\chi^2 = \sum_i
\frac{(y_i - a - b\,x_i)^2}{\sigma_{y,i}^2 + b^2 \sigma_{x,i}^2} .
$$

Now the slope $b$ stands in the denominator as well: the problem is not linear
any more, although the model is a straight line.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from fit import Line, fit, line

x = np.array([0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
x_sigma = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1]) ** -0.5
y_sigma = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]) ** -0.5

distance = fit(Line(), x, y, y_sigma, x_sigma=x_sigma)
variance = fit(
    Line(), x, y, y_sigma, x_sigma=x_sigma, method="effective-variance"
)
ignored = line(x, y, y_sigma)

lines = {
    "errors in x ignored": ignored,
    "effective variance": variance,
    "orthogonal distance": distance,
}
print("| way                 |    intercept |         slope |            χ² |")
print("| :------------------ | -----------: | ------------: | ------------: |")
for way, found in lines.items():
    a, b = found.values["intercept"], found.values["slope"]
    print(
        f"| {way:19} | {a:12.10f} | {b:13.10f} | {found.chi_squared:13.10f} |"
    )
print("\npublished: 5.4799102240, -0.4805334074, χ² 11.8663531941")

print("\n| errors              | of the intercept | of the slope |")
print("| :------------------ | ---------------: | -----------: |")
for way, found in lines.items():
    a, b = found.errors["intercept"], found.errors["slope"]
    print(f"| {way:19} | {a:16.7f} | {b:12.7f} |")
print("\npublished: 0.2949707 and 0.0579850")

# %% [markdown]
"""
The two ways with errors in $x$ are one and the same for a line, and agree with
what was published for these points and weights. The line that ignores them is
another one, and it is *too sure* of itself: its errors are smaller, while its
χ² says that something is wrong. If model and errors are right, each point adds
about 1 to χ², and each fitted parameter takes about 1 away. So χ² should be
about as large as the number of *degrees of freedom*: 10 points less 2
parameters are 8.
"""

# %%
# Picture: Ten points fall from upper left to lower right. Those on the left
# have long bars upwards and downwards, those on the right long bars sideways.
# Two lines pass through them; the one that ignores errors in x is the steeper
# one.
figure, axes = plt.subplots()
ends = np.array([-0.5, 8.6])
axes.errorbar(x, y, y_sigma, x_sigma, fmt="o", color="C5", ms=4, elinewidth=1)
axes.plot(ends, distance.predict(ends), color="C0", label="errors in both")
axes.plot(ends, ignored.predict(ends), color="C1", ls="--", label="in y only")
axes.set(xlabel="x", ylabel="y", title="Errors in x turn the line")
axes.legend()
plt.show()

# Picture: The pulls of the ten points. Where errors in x are ignored, points on
# the right are up to 3.6 standard deviations off; with errors in both axes all
# stay within 2.
figure, axes = plt.subplots()
axes.axhline(0, color="0.45", lw=1)
axes.plot(x, ignored.pulls, "s", color="C1", mfc="none", label="in y only")
axes.plot(x, distance.pulls, "o", color="C0", label="errors in both")
axes.set(xlabel="x", ylabel="pull (standard deviations)", ylim=(-4.5, 4.5))
axes.set(title="The pulls of both lines")
axes.legend()
plt.show()

# %%
for found in (ignored, distance):
    largest = np.max(np.abs(found.pulls))
    print(f"largest pull {largest:.2f}, p-value {found.p_value:.1e}")
