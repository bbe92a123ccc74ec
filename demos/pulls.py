# %% [markdown]
r"""
# Pulls, p-values and outliers

A fit always gives a curve. Whether the curve describes the data is another
question, and two numbers answer it.

A *pull* is the residual of a point, divided by its error:

$$ \text{pull}_i = \frac{y_i - f(x_i)}{\sigma_i} . $$

If the model is right and the errors are, too, pulls scatter about 0 with a
standard deviation of about 1: two thirds lie within ±1, and few beyond ±2. χ²
is the sum of their squares.

The *p-value* says how often data from the fitted model would have a χ² as large
as this one or larger, by chance alone. It is a number between 0 and 1. Where
the model is right, all values between 0 and 1 are equally frequent. Where the
model is wrong or the errors are too small, it is near 0; near 1 the errors are
too large. It can be tried. `fit.line` fits a straight line in one go, as it has
a closed form; `Line`, further below, is the same line as a model for `fit`.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from fit import Line, fit, line

random = np.random.default_rng(0)
places = np.linspace(0, 1, 20)
truth = 1 + 2 * places
right, bent, bold = [], [], []
for noise in 0.1 * random.normal(size=(400, 20)):
    right.append(line(places, truth + noise, 0.1).p_value)
    curved = truth + places**2 + noise
    bent.append(line(places, curved, 0.1).p_value)
    bold.append(line(places, truth + noise, 0.07).p_value)

print("| 400 lines fitted         | p < 0.05 |")
print("| :----------------------- | -------: |")
for label, p_values in (
    ("model and errors right", right),
    ("data bent, line straight", bent),
    ("errors 30 % too small", bold),
):
    low = np.mean(np.array(p_values) < 0.05)
    print(f"| {label:24} | {low:8.0%} |")
print("\nexpected of the first: 5 %, as all p are equally frequent")

# %%
# Picture: Three histograms of 400 p-values. Where model and errors are right it
# is level; where the data are bent it falls from left to right; where errors
# are too small most are in the first bins at 0.
figure, axes = plt.subplots()
bins = np.linspace(0, 1, 11)
axes.hist(right, bins, histtype="step", lw=2, label="all right")
axes.hist(bent, bins, histtype="step", lw=2, ls="--", label="data bent")
axes.hist(bold, bins, histtype="step", lw=2, ls="-.", label="errors small")
axes.axhline(40, color="0.45", lw=1)
axes.set(xlabel="p-value", ylabel="fits", title="p-values of 400 fits")
axes.legend()
plt.show()

# %% [markdown]
"""
## Four sets of data with the same line

In 1973 Francis Anscombe made four sets of data that have the same line, the
same errors and the same *R²*, to two digits. R² is the share of the scatter of
$y$ that the line accounts for. No error was given for the points, so it is
estimated from the residuals, and there is no p-value. Only the pulls tell the
sets apart. In the pictures the grey band is ±1, where two thirds of them
belong.

- Set I: the pulls scatter without a pattern, as they should.
- Set II: they form an arch. The data are a parabola and no line.
- Set III: all but one lie on a tilted line. The one, an *outlier*, has drawn
  the fitted line towards itself.
- Set IV: ten points have the same $x$, and the eleventh has the pull 0. It
  alone decides the slope: the line passes through it, wherever it is.

Expected are the numbers that are published for set I.
"""

# %%
y = {
    "I": [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68],
    "II": [9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74],
    "III": [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73],
    "IV": [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89],
}
x = {name: [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5] for name in y}
x["IV"] = [8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8]
lines = {name: line(x[name], y[name]) for name in y}
print("| set      | intercept |   error |    slope |    error |       R² |")
print("| :------- | --------: | ------: | -------: | -------: | -------: |")
for name, each in lines.items():
    a, b = each.values["intercept"], each.values["slope"]
    da, db = each.errors["intercept"], each.errors["slope"]
    print(f"| {name:8} | {a:9.5f} | {da:.5f} | {b:.6f} | {db:.6f} |", end="")
    print(f" {each.r_squared:.6f} |")
print("\nexpected of set I: 3.00009 ± 1.12475, 0.500091 ± 0.117906")
print("                   and R² = 0.666542")


def draw(name):
    _, axes = plt.subplots(figsize=(5.2, 2.6))
    axes.axhspan(-1, 1, color="0.45", alpha=0.25, lw=0)
    axes.axhline(0, color="0.45", lw=1)
    axes.plot(x[name], lines[name].pulls, "o", color="C5")
    axes.set(xlabel="x", ylabel="pull", ylim=(-3.2, 3.2), title=f"Set {name}")
    axes.set_xticks(range(4, 21, 4))


# Picture: The pulls of set I against x scatter about 0 without a pattern.
draw("I")

# Picture: The pulls of set II form an arch: negative, positive, negative. The
# data are a parabola, not a line.
draw("II")

# Picture: The pulls of set III lie on a falling straight line but for one at
# 2.6, an outlier that has tilted the line of the fit.
draw("III")

# Picture: The pulls of set IV stand above one another at x = 8, and one at x =
# 19 is 0: that point alone decides the slope.
draw("IV")
plt.show()

# %% [markdown]
r"""
## An outlier, and a loss that gives it less weight

All points of set III but one are on a line, up to about 0.01. Let their errors
be 0.1. The square of a large residual is so large that the one point draws the
line to itself. A *robust loss* takes the place of the square. *Cauchy's* is

$$ \rho(z) = \ln(1 + z), \qquad z = \text{pull}^2 , $$

which is the square for small pulls, and grows so slowly for large ones that
they hardly count.
"""

# %%
x, y = np.array(x["III"]), np.array(y["III"])
trusted = np.arange(len(x)) != 2
outlier = {
    "least squares": line(x, y, 0.1),
    "outlier left out": line(x[trusted], y[trusted], 0.1),
    "Cauchy's loss": fit(Line(), x, y, 0.1, loss="cauchy"),
}
print("| way              | intercept |  slope | largest pull | next |")
print("| :--------------- | --------: | -----: | -----------: | ---: |")
for way, each in outlier.items():
    a, b = each.values["intercept"], each.values["slope"]
    *_, second, largest = np.sort(np.abs(each.pulls))
    print(f"| {way:16} | {a:9.3f} | {b:.4f} |", end="")
    print(f" {largest:12.2f} | {second:4.2f} |")
print(f"\np-value of least squares: {outlier['least squares'].p_value:.0e}")

# %%
# Picture: Eleven points of set III, ten on a line and one far above it. The
# line of Cauchy's loss passes through the ten; that of least squares is tilted
# towards the one, and misses nearly all of them.
figure, axes = plt.subplots()
ends = np.array([3, 15])
axes.plot(x, y, "o", color="C5", label="data")
axes.plot(ends, outlier["Cauchy's loss"].predict(ends), label="Cauchy's loss")
axes.plot(ends, outlier["least squares"].predict(ends), label="least squares")
axes.set(xlabel="x", ylabel="y", title="Anscombe's set III")
axes.legend()
plt.show()

# %% [markdown]
"""
It looks wrong at first: the robust fit has the *larger* largest pull. But that
is what it is for. Least squares shares the blame: it moves the line towards the
outlier until its pull is smaller, at the cost of all other points, whose pulls
become large. The robust fit leaves the outlier where it is. Its pull is then
the whole distance from the line of the others, and that others' pulls are small
shows which point is the odd one. A large pull is not a fault of the fit; it is
what the fit has found out.
"""
