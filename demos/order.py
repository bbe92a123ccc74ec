# %% [markdown]
r"""
# Why the walk back needs an order

Take $c = a \sin a$ with $a = x^2$. The value $a$ is used twice: in the sine,
and in the product. On the way back both uses send their share of the derivative
to $a$, and

$$
\frac{dc}{dx} = \left( \sin a + a \cos a \right) \cdot 2x .
$$

The bracket must be complete before it is multiplied by $2x$ and handed on. Here
the *graph* is written out by hand: for each value, what it was made of and the
local derivatives. The walk visits values in a given order. It is all there is
to *reverse mode*.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import draw, grad

x = 1.5
a = x**2
b = np.sin(a)
c = a * b
graph = {
    "c": [("b", a), ("a", b)],
    "b": [("a", np.cos(a))],
    "a": [("x", 2 * x)],
    "x": [],
}


def walk(graph, order):
    arrived = dict.fromkeys(graph, 0.0)
    arrived[order[0]] = 1.0
    for value in order:
        for made_of, local in graph[value]:
            arrived[made_of] += arrived[value] * local
    return arrived["x"]


def f(x):
    a = x**2
    b = np.sin(a)
    return a * b


print(f"order c, b, a, x   dc/dx = {walk(graph, 'cbax'):9.6f}")
print(f"order c, a, b, x   dc/dx = {walk(graph, 'cabx'):9.6f}    wrong")
print(f"by the formula             {(np.sin(a) + a * np.cos(a)) * 2 * x:9.6f}")
print(f"the engine                 {grad(f)(x):9.6f}")

# %% [markdown]
r"""
In the second order $a$ comes before $b$: it hands on what has arrived, the
share $\sin a$ of the product. The share of the sine comes too late, and nothing
says so. Even the sign is wrong here. The rule is: **a value may hand on only
when all that used it have done so**. An order in which every value stands
before what it was made of is a *topological order*. The picture calls $c$ the
output.
"""

# %%
# Picture: The graph of f: x at the top leads to a = x², which has two arrows,
# one to the sine and one to the product, where they meet. Each value has its
# derivative beside it: a has one, the sum of two shares. c is called output.
draw(f, x, gradients=True)

# %% [markdown]
r"""
How is such an order found? A value can be made only after what it is made of.
So the order of the computation, backwards, is a topological order. This is what
the engine does: it numbers values as they are made, and walks from the highest
number to the lowest. When the graph alone is known, a search in depth finds
one: a value is written down after everything it was made of, and the list is
read from its end.
"""


# %%
def topological_order(graph, start):
    written = []

    def visit(value):
        if value not in written:
            for made_of, _ in graph[value]:
                visit(made_of)
            written.append(value)

    visit(start)
    return written[::-1]


order = topological_order(graph, "c")
print(f"found: {', '.join(order)}   dc/dx = {walk(graph, order):.6f}")

# %% [markdown]
r"""
## Is there a way without an order?

One could follow each path from $c$ to $x$ by itself, multiply along it and add
the products at the end. That is right, and hopeless. When each value is used
twice by the next, as in $v_{i+1} = v_i \sin v_i$, the number of paths doubles
with every step. The walk in order visits each value once.
"""


# %%
def chain(n, v):
    graph, last = {"x": []}, "x"
    for i in range(n):
        sine, product = f"sine {i}", f"product {i}"
        graph[sine] = [(last, np.cos(v))]
        graph[product] = [(last, np.sin(v)), (sine, v)]
        v, last = v * np.sin(v), product
    return graph, last


def by_paths(graph, value):
    if value == "x":
        return 1.0, 1
    slope, paths = 0.0, 0
    for made_of, local in graph[value]:
        further, ways = by_paths(graph, made_of)
        slope, paths = slope + local * further, paths + ways
    return slope, paths


print("| steps | values |  paths | by order | by paths |")
print("| ----: | -----: | -----: | -------: | -------: |")
counts = []
for n in (1, 2, 4, 8, 12, 16):
    graph_n, last = chain(n, 1.5)
    in_order = walk(graph_n, topological_order(graph_n, last))
    slope, paths = by_paths(graph_n, last)
    counts.append((n, len(graph_n), paths))
    row = f"| {n:5} | {len(graph_n):6} | {paths:6,}"
    print(f"{row} | {in_order:8.5f} | {slope:8.5f} |")

# %%
# Picture: On a logarithmic scale the number of paths rises as a straight line,
# from 2 to 65 536. The number of values, one more than twice the steps, stays
# below 40.
n, values, paths = np.transpose(counts)
figure, axes = plt.subplots()
axes.semilogy(n, paths, "o-", label="paths")
axes.semilogy(n, values, "s--", label="values")
axes.set(xlabel="steps", ylabel="how many", title="Paths double at each step")
axes.legend()
plt.show()
