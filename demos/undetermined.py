# %% [markdown]
r"""
# What "undetermined" looks like

Somebody describes a decay by three parameters,

$$ f(x) = a \, b \, e^{-c x} , $$

perhaps because $a$ is the strength of a source and $b$ that of an amplifier.
The data know the product $a b$ only. Doubling $a$ and halving $b$ changes
nothing that was measured, so χ² is the same along each curve
$a b = \text{const}$, and its minimum is no point but a valley with a level
floor.

Whoever asks a program for $a$ and $b$ gets numbers all the same, but different
ones from each start. What should a careful program say?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import hessian
from fit import chi_squared, fit

x = np.linspace(0, 4, 41)
noise = np.random.default_rng(0).normal(size=41)
y = 2 * np.exp(-x) + 0.05 * noise


def decay(x, a, b, c):
    return a * b * np.exp(-c * x)


def product(a, b):
    return a * b


starts = ((0.5, 1.0), (1.0, 1.0), (3.5, 2.6), (2.0, 3.5))
fits = [fit(decay, x, y, 0.05, p0={"a": a, "b": b, "c": 1}) for a, b in starts]

print("| start a | start b |     a |     b |    a·b |     c |     χ² |")
print("| ------: | ------: | ----: | ----: | -----: | ----: | -----: |")
for (start_a, start_b), result in zip(starts, fits, strict=True):
    a, b, c = result.values.values()
    found = f"{a:.3f} | {b:.3f} | {a * b:.4f} | {c:.3f}"
    chi2 = result.chi_squared
    print(f"| {start_a:7} | {start_b:7} | {found} | {chi2:.3f} |")

# %% [markdown]
"""
Four starts, four answers for $a$ and $b$, and one χ². Each search went to the
floor of the valley by its own way and stopped there. But $ab$ and $c$ are the
same each time.

The result does not hide it. The errors of $a$ and $b$ are infinite, that of $c$
is not, and the product has an error like any other, though it is made of two
numbers that have none:
"""

# %%
result = fits[0]
for name in ("a", "b", "c"):
    print(f"{name}   {result.values[name]:.3f} ± {result.errors[name]:.3f}")
value, error = result.propagate(product)
print(f"a·b {value:.3f} ± {error:.3f}   (the truth is 2)\n")
for warning in result.warnings:
    print(warning.replace("; ", ";\n  "))

# %% [markdown]
r"""
How can it know? The *Hessian* of χ² has an eigenvalue of zero, apart from
rounding, and the eigenvector that belongs to it is the direction in which
nothing changes. At a place $(a, b)$ of the valley that is $(a, -b)$: as much
per cent up in one as down in the other. In the logarithms of the parameters it
is the same everywhere, $(1, -1, 0)$ or, with a length of one,
$(0.71, -0.71, 0)$. So the warning says it in these.
"""

# %%
f = chi_squared(decay, x, y, 0.05)
best = np.array(list(result.values.values()))
curvature, directions = np.linalg.eigh(hessian(f)(best))
print("curvatures of χ²:", *(f"{each:.3g}" for each in curvature))
level = directions[:, 0] / directions[0, 0]
along = np.array([1, -best[1] / best[0], 0])
print("level direction  ", *(f"{each:7.4f}" for each in level))
print("(1, -b/a, 0)     ", *(f"{each:7.4f}" for each in along))

# %%
# Picture: Contours of χ² over a and b are hyperbolas, with a curved valley from
# the upper left to the lower right. From four starts arrows lead to four
# different places on its floor, on which a b is about 2.
figure, axes = plt.subplots()
a = np.linspace(0.3, 4.2, 150)
c = result.values["c"]
surface = np.array([[f([each, b, c]) for each in a] for b in a])
lines = axes.contour(a, a, surface, [300, 3000, 10000], colors="0.45")
axes.clabel(lines, fmt="χ² = %g", fontsize="small", colors="black")
axes.plot(a, value / a, label=f"a b = {value:.3f}")
for start, each in zip(starts, fits, strict=True):
    end = each.values["a"], each.values["b"]
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->"})
    axes.plot(*start, "o", color="C1", label="start" if each is result else "")
    axes.plot(*end, "s", color="C2", label="end" if each is result else "")
axes.set(xlabel="a", ylabel="b", ylim=(0.3, 4.2), title="A valley without end")
axes.legend(loc="upper right")
plt.show()

# %% [markdown]
"""
The way out is a decision, not a better search: write one parameter for the
product, or hold one of the two at what is known of it from elsewhere.
"""

# %%
held = fit(decay, x, y, 0.05, p0={"a": 1, "c": 1}, fixed={"b": 0.8})
for name in ("a", "c"):
    print(f"{name}   {held.values[name]:.3f} ± {held.errors[name]:.3f}")
print(f"b   {held.values['b']:.3f}, held")
print("warnings:", *(held.warnings or ["none"]))
