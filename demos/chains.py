# %% [markdown]
r"""
# Chains of functions

A function of one number may pass through a plane on its way: $t$ gives a point
$x$ with two coordinates, and the point gives a number,

$$ x(t) = (1 - t^2,\; 1 + t^2), $$

$$ f(x) = x_1^2 x_2^2 + x_1 x_2 . $$

How fast does $f(x(t))$ change with $t$? Each stage has a *Jacobian*, the matrix
of its partial derivatives, and the *chain rule* multiplies them:

$$
\frac{df}{dt} = J_f\, J_x, \qquad
J_x = \begin{bmatrix} -2t \\ 2t \end{bmatrix},
$$

$$
J_f = \begin{bmatrix} 2 x_1 x_2^2 + x_2 & 2 x_1^2 x_2 + x_1 \end{bmatrix} .
$$

This one can be checked by putting $x$ into $f$: since $x_1 x_2 = 1 - t^4$, the
product is $8t^7 - 12t^3$.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, jacobian, steps


def f(x):
    return x[0] ** 2 * x[1] ** 2 + x[0] * x[1]


def x(t):
    return np.stack([1 - t**2, 1 + t**2])


def chain(t):
    point = x(t)
    return f(point)


print("|    t | Jacobians multiplied |  engine | 8t⁷ − 12t³ |")
print("| ---: | -------------------: | ------: | ---------: |")
for t in (-1.0, 0.0, 0.5, 1.2):
    product = jacobian(f)(x(t)) @ jacobian(x)(t)
    formula = 8 * t**7 - 12 * t**3
    slope = grad(chain)(t)
    print(f"| {t:4} | {product:20.4f} | {slope:7.4f} | {formula:10.4f} |")

# %% [markdown]
r"""
At $t = 0.5$ the slope is $-1.4375$: the tangent falls by nearly one and a half
for each unit of $t$.
"""

# %%
# Picture: The curve of f along t is a hump of height 2 with a flat top around
# zero. A straight dashed line touches it at t = 0.5 and falls to the right.
ts = np.linspace(-1.2, 1.2, 200)
figure, axes = plt.subplots()
axes.plot(ts, [chain(t) for t in ts], label="f(x(t))")
near = np.array([0.0, 1.0])
axes.plot(near, chain(0.5) + grad(chain)(0.5) * (near - 0.5), label="tangent")
axes.plot(0.5, chain(0.5), "o", color="C1")
axes.set(xlabel="t", ylabel="f", title="A chain of two functions")
axes.legend()
plt.show()

# %% [markdown]
r"""
The same in single steps. Going forward, each operation notes its value and its
own derivative. Going back, the derivative of the whole is handed from each
operation to what it was made of. Where shares meet they are added. `point` is
$x$: each of its entries is used twice by $f$, and gets two shares. $t$ is used
in both entries, and gets two as well.
"""

# %%
# Picture: A page with the graph of f(x(t)) and its source, and buttons that
# lead through the operations forward and back. At the end t has the derivative
# −1.4375.
steps(chain, 0.5, title="f(x(t)) at t = 0.5")

# %% [markdown]
r"""
## Three stages

With one more stage between, $f(x(u(t)))$, there is one more Jacobian in the
product. The sizes fit like dominoes. Here $t$ is one number, $u$ has two
entries, $x$ three and $f$ one:

$$ u(t) = (\sin t,\; t^2), $$

$$ x(u) = (u_1 + u_2,\; u_1 u_2,\; e^{u_1}), $$

$$ f(x) = x_1 x_2 + x_3^2 . $$
"""


# %%
def u_of_t(t):
    return np.stack([np.sin(t), t**2])


def x_of_u(u):
    return np.stack([u[0] + u[1], u[0] * u[1], np.exp(u[0])])


def f_of_x(x):
    return x[0] * x[1] + x[2] ** 2


def three_stages(t):
    u = u_of_t(t)
    x = x_of_u(u)
    return f_of_x(x)


u = u_of_t(0.5)
J_u = jacobian(u_of_t)(0.5)[:, None]  # derivatives by one number: a column
J_x = jacobian(x_of_u)(u)
J_f = jacobian(f_of_x)(x_of_u(u))[None, :]  # and of one number: a row
for name, J in {"J_u": J_u, "J_x": J_x, "J_f": J_f}.items():
    print(f"{name}, {J.shape[0]} × {J.shape[1]}:\n{J.round(4)}")
print(f"\nfrom the left   (J_f J_x) J_u = {(J_f @ J_x @ J_u).item():.10f}")
print(f"from the right  J_f (J_x J_u) = {(J_f @ (J_x @ J_u)).item():.10f}")
print(f"the engine                      {grad(three_stages)(0.5):.10f}")

# %% [markdown]
r"""
From the left, each product is a row, as long as the stage that it has reached
is wide: this is the walk back from $f$, *reverse mode*. From the right each
product is a column: the walk forward from $t$, *forward mode*. Both give one
number. The costs differ as soon as one end is wider than the other. With a
thousand inputs and one output, $J_u$ has a thousand columns, and the walk
forward carries them all, the walk back one row. Networks are of that kind.

No walk forms the matrices. Each operation multiplies what comes by its own
derivative, and goes on.
"""

# %%
# Picture: A page that steps through the three stages. Forward, t gives u, u
# gives x and x gives f; back, the derivative comes from f to x, from x to u,
# and to t.
steps(three_stages, 0.5, title="f(x(u(t))) at t = 0.5")
