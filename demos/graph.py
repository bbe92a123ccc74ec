"""The computation graph: what a derivative walks over.

Each Tensor remembers the op that made it and what that op was given. Drawn, these are the boxes and
the arrows; ``backward`` goes the arrows in reverse and leaves a gradient at each leaf.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import nn
from autodiff import Tensor, draw


def run(gallery: Path) -> None:
    """Draw the graph of an expression and that of a network's loss."""
    expression(gallery)
    network(gallery)


def expression(gallery: Path) -> None:
    """Draw ln x1 + x1 x2 - sin x2, the example of Baydin and others, JMLR 18 (2018), table 3."""
    x1, x2 = Tensor(2.0, name="x1"), Tensor(5.0, name="x2")
    f = np.log(x1) + x1 * x2 - np.sin(x2)
    f.name = "f"
    f.backward()
    print("f = ln x1 + x1 x2 - sin x2 at x1 = 2, x2 = 5")
    print(f"  f       {f:9.6f}")
    print(f"  df/dx1  {x1.grad:9.6f}   by hand 1/x1 + x2    {1 / 2 + 5:9.6f}")
    print(f"  df/dx2  {x2.grad:9.6f}   by hand x1 - cos x2  {2 - np.cos(5):9.6f}")
    draw(f).render(outfile=gallery / "graph_expression.svg", cleanup=True)


def network(gallery: Path) -> None:
    """Draw the loss of a network with one hidden layer that is to learn the product x1 x2."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, size=(100, 2))
    X = Tensor(points, requires_grad=False, name="X")
    Y = Tensor(points.prod(axis=1, keepdims=True), requires_grad=False, name="Y")
    model = nn.MLP([2, 8, 1], activation="tanh", seed=0)
    output = model(X)
    loss = nn.mean_squared_error(output, Y)
    output.name, loss.name = "output", "loss"
    loss.backward()
    print(f"\nMean squared error of a 2-8-1 network on {len(points)} points: {loss:.4f}")
    print("  parameter        shape   length of its gradient")
    for p in model.parameters():
        print(f"  {p.name:15}  {p.shape!s:6}  {np.linalg.norm(p.grad):22.4f}")
    draw(loss).render(outfile=gallery / "graph_network.svg", cleanup=True)
