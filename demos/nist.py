# %% [markdown]
r"""
# A problem of NIST's from its bad start

The American bureau of standards, NIST, has published nonlinear regressions with
answers that are certified to 11 digits, so that programs can be tried. The
problem *MGH09* is graded "higher" in difficulty. It has 11 points, and a
rational function with 4 parameters:

$$ f(x) = \frac{b_1 \, (x^2 + b_2 x)}{x^2 + b_3 x + b_4} . $$

Each problem comes with two starts, of which the first is a bad one. Here it is
$b = (25, 39, 41.5, 39)$, which is wrong by a factor of 130 in the first
parameter and by more than 200 in the others. At that start the model is up to a
hundred times as large as the data.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from fit import fit

x = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
y = np.array(
    [
        *(0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627),
        *(0.0456, 0.0342, 0.0323, 0.0235, 0.0246),
    ]
)


def rational(x, b1, b2, b3, b4):
    return b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4)


start = (25.0, 39.0, 41.5, 39.0)
steps = []
result = fit(rational, x, y, p0=start, callback=steps.append)

certified = {  # the value and its standard error
    "b1": (1.9280693458e-01, 1.1435312227e-02),
    "b2": (1.9128232873e-01, 1.9633220911e-01),
    "b3": (1.2305650693e-01, 8.0842031232e-02),
    "b4": (1.3606233068e-01, 9.0025542308e-02),
}
print("| parameter   |         found |     certified |")
print("| :---------- | ------------: | ------------: |")
for name, (value, error) in certified.items():
    print(f"| {name:11} | {result.values[name]:.11f} | {value:.11f} |")
    print(f"| error of {name} | {result.errors[name]:.11f} | {error:.11f} |")
print(f"\nχ² {result.chi_squared:.13e}, certified 3.0750560385e-04")
print(f"{len(steps)} steps, {result.nfev} evaluations")

# %% [markdown]
r"""
All eight numbers agree with the certificate to 9 digits or more.

The way there is long. The second picture has χ² after each step. Two steps
bring the model down to the size of the data, and χ² by five powers of ten. Then
nearly nothing happens for thirty steps, and at the end χ² falls by more than
half within ten.

What lies between is too much for a picture, four parameters in all. The search
is far out on a plain: there $b_2$, $b_3$ and $b_4$ can grow together and the
model hardly changes. It has to come back along a valley that bends, in steps
that are short enough to follow the bend. The search is
*Levenberg and Marquardt's*: it lengthens its step after a success, and shortens
it where the model bends too much.
"""

# %%
# Picture: Eleven points rise from 0.02 and level off near 0.2 as x grows. The
# best model passes near to all of them; the model after 20 steps, dashed,
# starts too high, rises too slowly, and bends down again on the right.
figure, axes = plt.subplots()
grid = np.geomspace(0.05, 5, 200)
axes.plot(grid, rational(grid, *result.values.values()), label="best")
axes.plot(grid, rational(grid, *steps[19].x.values()), label="step 20")
axes.plot(x, y, "o", color="C5", label="data")
axes.set(xscale="log", xlabel="x", ylabel="y", title="MGH09")
axes.legend()
plt.show()

# Picture: χ² against the number of the step, on a logarithmic scale. It falls
# by five powers of ten in two steps, then stays near 0.001 for some thirty
# steps, and falls to 0.0003 at the end.
figure, axes = plt.subplots()
at_start = np.sum((y - rational(x, *start)) ** 2)
axes.semilogy([at_start, *(step.chi_squared for step in steps)], ".-")
axes.set(xlabel="step", ylabel="χ²", title="The long way over the plain")
plt.show()

# %% [markdown]
r"""
## What four parameters are worth here

Look at the errors in the table again: that of $b_2$ is as large as $b_2$
itself. Eleven points barely tell four parameters. The standard error takes χ²
for a parabola, but its *profile* over $b_2$ is none. No errors are given for
the points, so the mark is again where χ² has risen by $s^2$, here
$\chi^2_{\min} / (11 - 4)$. The parabola is there at $\pm 0.196$; the profile
sooner on the left, and later on the right. The result says so by itself, in one
of its warnings:
"""

# %%
(about_b2,) = (w for w in result.warnings if "of b2, " in w)
print(about_b2.replace(": ", ":\n  "))
others = len(result.warnings) - 1
print(f"\nand {others} more, of how far the other errors can be trusted")
