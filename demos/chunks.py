# %% [markdown]
r"""
# A gradient in chunks

Data may be larger than memory. *Dask* has arrays that consist of chunks, and
are *lazy*: an operation computes nothing, but notes what is to be done with
each chunk. Only `compute()` does the work, a few chunks at a time, on several
threads.

The engine knows nothing of Dask. Its rules call NumPy's own functions, and
these hand a Dask array on to Dask. So $\chi^2$ of lazy data is lazy, and its
gradient is, too:

$$
\nabla \chi^2(p) = \sum_{\text{chunks}} \; \sum_{i \,\in\, \text{chunk}}
\nabla \left( f(t_i; p) - y_i \right)^2 .
$$

A sum over the points is a sum over the chunks: each gives its own part, and can
be forgotten.
"""

# %%
import dask.array as da
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, hessian

looked_at = []  # the chunks that were worked on, by their first time


def measure(t):
    looked_at.append(t[0])
    noise = np.random.default_rng(int(1000 * t[0])).normal(size=t.size)
    return 1.5 * np.exp(-1.8 * t) + 0.4 + 0.1 * noise


t = da.linspace(0, 4, 100_000, chunks=10_000)
y = t.map_blocks(measure, dtype=float, meta=np.empty(0))


def chi_squared(p, t, y):
    return np.sum((p[0] * np.exp(-p[1] * t) + p[2] - y) ** 2)


p = np.array([1.0, 2.0, 0.5])
gradient = grad(chi_squared)(p, t, y)
print(f"{type(gradient).__module__.split('.')[0]} array of {gradient.shape[0]}")
print(f"chunks worked on so far: {len(looked_at)} of {t.numblocks[0]}")
found = gradient.compute()
worked_on = len(looked_at)
print(f"after compute():         {worked_on} of {t.numblocks[0]}")

in_memory = t.compute(), y.compute()
plain = grad(chi_squared)(p, *in_memory)
print("\n| way       |  ∂χ²/∂p₀ |  ∂χ²/∂p₁ |  ∂χ²/∂p₂ |")
print("| :-------- | -------: | -------: | -------: |")
for label, (first, second, third) in (("in chunks", found), ("NumPy", plain)):
    print(f"| {label:9} | {first:8.2f} | {second:8.2f} | {third:8.2f} |")
print(f"\nlargest relative difference: {np.max(np.abs(found / plain - 1)):.0e}")

# %% [markdown]
"""
`grad` has run backwards through the whole computation and returned before a
single chunk was made. What it returned is a recipe. The two gradients agree up
to rounding; the last digits may differ, as sums are added up in another order.
"""

# %%
# Picture: Ten bars, one for each chunk of the time axis: what it adds to the
# slope of χ² in the direction of the rate. The first two are large. From the
# fourth on they are negative, and from the fifth on ever smaller. A line that
# adds them up rises above the whole gradient and comes down to it.
parts = [
    grad(chi_squared)(p, *(each.blocks[i].compute() for each in (t, y)))[1]
    for i in range(10)
]
figure, axes = plt.subplots()
middle = np.arange(10) * 0.4 + 0.2
axes.bar(middle, parts, 0.34, color="C0", label="each chunk")
axes.plot(middle, np.cumsum(parts), "s-", color="C1", label="added up")
axes.axhline(found[1], color="C2", ls="-.", label="whole gradient")
axes.axhline(0, color="0.45", lw=0.8)
axes.set(
    xlabel="time t", ylabel="∂χ²/∂p₁", title="The gradient, chunk by chunk"
)
axes.legend(fontsize="small")
plt.show()

# %% [markdown]
r"""
## A fit in chunks

With gradient and Hessian from the chunks, *Newton's* steps find the best
parameters. Each takes one pass over the data, and keeps 3 + 9 numbers of it:

$$ p \leftarrow p - H^{-1} \, \nabla \chi^2 . $$

The first step goes too far, and leaves a larger gradient than it found. Once
the steps are near, each has about twice as many right digits as the one before.
"""

# %%
print("| step |       p₀ |       p₁ |       p₂ |    ‖∇χ²‖ |")
print("| ---: | -------: | -------: | -------: | -------: |")
for step in range(8):
    lazy = grad(chi_squared)(p, t, y), hessian(chi_squared)(p, t, y)
    slope, bend = da.compute(*lazy)
    size = np.linalg.norm(slope)
    print(f"| {step:4} | {p[0]:.6f} | {p[1]:.6f} | {p[2]:.6f} | {size:8.1e} |")
    p = p - np.linalg.solve(bend, slope)
print("\nthe truth: 1.5, 1.8, 0.4")

# %% [markdown]
"""
`fit` knows what to do with lazy arrays. It takes them as it takes NumPy's, and
adds up over the chunks what a step of *least squares* needs, which is less than
a Hessian. From the same sums it has *standard errors*, too.
"""

# %%
from fit import fit


def decay(t, height=1.0, rate=2.0, offset=0.5):
    return height * np.exp(-rate * t) + offset


result = fit(decay, t, y, sigma=0.1)
print("| parameter | Newton's steps |      fit |  error |")
print("| :-------- | -------------: | -------: | -----: |")
for name, by_steps, value in zip(result.names, p, result.p, strict=True):
    error = result.errors[name]
    print(f"| {name:9} | {by_steps:14.6f} | {value:8.6f} | {error:.4f} |")
