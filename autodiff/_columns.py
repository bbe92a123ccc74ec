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
from autodiff._walks import Graph, Shape, filled
from autodiff._walks import _fitted as fitted


def columns_by_data(graph: Graph) -> list[Any] | None:
    """Return the Jacobian of a vector by each leaf, of shape ``(n, *leaf.shape)``.

    None where the graph shows that the output is not elementwise in its data. The data axis is
    followed from the output back, never guessed from a length.
    """
    (out,) = graph.outputs
    kinds = {x.dtype.kind for x in (out, *graph.leaves)}
    if out.ndim != 1 or len(kinds) > 1:
        return None
    n = out.size
    most = sum(x.size for x in graph.leaves)  # what is larger would cost more than the result
    # What arrives at a Tensor, and along which axis: ∂y[n]/∂(its n-th slice along the data), or,
    # where it does not run along the data (None), ∂y[n]/∂(all of it) with n in front.
    arrived: dict[Tensor, tuple[Any, int | None]] = {out: (out.dtype.type(1), -1)}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for consumer in reversed(graph.order):
            if consumer not in arrived:
                continue
            g, axis = arrived.pop(consumer)
            op: Any = consumer.op
            value = consumer.value
            if op.structural if axis is not None else value.size > most:
                return None
            if axis is None and (op.structural or type(g) is Scattered):
                g = filled(g, (n, *value.shape))
            for i, x in enumerate(consumer.inputs):
                if type(x) is not Tensor or not x.requires_grad or x.index < graph.oldest:
                    continue
                image = op.rules[i](g, value, *consumer.values)
                shape = x.value.shape
                along = axis is not None and len(shape) >= -axis and shape[axis] == n
                x_axis = axis if along else None
                if axis is not None and x_axis is None:
                    image = _kept_apart(image, shape, value.shape, axis, op)
                elif image.shape != shape:
                    image = fitted(image, shape, value.shape, (n,) if axis is None else (), op)
                if x in arrived:
                    earlier, earlier_axis = arrived[x]
                    if earlier_axis != x_axis:
                        return None
                    image = accumulate(earlier, image)
                arrived[x] = image, x_axis
        results = [_jacobian(*arrived.get(x, (None, None)), x, out) for x in graph.leaves]
    finite = all(J is not None and np.all(np.isfinite(J)) for J in results)
    return results if finite else None


def _kept_apart(image: Any, shape: Shape, full: Shape, axis: int, op: Any) -> Any:
    """Return an image summed to an operand's shape, except over the data, which come in front."""
    image = filled(image, full)
    n = full[axis]
    if len(full) == 1:
        return image.reshape(n, *shape) if shape else image
    axis += len(full)
    own_axis = axis - len(full) + len(shape)
    own = shape[:own_axis] + shape[own_axis + 1 :] if own_axis >= 0 else shape
    rest = full[:axis] + full[axis + 1 :]
    image = fitted(np.moveaxis(image, axis, 0), own, rest, (n,), op)
    return filled(image, (n, *own)).reshape(n, *shape)


def _jacobian(g: Any, axis: int | None, leaf: Tensor, out: Tensor) -> Any:
    """Return the Jacobian by a leaf from what arrived there; a diagonal one for data."""
    shape = (out.size, *leaf.shape)
    if g is None:
        return np.zeros(shape, out.dtype)
    if axis is None:
        g = filled(g, shape)
        return g.copy() if g.base is not None else g
    if leaf.ndim != 1:
        return None
    return np.diag(filled(g, leaf.shape))
