# %% [markdown]
r"""
# Back-propagation by hand

*Back-propagation* is the chain rule for a network, from its cost back to each
weight. For one network it can be written on paper. Here is one with two inputs,
three *neurons* in a hidden *layer* and one output. The rows of $X$ are $N$
examples, and $\mathbf{1}$ is a column of ones that repeats a bias in each row:

$$ Z_1 = X W_1 + \mathbf{1} b_1, \qquad A_1 = \tanh Z_1, $$

$$ A_2 = A_1 W_2 + \mathbf{1} b_2, \qquad C = \frac{1}{N} \sum (A_2 - Y)^2 . $$

Write $\bar{V}$ for the derivative of $C$ by each entry of $V$, an array of the
shape of $V$. The last formula gives

$$ \bar{A}_2 = \frac{2}{N} (A_2 - Y) . $$

A change $dW_2$ changes $A_2$ by $A_1\, dW_2$, and one in $A_1$ changes it by
$dA_1\, W_2$. To read off what multiplies each entry, move the other matrix to
the other side, transposed. A bias is used in every row, so its shares are
added:

$$
\bar{W}_2 = A_1^T \bar{A}_2, \quad \bar{b}_2 = \mathbf{1}^T \bar{A}_2, \quad
\bar{A}_1 = \bar{A}_2 W_2^T .
$$

The activation works entry by entry, with $\tanh' = 1 - \tanh^2$. Then the first
layer is as the second was:

$$ \bar{Z}_1 = \bar{A}_1 \odot (1 - A_1^2), $$

$$ \bar{W}_1 = X^T \bar{Z}_1, \qquad \bar{b}_1 = \mathbf{1}^T \bar{Z}_1 . $$

These are the lines of the function `by_hand`, one for one.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import Tensor, draw

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])  # exclusive or
rng = np.random.default_rng(4)
weights = {
    "W1": rng.normal(size=(2, 3)),
    "b1": rng.normal(size=3),
    "W2": rng.normal(size=(3, 1)),
    "b2": rng.normal(size=1),
}


def cost(W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = np.tanh(Z1)
    A2 = A1 @ W2 + b2
    return np.sum((A2 - Y) ** 2) / len(X)


def by_hand(W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = np.tanh(Z1)
    A2 = A1 @ W2 + b2
    A2_bar = 2 / len(X) * (A2 - Y)
    W2_bar = A1.T @ A2_bar
    b2_bar = A2_bar.sum(axis=0)
    A1_bar = A2_bar @ W2.T
    Z1_bar = A1_bar * (1 - A1**2)
    W1_bar = X.T @ Z1_bar
    b1_bar = Z1_bar.sum(axis=0)
    return {"W1": W1_bar, "b1": b1_bar, "W2": W2_bar, "b2": b2_bar}


# %% [markdown]
r"""
The engine is given the cost alone. A *Tensor* is an array that records what is
done with it, and `backward` leaves a derivative with each weight.
"""

# %%
tensors = {name: Tensor(V, name=name) for name, V in weights.items()}
cost(**tensors).backward()
hand = by_hand(**weights)

print("| by | shape  | largest derivative | largest difference |")
print("| :- | :----- | -----------------: | -----------------: |")
for name, V in hand.items():
    difference = np.abs(V - tensors[name].grad).max()
    print(
        f"| {name} | {V.shape!s:6} "
        f"| {np.abs(V).max():18.4f} | {difference:18.1e} |"
    )

# %% [markdown]
r"""
They agree to rounding: the engine does the same multiplications, which it finds
by reading the graph backwards. In the picture `v1` is $X$ and `v4` is $Y$, and
"grad" is what was written with a bar.
"""

# %%
# Picture: The graph of the cost: X times W1, plus b1, tanh, times W2, plus b2,
# minus Y, squared, summed, divided by 4, each with the derivative that it got.
draw(cost, *weights.values(), gradients=True)

# %% [markdown]
r"""
## It learns

With the derivatives, *steepest descent* teaches the network "exclusive or": 1
when one of the inputs is 1, but not both. No line through the plane separates
these answers, so the hidden layer is needed. Two copies learn side by side, one
by each way of differentiation.
"""

# %%
learnt = weights
costs = []
for _ in range(300):
    slopes = by_hand(**learnt)
    learnt = {name: V - 0.3 * slopes[name] for name, V in learnt.items()}
    for V in tensors.values():
        V.grad = None
    C = cost(**tensors)
    C.backward()
    costs.append(C.item())
    for V in tensors.values():
        V.data = V.data - 0.3 * V.grad

apart = max(np.abs(V - tensors[name].data).max() for name, V in learnt.items())
A1 = np.tanh(X @ learnt["W1"] + learnt["b1"])
A2 = A1 @ learnt["W2"] + learnt["b2"]
print("|  x | wanted | answer |")
print("| -: | -----: | -----: |")
for (x1, x2), y, answer in zip(X, Y, A2, strict=True):
    print(f"| {x1:.0f} {x2:.0f} | {y.item():6.0f} | {answer.item():6.3f} |")
print(f"\ncost: {costs[0]:.4f} at the start, {costs[-1]:.0e} at the end")
print(f"largest difference of two weights after 300 steps: {apart:.0e}")

# %%
# Picture: The cost against the step on a logarithmic scale. It falls to 0.3 in
# three steps, then slowly to 0.1, and from step 50 on along a straight line.
figure, axes = plt.subplots()
axes.semilogy(costs)
axes.set(xlabel="step", ylabel="cost", title="Exclusive or, learnt")
plt.show()
