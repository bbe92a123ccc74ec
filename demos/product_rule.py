# %% [markdown]
r"""
# Sum, product and chain rule

Nobody takes limits to differentiate. A function is put together from a few
simple ones, whose derivatives are known, and three rules say what becomes of
these:

$$ (u + v)' = u' + v', \qquad (u\,v)' = u'\,v + u\,v', $$

$$ [u(v(x))]' = u'(v(x)) \; v'(x) . $$

Take $u = x^2$ and $v = \sin x$, with $u' = 2x$ and $v' = \cos x$, and apply
one rule at a time at $x = 1.5$: by hand, and by `grad`, which knows the same
rules.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, steps

x = 1.5


def u(x):
    return x**2


def v(x):
    return np.sin(x)


du, dv = 2 * x, np.cos(x)
rules = {
    "sum: u + v": (du + dv, grad(lambda x: u(x) + v(x))(x)),
    "product: u·v": (du * v(x) + u(x) * dv, grad(lambda x: u(x) * v(x))(x)),
    "chain: u(v(x))": (2 * v(x) * dv, grad(lambda x: u(v(x)))(x)),
    "chain: v(u(x))": (np.cos(u(x)) * du, grad(lambda x: v(u(x)))(x)),
}
print("| rule           |    by hand |    by grad |")
print("| :------------- | ---------: | ---------: |")
for rule, (by_hand, by_grad) in rules.items():
    print(f"| {rule:14} | {by_hand:10.6f} | {by_grad:10.6f} |")

# %% [markdown]
r"""
Why does the product rule have two terms? Think of $u\,v$ as the area of a
rectangle with the sides $u$ and $v$. A small step $h$ in $x$ changes one side
by $\Delta u$ and the other by $\Delta v$, and the area grows by two strips and
a corner:

$$ \Delta(u\,v) = v\,\Delta u + u\,\Delta v + \Delta u\,\Delta v . $$

Divide by $h$: the strips keep their share, the corner loses its own. With a
step that is ten times shorter it is ten times smaller.
"""

# %%
a = 0.6  # where both sides grow
print("|      h |    v·Δu / h |    u·Δv / h |   Δu·Δv / h |")
print("| -----: | ----------: | ----------: | ----------: |")
for h in (0.1, 0.01, 0.001):
    rise_u, rise_v = u(a + h) - u(a), v(a + h) - v(a)
    strips = v(a) * rise_u / h, u(a) * rise_v / h
    numbers = " | ".join(f"{strip:11.6f}" for strip in strips)
    print(f"| {h:6g} | {numbers} | {rise_u * rise_v / h:11.6f} |")
print("\nin the limit the strips are")
print(f"u′v = {2 * a * v(a):.6f}   uv′ = {u(a) * np.cos(a):.6f}")
print(f"and the derivative by grad is {grad(lambda x: u(x) * v(x))(a):.6f}")

# %%
# Picture: A rectangle with the sides u and v. On its right is a strip as high
# as v, on its top a strip as long as u, and where they meet in the upper right
# corner a small rectangle that is left over.
figure, axes = plt.subplots()
h = 0.1
sides = u(a), v(a)
rises = u(a + h) - u(a), v(a + h) - v(a)
parts = [
    ((0, 0), sides, "C0", "u·v"),
    ((sides[0], 0), (rises[0], sides[1]), "C1", "v·Δu"),
    ((0, sides[1]), (sides[0], rises[1]), "C2", "u·Δv"),
    (sides, rises, "C3", "Δu·Δv"),
]
for corner, (width, height), color, name in parts:
    box = plt.Rectangle(corner, width, height, fill=False, ec=color, lw=3)
    axes.add_patch(box)
    middle = corner[0] + width / 2, corner[1] + height / 2
    axes.text(*middle, name, ha="center", va="center")
axes.set(xlim=(-0.02, 0.55), ylim=(-0.02, 0.7), xlabel="u", ylabel="v")
axes.set_title("An area that grows, from x = 0.6 to x = 0.7")
plt.show()

# %% [markdown]
r"""
All three rules in one function:

$$ f(x) = (x^2 + \sin x)\; e^{-x^2 / 2} . $$

By hand the product rule comes first, the sum rule inside of the first factor,
the chain rule inside of the second:

$$
f'(x) = (2x + \cos x)\; e^{-x^2/2} + (x^2 + \sin x)\; e^{-x^2/2}\,(-x) .
$$
"""


# %%
def f(x):
    total = x**2 + np.sin(x)
    bell = np.exp(-(x**2) / 2)
    return total * bell


bell = np.exp(-(x**2) / 2)
by_hand = (2 * x + np.cos(x)) * bell + (x**2 + np.sin(x)) * bell * -x
print(f"by hand   f′(1.5) = {by_hand:.12f}")
print(f"by grad   f′(1.5) = {grad(f)(x):.12f}")

# %% [markdown]
"""
The machine goes the same way, one operation at a time, and backwards. Step
through it: at the product the derivative splits into two; each goes back along
its own branch and is multiplied by what the *chain rule* says; at the sum one
of them splits again. So three shares arrive at `x`, and are added.
"""

# %%
# Picture: A graph of the computation of f at 1.5, and its source beside it.
# Three arrows leave x: to a square and a sine, whose sum is one branch, and to
# a square on the way to a bell curve, the other. Both end in a product. Steps
# forward show the values, steps backward the derivatives.
steps(f, x, title="Three rules in one function")
