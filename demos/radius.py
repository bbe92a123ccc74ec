# %% [markdown]
r"""
# How far a series reaches

$f(x) = 1/(1 + x^2)$ is a smooth hill, without a gap or a corner anywhere on
the real line. Its Taylor series about $x_0 = 2$ still fails from $2 -
\sqrt{5}$ leftwards and from $2 + \sqrt{5}$ rightwards, however many terms it
has. Nothing that can be seen on the real line explains why.

The reason is in the complex plane. There $1 + x^2 = 0$ at $x = \pm i$: two
*poles*. A power series converges inside a circle, which reaches to the
nearest point where the function has no value. From 2 to $\pm i$ it is

$$ R = |2 - i| = \sqrt{2^2 + 1^2} = \sqrt{5} \approx 2.236 , $$

the *radius of convergence*.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import taylor


def f(x):
    return 1 / (1 + x**2)


polynomials = {order: taylor(f, 2.0, order) for order in (10, 20, 40, 80)}
distances = np.array([1.0, 2.0, 2.2, 2.3, 2.5, 3.0])

print("Error of order n, at a distance to the right of 2")
print("|  n | " + " | ".join(f"{d:7.1f}" for d in distances) + " |")
print("| -: | " + " | ".join(["------:"] * len(distances)) + " |")
errors = {}
for order, g in polynomials.items():
    errors[order] = abs(f(2 + distances) - g(2 + distances))
    cells = " | ".join(f"{error:7.1e}" for error in errors[order])
    print(f"| {order:2} | {cells} |")

# %% [markdown]
r"""
Up to a distance of 2.2 more terms help, though slowly near the end. From 2.3
on they harm. The error swings from order to order, as the two poles take
turns, and a single order may be lucky, as 80 is at 2.3. But at the distance
$d$ the swings grow by $d/R$ with each order: by 3 % at 2.3, by a third at 3.

The coefficients know the radius. They shrink by $R$ from term to term on the
whole, with ups and downs. `radius` fits them by those of a function with such
a pair of poles. It is told nothing of $i$. As this $f$ *is* such a function,
the estimate is exact as soon as there are coefficients enough, at order 4.
"""

# %%
print("| order | radius(), estimated |")
print("| ----: | ------------------: |")
for order in (3, 4, 10, 20):
    print(f"| {order:5} | {taylor(f, 2.0, order).radius():19.10f} |")
radius = taylor(f, 2.0, 20).radius()
print(f"\nby hand: √5 = {np.sqrt(5):.10f}, the distance to ±i")

# %%
# Picture: A smooth hill. Inside a band from 2 - √5 to 2 + √5 polynomials of
# order 4, 12 and 40 lie on it. Towards the band's edges each turns up or down
# steeply; the higher the order, the closer to the edge and the steeper.
x = np.linspace(-2, 6, 800)
figure, axes = plt.subplots()
axes.plot(x, f(x), "-", color="0.45", lw=5, label="f")
for order in (4, 12, 40):
    axes.plot(x, taylor(f, 2.0, order)(x), label=f"order {order}")
for edge in (2 - radius, 2 + radius):
    axes.axvline(edge, color="black", lw=1, ls="--")
axes.plot(2, f(2), "o", color="black")
axes.set(xlabel="x", ylabel="f(x)", ylim=(-0.6, 1.6))
axes.set(title="Between 2 - √5 and 2 + √5")
axes.legend(loc="upper center")

# Picture: The complex plane. A circle about 2 passes exactly through two
# crosses, the poles i and -i, to which lines of length √5 lead from its
# centre. The circle cuts the real line where the polynomials fail.
angle = np.linspace(0, 2 * np.pi, 200)
figure, axes = plt.subplots()
axes.axhline(0, color="0.45", lw=1)
axes.plot(2 + radius * np.cos(angle), radius * np.sin(angle), "-")
axes.plot([0, 2, 0], [1, 0, -1], "-", color="black", lw=1)
axes.plot([0, 0], [1, -1], "X", color="C1", ms=10, label="poles ±i")
axes.plot(2, 0, "o", color="black")
axes.text(1, 0.65, "√5")
axes.text(2.1, 0.15, "2")
axes.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
axes.set_xlim(-1, 6.5)
axes.set(title="The circle of convergence")
axes.legend(loc="upper right")
plt.show()

# %% [markdown]
r"""
The other series of the course, with the singular point that is nearest and its
distance by hand. Where there is none in all of the plane, the series converges
everywhere, and the estimate is ∞ or a number that grows with the order. That of
$x \sin x$ shows both.

So when may it be trusted? It knows some last coefficients and no function.
Poles, $\ln$ and √ it finds exactly, and most others to a per cent from order 15
on. But it fits *one* singular point, or a pair, to any coefficients, and finds
one for $x \sin x$ at order 20 where there is none. So ask at two orders: a
radius that stays the same is one; one that grows, as from 5.99 to ∞ here, is
only how far these few terms say anything.
"""

# %%
others = {
    "1/x": (lambda x: 1 / x, 4.0, "4, pole at 0"),
    "ln x": (np.log, 10.0, "10, no value at 0"),
    "1/(1 - x)²": (lambda x: 1 / (1 - x) ** 2, 0.0, "1, pole at 1"),
    "√(4 - x)": (lambda x: np.sqrt(4 - x), 0.0, "4, vertical at 4"),
    "2/(x² - x)": (lambda x: 2 / (x**2 - x), 0.5, "0.5, poles at 0, 1"),
    "e^(x²)": (lambda x: np.exp(x**2), 0.0, "∞"),
    "x sin x": (lambda x: x * np.sin(x), 0.0, "∞"),
    "e^(-2x)": (lambda x: np.exp(-2 * x), 2.0, "∞"),
}
print("| function   | about | by hand            | order 20 | order 30 |")
print("| :--------- | ----: | :----------------- | -------: | -------: |")
radii = {}
for name, (function, x0, by_hand) in others.items():
    radii[name] = [taylor(function, x0, order).radius() for order in (20, 30)]
    cells = " | ".join(f"{r:8.4f}" for r in radii[name])
    cells = cells.replace("inf", "  ∞")
    print(f"| {name:10} | {x0:5g} | {by_hand:18} | {cells} |")
