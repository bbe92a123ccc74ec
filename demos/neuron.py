# %% [markdown]
r"""
# One neuron, a NOT gate, one layer

A *neuron* takes a number $a_0$, weighs it, adds a *bias* and bends the result
by an *activation* $\sigma$, here tanh:

$$ a_1 = \sigma(w a_0 + b), \qquad \sigma(z) = \tanh z . $$

It is a chain of three functions, and its derivatives are products. With
$\sigma' = 1 - \sigma^2$,

$$
\frac{\partial a_1}{\partial a_0} = (1 - a_1^2)\, w, \qquad
\frac{\partial a_1}{\partial w} = (1 - a_1^2)\, a_0,
$$

$$
\frac{\partial a_1}{\partial b} = 1 - a_1^2 .
$$
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import grad, steps


def neuron(a, w, b):
    return np.tanh(w * a + b)


w, b = 1.3, -0.1
print("| a₀ |      a₁ | ∂a₁/∂a₀ | ∂a₁/∂w  | ∂a₁/∂b  |")
print("| -: | ------: | ------: | ------: | ------: |")
for a in (-1.0, 0.0, 1.0):
    numbers = neuron(a, w, b), *grad(neuron, argnums=(0, 1, 2))(a, w, b)
    print(f"| {a:2.0f} |", " | ".join(f"{n:7.4f}" for n in numbers), "|")
slope = 1 - neuron(1.0, w, b) ** 2
print(f"\nat a₀ = 1 by the formulas: {slope * w:.4f}, {slope:.4f}, {slope:.4f}")

# %%
# Picture: A page that steps through the neuron at a = 1: w times a, plus b,
# then tanh; and back, from the output to a, w and b.
steps(neuron, 1.0, w, b, title="One neuron: w = 1.3, b = −0.1, a = 1")

# %% [markdown]
r"""
## A NOT gate

With $w = -5$ and $b = 5$ the same neuron turns 1 into 0 and 0 into nearly 1.
The weight is negative, so the curve falls, and the bias moves its middle to
$a_0 = -b / w = 1$.
"""

# %%
w, b = -5.0, 5.0
print(f"NOT 0 = tanh(5) = {neuron(0.0, w, b):.6f}    wanted about 1")
print(f"NOT 1 = tanh(0) = {neuron(1.0, w, b):.6f}    wanted 0")
slopes = [grad(neuron)(a, w, b) for a in (0.0, 1.0)]
print(f"slopes: {slopes[0]:.6f} at 0, {slopes[1]:.6f} at 1")

# %%
# Picture: Two S-shaped curves of tanh. The first neuron's rises through zero
# near a = 0. That of the NOT gate is steeper and falls, from 1 at a = 0, where
# a dot lies, to 0 at a = 1, where the second dot lies, and on to −1.
a = np.linspace(-1, 2, 200)
figure, axes = plt.subplots()
axes.plot(a, neuron(a, 1.3, -0.1), label="w = 1.3, b = −0.1")
axes.plot(a, neuron(a, w, b), label="w = −5, b = 5 (NOT)")
axes.plot([0, 1], [neuron(0.0, w, b), 0], "o", color="C1")
axes.set(xlabel="input a₀", ylabel="output a₁", title="What two neurons say")
axes.legend(loc="center left", bbox_to_anchor=(0, 0.82))
plt.show()

# %% [markdown]
r"""
The steps show something that matters later: at $a_0 = 0$ the neuron is
*saturated*. The derivative of tanh at 5 is 0.0002, and whatever comes back
through the neuron is multiplied by it.
"""

# %%
# Picture: A page that steps through the NOT gate at a = 0. The local derivative
# of tanh at 5 is 0.0002, so little comes back to w, a and b.
steps(neuron, 0.0, w, b, title="The NOT gate: w = −5, b = 5, a = 0")

# %% [markdown]
r"""
## Learning: the slope of a cost

That a neuron is wrong is measured by a *cost*, $C = (a_1 - y)^2$ for a wanted
answer $y$. Learning goes against its derivatives, and these are one product
longer:

$$
\frac{\partial C}{\partial b} = 2\,(a_1 - y)\,(1 - a_1^2), \qquad
\frac{\partial C}{\partial w} = \frac{\partial C}{\partial b}\, a_0 .
$$
"""


# %%
def cost(w, b, a, y):
    return (neuron(a, w, b) - y) ** 2


by_w, by_b = grad(cost, argnums=(0, 1))(2.3, -1.2, 0.0, 1.0)
print(f"∂C/∂b at w = 2.3, b = −1.2, a₀ = 0, y = 1: {by_b:.4f}")
print("in the course                              -1.1186")
print(f"∂C/∂w there: {by_w:z.4f}, since a₀ = 0: w had no part in a₁")

# %% [markdown]
r"""
## One layer

Several neurons that look at the same inputs are a *layer*. Their weights are
the rows of a matrix, and $a_1 = \sigma(W a_0 + b)$ has one entry for each
neuron. The cost adds the squares of what the answers lack to the wanted ones,
here $(1, 0)$. Its derivative by $W$ has the shape of $W$.
"""

# %%
W = np.array([[-2.0, 4.0, -1.0], [6.0, 0.0, -3.0]])
b = np.array([0.1, -2.5])
a0 = np.array([0.3, 0.4, 0.1])


def layer(W, b, a):
    return np.tanh(W @ a + b)


def layer_cost(W, b, a):
    return np.sum((layer(W, b, a) - np.array([1.0, 0.0])) ** 2)


C_W, C_b = grad(layer_cost, argnums=(0, 1))(W, b, a0)
print(f"a₁ = {layer(W, b, a0).round(4)}    in the course (0.7616, -0.7616)")
print(f"∂C/∂W =\n{C_W.round(4)}\n∂C/∂b = {C_b.round(4)}")
outer = np.allclose(C_W, np.outer(C_b, a0))
print(f"rows of ∂C/∂W are ∂C/∂b times a₀: {outer}")

# %% [markdown]
r"""
The two weighted sums are $1$ and $-1$, hence the two equal answers of opposite
sign. The derivative by the matrix is an outer product, $\delta\, a_0^T$ with
$\delta = \partial C / \partial b$: one column of errors times one row of
inputs.
"""

# %%
# Picture: A page that steps through the layer: the matrix W times a, plus b,
# tanh, the differences to the wanted answers, their squares and the sum; and
# back.
steps(layer_cost, W, b, a0, title="One layer of two neurons, and its cost")
