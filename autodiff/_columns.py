"""All columns of a Jacobian from one walk, where the output is elementwise in its data.

A model of parameters p and data x, such as p[0] * np.exp(-p[1] * x), maps each data point by
itself: of an array along the data axis, y[n] depends on the n-th entry only. Then ∂y[n]/∂v[n] is
one number for each entry of such an array, and the walk back with the cotangent 1 finds them all
at once, if it does not sum over the data where a parameter was broadcast along them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._scatter import Scattered, accumulate
from autodiff._tensor import Tensor
from autodiff._walks import Graph, filled, fitted


def columns_by_data(graph: Graph) -> list[Any] | None:
    """Return the Jacobian of a vector by each leaf, of shape ``(n, *leaf.shape)``.

    None where the graph shows that the output is not elementwise in its data. The data are
    followed from the output back, never guessed from a length.
    """
    (out,) = graph.outputs
    kinds = {x.dtype.kind for x in (out, *graph.leaves)}
    if out.ndim != 1 or len(kinds) > 1:
        return None
    n = out.size
    most = sum(x.size for x in graph.leaves)  # what is larger would cost more than the result
    # What arrives at a Tensor: where it runs along the data, ∂y[n]/∂(its n-th entry); elsewhere
    # ∂y[n]/∂(all of it), with n in front.
    arrived: dict[Tensor, tuple[Any, bool]] = {out: (out.dtype.type(1), True)}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for consumer in reversed(graph.order):
            if consumer not in arrived:
                continue
            g, along_data = arrived.pop(consumer)
            op: Any = consumer.op
            value = consumer.value
            if op.structural if along_data else value.size > most:
                return None
            if not along_data and (op.structural or type(g) is Scattered):
                g = filled(g, (n, *value.shape))
            for i, x in enumerate(consumer.inputs):
                if type(x) is not Tensor or not x.requires_grad or x.index < graph.oldest:
                    continue
                image = op.rules[i](g, value, *consumer.values)
                shape = x.value.shape
                x_along_data = along_data and shape == value.shape
                if along_data and not x_along_data:  # a number: not summed over the data
                    image = filled(image, value.shape).reshape(n, *shape)
                elif image.shape != shape:
                    image = fitted(image, shape, value.shape, () if along_data else (n,), op)
                if x in arrived:
                    earlier, differs = arrived[x][0], arrived[x][1] != x_along_data
                    if differs:
                        return None
                    image = accumulate(earlier, image)
                arrived[x] = image, x_along_data
        results = [_jacobian(*arrived.get(x, (np.zeros(()), False)), x, out) for x in graph.leaves]
    return results if all(np.all(np.isfinite(J)) for J in results) else None


def _jacobian(g: Any, along_data: bool, leaf: Tensor, out: Tensor) -> Any:
    """Return the Jacobian by a leaf from what arrived there; a diagonal one by data."""
    if along_data:
        return np.diag(filled(g, leaf.shape))
    J = filled(g, (out.size, *leaf.shape)).astype(leaf.dtype, copy=False)
    return J if J.base is None else J.copy()
