# %% [markdown]
r"""
# The same code in float32

A number of 32 bits has about 7 digits, one of 64 bits about 16. Networks are
trained in float32, since it takes half of the memory. Nothing in the code has
to change for it: what comes in as float32 is computed as float32, derivatives
too.

What is lost? A *rounding error* of up to $\varepsilon/2$ of each result, where

$$ \varepsilon_{32} = 2^{-23} \approx 1.2 \cdot 10^{-7}, \qquad
\varepsilon_{64} = 2^{-52} \approx 2.2 \cdot 10^{-16} . $$

For a derivative by differences that is far worse than it sounds. The difference
of two nearby values keeps only those digits in which they differ, and is then
divided by a small $h$:

$$ \frac{g(x + h) - g(x - h)}{2h} = g'(x) + O(h^2) + O(\varepsilon / h) . $$

A large $h$ is wrong by the curve's bends, a small one by rounding. The best is
near $\varepsilon^{1/3}$, and leaves an error of about $\varepsilon^{2/3}$: a
third of the digits are gone. At a single $x$ rounding may be small by luck, so
the errors here are the root mean square over 200 places $x$. An exact
derivative subtracts no neighbours, and keeps all digits. (The gradient of
$\sum_i g(x_i)$ has the derivatives at all places.)
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

import nn
from autodiff import grad


def g(x):
    return np.exp(np.sin(3 * x)) / (1 + x**2)


def by_hand(x):
    return g(x) * (3 * np.cos(3 * x) - 2 * x / (1 + x**2))


places = np.random.default_rng(1).uniform(0.5, 2, size=200).astype(np.float32)
truth = by_hand(places.astype(np.float64))


def relative_error(found):
    wrong = found.astype(np.float64) - truth
    return np.sqrt(np.mean(wrong**2, axis=-1) / np.mean(truth**2))


steps = 10 ** np.arange(-12, -0.4, 0.5)
errors, exact, best = {}, {}, {}
print("| numbers | exact derivative | differences | best at h | ε^(1/3) |")
print("| :------ | ---------------: | ----------: | --------: | ------: |")
for number in (np.float64, np.float32):
    x, name = places.astype(number), number.__name__
    h = steps.astype(number)[:, np.newaxis]
    exact[name] = relative_error(grad(lambda x: np.sum(g(x)))(x))
    errors[name] = relative_error((g(x + h) - g(x - h)) / (2 * h))
    i = np.argmin(errors[name])
    best[name], cube_root = steps[i], np.finfo(number).eps ** (1 / 3)
    print(f"| {name} | {exact[name]:16.0e} | {errors[name][i]:11.0e} |", end="")
    print(f" {best[name]:9.0e} | {cube_root:7.0e} |")

# %%
# Picture: The error of central differences against their step h, on logarithmic
# scales. Both curves fall as h shrinks, and rise again: in float64 below h =
# 3e-6, in float32 below 1e-3, and from 1e-8 down nothing is left there. The
# errors of the exact derivatives are level lines, with their names, below the
# lowest point of each curve.
figure, axes = plt.subplots()
for name, look in (("float64", "C0o-"), ("float32", "C1s--")):
    axes.loglog(steps, errors[name], look, ms=4, label=f"differences, {name}")
    axes.axhline(exact[name], color=look[:2], ls=look[3:], lw=1)
    axes.text(3e-8, 1.3 * exact[name], f"exact, {name}")
axes.set(xlabel="step h", ylabel="relative error", ylim=(3e-17, 3))
axes.set(title="Differences and exact derivatives")
axes.legend(fontsize="small", loc="lower left", bbox_to_anchor=(0, 0.1))
plt.show()

# %% [markdown]
"""
In float32 the difference has four to five right digits at the best $h$, and
fewer elsewhere; one must know the right $h$. At $h = 10^{-8}$, which leaves
eight digits in float64, $x + h$ *is* $x$ in float32: the difference is 0, and
so the "derivative" is 0.

A whole network is no different. Here are the same weights and the same points
in both precisions, and the gradients of the same loss:
"""

# %%
random = np.random.default_rng(0)
points = random.uniform(-1, 1, size=(200, 2))
values = points.prod(axis=1, keepdims=True)


def loss(weights, points, values):
    a = points
    for w, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        a = np.tanh(a @ w + b)
    return np.mean((a @ weights[-2] + weights[-1] - values) ** 2)


model = nn.MLP([2, 32, 32, 1], seed=0, dtype=np.float32)
gradients = {}
for number in (np.float64, np.float32):
    weights = [w.data.astype(number) for w in model.parameters()]
    given = points.astype(number), values.astype(number)
    found = grad(loss)(weights, *given)
    gradients[number] = np.concatenate([each.ravel() for each in found])
    print(f"{number.__name__}: {gradients[number].nbytes:6} bytes")
wide, narrow = gradients.values()
network_error = np.max(np.abs(narrow - wide)) / np.max(np.abs(wide))
print(f"largest difference, of the largest entry: {network_error:.0e}")

# %% [markdown]
r"""
## What no derivative can mend

Where the *function* subtracts nearby numbers, its digits are lost before
anything is differentiated. $(1 - \cos x)/x^2$ is nearly ½ at $x = 10^{-3}$, and
its derivative $-x/12$. But in float32 the cosine is 1 up to its last digits.
The exact derivative of a formula that cancels is that of a number without
digits.

The way out is another formula for the same function. $2 \sin^2(x/2) / x^2$ has
the right value, but its derivative by the quotient rule subtracts two large
numbers again. With $\operatorname{sinc} x = \sin(\pi x)/(\pi x)$ as one
function that knows its own derivative,
$\frac{1}{2} \operatorname{sinc}^2 (x / 2\pi)$ has both.
"""


# %%
def cancels(x):
    return (1 - np.cos(x)) / x**2


def half_angle(x):
    return 2 * np.sin(x / 2) ** 2 / x**2


def by_sinc(x):
    return np.sinc(x / (2 * np.pi)) ** 2 / 2


x = np.float32(1e-3)
print("| formula, in float32    |    value | derivative |")
print("| :--------------------- | -------: | ---------: |")
mended = {}
for label, f in (
    ("(1 - cos x) / x²", cancels),
    ("2 sin²(x/2) / x²", half_angle),
    ("sinc²(x / 2π) / 2", by_sinc),
):
    mended[f.__name__] = f(x), grad(f)(x)
    print(f"| {label:22} | {f(x):8.6f} | {grad(f)(x):10.2e} |")
print(f"| {'truth':22} | {0.5 - 1e-6 / 24:8.6f} | {-1e-3 / 12:10.2e} |")
