# %% [markdown]
r"""
# Taylor series, order by order

A polynomial that has the value of a function at $x_0$, and its first $n$
derivatives, is close to it nearby. It is the *Taylor polynomial* of order
$n$:

$$ g_n(x) = \sum_{k=0}^{n} a_k \, (x - x_0)^k , $$

$$ a_k = \frac{f^{(k)}(x_0)}{k!} . $$

Order 0 is a constant, order 1 the tangent, order 2 a parabola that bends as
$f$ does. `taylor` finds all coefficients in one walk through the code of $f$.
Eight series that are worked out by hand in the course, where $O(x^6)$ stands
for all terms from $x^6$ on:
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import taylor


def falling(x):
    return np.exp(-2 * x)


series = {  # f, where it is expanded, the order shown, and what the course has
    "e^(x²)": (lambda x: np.exp(x**2), 0.0, 5, "1 + x² + x⁴/2"),
    "x sin x": (lambda x: x * np.sin(x), 0.0, 5, "x² - x⁴/6"),
    "1/(1 - x)²": (lambda x: 1 / (1 - x) ** 2, 0.0, 4, "Σ (n + 1) xⁿ"),
    "√(4 - x)": (lambda x: np.sqrt(4 - x), 0.0, 2, "2 - x/4 - x²/64"),
    "1/x": (lambda x: 1 / x, 4.0, 2, "1/4 - (x - 4)/16 + (x - 4)²/64"),
    "ln x": (np.log, 10.0, 2, "ln 10 + (x - 10)/10 - (x - 10)²/200"),
    "2/(x² - x)": (lambda x: 2 / (x**2 - x), 0.5, 3, "-8 - 32 (x - 0.5)²"),
    "e^(-2x)": (falling, 2.0, 2, "e⁻⁴ (1 - 2 (x - 2) + 2 (x - 2)²)"),
}
polynomials = {}
for name, (f, x0, order, by_hand) in series.items():
    polynomials[name] = taylor(f, x0, order)
    print(f"{name} at {x0:g}, by hand {by_hand}, found")
    print(f"{polynomials[name]}\n")

# %% [markdown]
r"""
Order by order: how far each polynomial is from the function at a point beside
$x_0$. An even function has no odd terms, and so nothing changes from order 0
to 1: the tangent is level. $2/(x^2 - x)$ is even about 0.5, between its two
poles.

For $\ln x$ at 10 the quadratic term alone tells $g_2$ from $g_1$. At $x = 2$
it is $8^2/200 = 0.32$.
"""

# %%
points = {0.0: 0.5, 4.0: 5.0, 10.0: 11.0, 0.5: 0.7, 2.0: 2.2}
print("| function   |   x | order 0 | order 1 | order 2 | order 3 | order 4 |")
print("| :--------- | --: | ------: | ------: | ------: | ------: | ------: |")
errors = {}
for name, (f, x0, _, _) in series.items():
    x = points[x0]
    orders = [taylor(f, x0, order) for order in range(5)]
    errors[name] = [abs(f(x) - g(x)) for g in orders]
    cells = " | ".join(f"{error:7.1e}" for error in errors[name])
    print(f"| {name:10} | {x:3g} | {cells} |")

g1, g2 = taylor(np.log, 10.0, 1), taylor(np.log, 10.0, 2)
between = abs(g2(2.0) - g1(2.0))
print(f"\nln x at 10: |g₂(2) - g₁(2)| = {between:.6f}   by hand 0.32")

# %% [markdown]
r"""
Four of them, and how far their polynomials follow:

- $e^{x^2}$ and $x \sin x$ have no place in all of the plane where they fail.
  Each order follows them further, and leaves them only further out: no
  polynomial can go up as steeply as the one, or swing for ever like the other.
- $\ln x$ goes down without end at 0, which is 10 away from $x_0$. No polynomial
  goes to infinity at a finite place, so all fail near 0. The series reaches as
  far to the right, to 20, and no further, although nothing is wrong there.
- $2/(x^2 - x)$ is an arch between two poles, and $x_0$ is in the middle of it.
  The polynomials fill the arch and follow its sides. They would have to pass
  through infinity to come to the branches outside, and never do.
"""

# %%
pictures = {  # orders, from where to where, and the heights shown
    "e^(x²)": ([0, 2, 4, 6], (-2, 2), (0, 20)),
    "x sin x": ([2, 6, 10, 16], (-8, 8), (-7, 10)),
    "ln x": ([0, 1, 2, 3], (0.2, 24), (-2, 6)),
    "2/(x² - x)": ([0, 2, 4, 12], (-0.6, 1.6), (-40, 20)),
}


def draw_orders(name):
    f, x0, _, _ = series[name]
    orders, ends, heights = pictures[name]
    x = np.linspace(*ends, 800)
    y = f(x)
    y[np.abs(y) > 100] = np.nan  # no line across a pole
    _, axes = plt.subplots()
    axes.plot(x, y, "-", color="0.45", lw=5, label="f")
    for order in orders:
        axes.plot(x, taylor(f, x0, order)(x), label=f"order {order}")
    axes.plot(x0, f(x0), "o", color="black")
    axes.set(xlabel="x", ylabel="f(x)", ylim=heights)
    axes.set(title=f"{name} about {x0:g}")
    axes.legend()


# Picture: The curve of e^(x²), a valley with steep walls. Order 0 is a level
# line, and orders 2, 4 and 6 follow the walls higher and higher.
draw_orders("e^(x²)")
# Picture: x sin x, waves that grow to both sides. Polynomials of order 2, 6,
# 10 and 16 follow them further and further out, and then leave them for good.
draw_orders("x sin x")
# Picture: ln x with a dot at 10. All orders touch it there. To the left, near
# 0, none can follow ln x down; right of 20 the order 3 bends up and away.
draw_orders("ln x")
# Picture: 2/(x² - x), an arch between poles at 0 and 1, and a branch on
# either side. The polynomials fill the arch, and never come to the branches.
draw_orders("2/(x² - x)")
plt.show()

# %% [markdown]
r"""
What a polynomial lacks is the *remainder*, which close to $x_0$ is nearly the
next term, $a_{n+1} (x - x_0)^{n+1}$. `remainder` gives it without one more
calculation. It is an estimate and no bound: close by it tells the error to a
per cent, and at a distance of 1 it is half as large again as the error.
"""

# %%
print("e^(-2x) about 2, order 2")
print("| x - 2 | error    | next term | next term / error |")
print("| ----: | -------: | --------: | ----------------: |")
g = taylor(falling, 2.0, 2)
for h in (0.01, 0.1, 1.0):
    error, term = falling(2 + h) - g(2 + h), g.remainder(2 + h)
    print(f"| {h:5g} | {error:8.1e} | {term:9.1e} | {term / error:17.3f} |")

# %%
# Picture: Error against distance, both on logarithmic scales. Order 0, 1, 2
# and 3 give lines that are steeper each time; a dotted line, the next term,
# lies on each and leaves it only at the far end.
h = np.geomspace(1e-2, 2, 60)
figure, axes = plt.subplots()
for order in range(4):
    g = taylor(falling, 2.0, order)
    axes.loglog(h, abs(falling(2 + h) - g(2 + h)), "-")
    axes.loglog(h, abs(g.remainder(2 + h)), ":", color="black")
    height = abs(g.remainder(2 + h[0]))
    axes.text(0.9 * h[0], height, f"order {order}", ha="right", va="center")
axes.plot([], [], ":", color="black", label="next term")
axes.set(xlabel="x - 2", ylabel="error", title="e^(-2x) about 2")
axes.set(xlim=(2e-3, 3), ylim=(1e-11, 10))
axes.legend()
plt.show()
