# %% [markdown]
r"""
# Rise over run

How steep is a curve at a point? Go a *run* $h$ to the right, see by how much
the curve has risen, and divide:

$$ \frac{f(x + h) - f(x)}{h} . $$

That is the slope of a *secant*, the straight line through two points of the
curve. As $h$ shrinks the second point slides towards the first, and the secant
turns into the *tangent*, whose slope is the *derivative* $f'(x)$.

Here $f(x) = \sin x$ at $x = 1$, where the answer is known: $f'(x) = \cos x$.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad

f = np.sin
x = 1.0


def rise_over_run(f, x, h):
    return (f(x + h) - f(x)) / h


exact = np.cos(x)
print("|   run h | rise over run | too small by |")
print("| ------: | ------------: | -----------: |")
for h in (2.0, 1.0, 0.5, 0.1, 0.01):
    slope = rise_over_run(f, x, h)
    print(f"| {h:7g} | {slope:13.6f} | {exact - slope:12.6f} |")
print(f"\nexact   cos 1 = {exact:.6f}")

# %%
# Picture: One arch of the sine, and three secants that begin at x = 1. The
# shorter the run, the steeper the secant; the steepest line is the tangent,
# which touches the curve at that point.
figure, axes = plt.subplots()
t = np.linspace(-0.2, 3.4, 200)
axes.plot(t, f(t), "k-", linewidth=2.5, label="sin x")
for i, h in enumerate((2.0, 1.0, 0.5)):
    line = f(x) + rise_over_run(f, x, h) * (t - x)
    axes.plot(t, line, f"C{i}", label=f"secant, h = {h:g}")
    axes.plot(x + h, f(x + h), "o", color=f"C{i}")
axes.plot(t, f(x) + grad(f)(x) * (t - x), "C3", label="tangent")
axes.plot(x, f(x), "o", color="black")
axes.set(xlabel="x", ylabel="f(x)", ylim=(-0.2, 2.2), title="Secants of sin x")
axes.legend(loc="upper left", fontsize="small")
plt.show()

# %% [markdown]
r"""
The derivative is a limit, so let $h$ go to zero. On paper that is the end of
the story. A computer has some 16 digits, and two errors pull against each
other:

- *Truncation*: the curve bends away from its tangent. The quotient is wrong by
  about $\frac{h}{2} f''(x)$, which falls with $h$.
- *Rounding*: $f(x + h)$ and $f(x)$ agree in more and more digits, and these
  are lost when one is taken from the other. What is left of the last digit is
  divided by $h$: about $\varepsilon / h$ with $\varepsilon = 2.2 \times
  10^{-16}$.

Going as far to the left as to the right cancels the first term of the
truncation: the *central difference* $(f(x + h) - f(x - h)) / 2h$ is wrong by
about $\frac{h^2}{6} f'''(x)$.
"""

# %%
epsilon = np.finfo(float).eps
runs = 10.0 ** np.arange(-15, 0.1, 0.25)
forward = np.abs(rise_over_run(f, x, runs) - exact)
# From h before x to h after it is a run of 2h.
central = np.abs(rise_over_run(f, x - runs, 2 * runs) - exact)
by_grad = abs(grad(f)(x) - exact)

print("| way                |  best h |   error |")
print("| :----------------- | ------: | ------: |")
for way, error in {"forward": forward, "central": central}.items():
    best = np.argmin(error)
    name = f"{way} difference"
    print(f"| {name:18} | {runs[best]:7.0e} | {error[best]:7.0e} |")
print(f"| grad               |    none | {by_grad:7.0e} |")

# %%
# Picture: The error against the run, both axes logarithmic. From right to left
# both curves fall along straight lines, the central one twice as steeply, down
# to a lowest point; from there they rise again, jagged, as rounding takes
# over.
figure, axes = plt.subplots()
axes.loglog(runs, forward, "C0o-", markersize=3, label="forward difference")
axes.loglog(runs, central, "C1s--", markersize=3, label="central difference")
axes.loglog(runs, runs / 2 * np.sin(x), "0.45", linestyle="-", linewidth=1)
axes.loglog(runs, epsilon / runs, "0.45", linestyle="-", linewidth=1)
along = {"rotation_mode": "anchor", "va": "bottom"}
axes.text(2e-7, 1.5e-7, "truncation", rotation=35, **along)
axes.text(1e-13, 4e-3, "rounding", rotation=-35, **along)
axes.set(
    xlabel="h", ylabel="error", ylim=(1e-16, 1), title="Too long, too short"
)
figure.legend(loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
r"""
The best forward difference has about half of the digits, and that only for
somebody who knows which $h$ to take. `grad` has no $h$: the *engine* behind
it knows the derivative of each operation that $f$ consists of. That of the
sine is the cosine, so here it finds the same number as we do, to the last
digit.

Done at every $x$ this gives the derivative as a function of its own. It is
zero where $f$ is level, positive where $f$ rises, negative where it falls.
"""

# %%
t = np.linspace(0, 2 * np.pi, 201)
slopes = np.array([grad(f)(each) for each in t])
for share, name in enumerate(("0", "π/2", "π", "3π/2", "2π")):
    slope = f"{slopes[50 * share]:z7.4f}"  # z: a zero without a minus sign
    print(f"slope at x = {name:4} {slope}")

# %%
# Picture: Above a full wave of the sine, below its slope. Where the wave is at
# its top and at its bottom, marked by two upright lines, the slope crosses
# zero.
figure, (above, below) = plt.subplots(2, 1, sharex=True)
above.plot(t, f(t), "C0")
below.plot(t, slopes, "C1")
for axes in (above, below):
    axes.axhline(0, color="0.45", linestyle="-", linewidth=1)
    for level in (np.pi / 2, 3 * np.pi / 2):
        axes.axvline(level, color="0.45", linestyle=":")
above.set(ylabel="f(x)", title="A function and its slope")
below.set(xlabel="x", ylabel="f′(x)")
plt.show()
