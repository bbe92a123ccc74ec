"""What becomes of a cotangent in ops that are not elementwise: formulas and words in a picture.

The rules allow for batches of cotangents and for what rounds off; a reader wants the formula.
Each is a function of ``g``, the output and the inputs, by the op's name, as its rules are; where
any number of operands has one rule it takes the operand's number first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.drawing.formulas._expressions import Symbol, call, key_text, literal
from autodiff.rules._products import matvec


def _beside(reduced: Symbol, x: Symbol, axes: Any, keepdims: bool) -> Symbol:
    """Return what was reduced over axes, in a shape that fits beside ``x``."""
    gone = {axis % x.ndim for axis in axes}
    key = [None if i in gone else slice(None) for i in range(x.ndim)] if not keepdims else []
    while key and key[0] is None:  # which stand in front by themselves
        key = key[1:]
    while key and key[-1] is not None:
        key = key[:-1]
    return reduced[tuple(key)] if key else reduced


def _sum(g: Symbol, out: Symbol, x: Symbol, axes: Any, keepdims: bool) -> str:
    return f"broadcast {_beside(g, x, axes, keepdims)}"


def _mean(g: Symbol, out: Symbol, x: Symbol, axes: Any, keepdims: bool) -> str:
    return f"{_sum(g, out, x, axes, keepdims)}/{x.size // max(out.size, 1)}"


def _where_extreme(g: Symbol, out: Symbol, x: Symbol, axes: Any, keepdims: bool) -> str:
    g, out = (_beside(symbol, x, axes, keepdims) for symbol in (g, out))
    return f"{g} where {x} = {out}, else 0; ties share"


def _norm(g: Symbol, out: Symbol, x: Symbol, axes: Any, keepdims: bool, order: Any = 2) -> Any:
    if not np.any(out.value):
        return "0"  # as the rule has it, where the quotient is 0/0
    g, out = (_beside(symbol, x, axes, keepdims) for symbol in (g, out))
    if order == 2:
        return g * x / out
    return g * np.sign(x) * (np.abs(x) / out) ** (order - 1)


def _logsumexp(g: Symbol, out: Symbol, x: Symbol, axes: Any, keepdims: bool) -> Any:
    g, out = (_beside(symbol, x, axes, keepdims) for symbol in (g, out))
    return g * np.exp(x - out)


def _cumsum(g: Symbol, out: Symbol, x: Symbol, axis: int) -> str:
    along = f" along axis {axis % x.ndim}" if x.ndim > 1 else ""
    return f"{g} summed from the end{along}"


def _einsum(i: int, g: Symbol, out: Symbol, *arguments: Any) -> str:
    *operands, labels, out_labels, _ = arguments
    others = [k for k in range(len(operands)) if k != i]
    subscripts = ",".join([out_labels, *(labels[k] for k in others)])
    texts = ", ".join(str(x) for x in (g, *(operands[k] for k in others)))
    return f"einsum('{subscripts}->{labels[i]}', {texts})"


def _convolution(i: int, g: Symbol, out: Symbol, *arguments: Any) -> str:
    x, other = arguments[i], arguments[1 - i]
    length, n = out.shape[-1], other.shape[-1]
    start = n - 1 - arguments[2]
    part = slice(start, start + x.shape[-1])
    if part == slice(min(length, n) - 1, max(length, n)):  # all places where both are whole
        return f"correlate({g}, {other})"
    whole = f"correlate({g}, {other}, 'full')"
    return whole if part == slice(0, length + n - 1) else f"{whole}[{part.start}:{part.stop}]"


def _set(i: int, g: Symbol, out: Symbol, x: Any, entries: Any, key: Any) -> str:
    return f"{g}{_at(key)}" if i else f"{g}, but 0 at {_at(key)}"


def _getitem(g: Symbol, out: Symbol, x: Symbol, key: Any) -> Any:
    if all(k is None or k is Ellipsis or key_text((k,), 0) == ":" for k in key):
        return g.reshape(x.shape)  # nothing is left out
    return f"{g} {'added ' * _repeats(key, x.shape)}at {_at(key)}, else 0"


def _repeats(key: Any, shape: tuple[int, ...]) -> bool:
    """Whether a key, whose masks are indices, reads an entry more than once."""
    parts = [k for k in key if k is not None and k is not Ellipsis]
    indexed = [(k, n) for k, n in zip(parts, shape, strict=True) if not isinstance(k, slice)]
    if all(np.ndim(k) == 0 for k, _ in indexed):
        return False
    places = np.zeros((), int)
    for k, n in indexed:
        places = places * n + np.asarray(k) % max(n, 1)
    return len(np.unique(places)) < places.size


def _at(key: Any) -> str:
    return f"[{key_text(key, len(key) - 1)}]"


def _log_softmax(g: Symbol, out: Symbol, x: Symbol, axes: Any) -> str:
    if x.ndim == 1:
        return f"{g} − exp({out})·Σ {g}"
    along = tuple(axis % x.ndim for axis in axes)
    axis = along[0] if len(along) == 1 else along
    total = g.sum() if len(along) == x.ndim else g.sum(axis, keepdims=True)
    return str(g - np.exp(out) * total)


def _cross_entropy(g: Symbol, out: Symbol, x: Symbol, labels: Any) -> str:
    return f"{g}·(softmax({x}) − onehot(labels))/{len(labels)}"


def _matmul_left(g: Symbol, out: Symbol, x: Any, y: Any) -> str:
    return _over_stacks(g @ _transposes(y), out, x)


def _matmul_right(g: Symbol, out: Symbol, x: Any, y: Any) -> str:
    return _over_stacks(_transposes(x) @ g, out, y)


def _matvec_left(g: Symbol, out: Symbol, x: Symbol, y: Symbol) -> str:
    return _outer(g, y, g.shape[:-1], x)


def _matvec_right(g: Symbol, out: Symbol, x: Symbol, y: Symbol) -> str:
    return _matrix_times_vector(x.mT, g, y)


def _vecmat_left(g: Symbol, out: Symbol, x: Symbol, y: Symbol) -> str:
    return _matrix_times_vector(y, g, x)


def _vecmat_right(g: Symbol, out: Symbol, x: Symbol, y: Symbol) -> str:
    return _outer(x, g, g.shape[:-1], y)


def _outer(x: Symbol, y: Symbol, stacks: tuple[int, ...], of: Symbol) -> str:
    """Return the products of the entries of two vectors, or of stacks of them."""
    if not stacks:
        return f"outer({x}, {y})"
    row = y[..., None, :] if y.ndim > 1 else y
    return _sum_over_stacks(x[..., None] * row, stacks, of.shape[:-2])


def _matrix_times_vector(a: Symbol, g: Symbol, of: Symbol) -> str:
    if g.ndim == 1 and a.ndim == 2:
        return str(a @ g)
    return _sum_over_stacks(call("matvec", matvec, (a, g), {}), g.shape[:-1], of.shape[:-1])


def _vecdot(g: Symbol, other: Symbol, of: Symbol) -> str:
    return _sum_over_stacks(g[..., None] * other, g.shape, of.shape[:-1])


def _det(g: Symbol, out: Symbol, x: Symbol) -> Any:
    return (g * out)[..., None, None] * np.linalg.inv(x).mT


def _slogdet(g: Symbol, out: Symbol, x: Symbol) -> Any:
    """Return the image of real matrices, whose signs do not turn."""
    return g[..., 1][..., None, None] * np.linalg.inv(x).mT


def _pinv(g: Symbol, out: Symbol, x: Symbol, *static: Any) -> str:
    return f"−{out.mT} @ {g} @ {out.mT} + terms of the null spaces"


def _cholesky(g: Symbol, out: Symbol, x: Symbol) -> str:
    inverse = np.linalg.inv(out)
    half = "Φ: lower triangle, half the diagonal"
    return f"{inverse.mT} @ Φ({out.mT} @ {g}) @ {inverse}, {half}"


def _solve_matrix(g: Symbol, out: Symbol, a: Any, b: Any) -> str:
    return _over_stacks(-_solution(a, g) @ out.mT, out, a)


def _solve_side(g: Symbol, out: Symbol, a: Any, b: Any) -> str:
    return _over_stacks(_solution(a, g), out, b)


def _solution(a: Any, g: Symbol) -> Symbol:
    return call("solve", np.linalg.solve, (_transposes(a), g), {})


def _transposes(x: Any) -> Symbol:
    return literal(x).mT


def _over_stacks(image: Symbol, out: Symbol, x: Any) -> str:
    """Return an image, summed over the stacks that the operand was broadcast over."""
    return _sum_over_stacks(image, out.shape[:-2], x.shape[:-2])


def _sum_over_stacks(image: Symbol, stacks: tuple[int, ...], of: tuple[int, ...]) -> str:
    return f"Σ {image}" if of != stacks else str(image)


_GAPS = "Fᵢⱼ = 1/(λⱼ − λᵢ)"

IMAGES: dict[str, tuple[Callable[..., Any], ...]] = {
    "sum": (_sum,),
    "mean": (_mean,),
    "max": (_where_extreme,),
    "min": (_where_extreme,),
    "order_statistics": (
        lambda g, out, x, ranks: f"each of {g} where {x} = that of {out}, else 0; ties share",
    ),
    "norm": (_norm,),
    # entries moved about
    "broadcast_to": (lambda g, out, x, *_: f"sum of {g} over the broadcast axes",),
    "getitem": (_getitem,),
    "cumsum": (_cumsum,),
    "resize_axis": (lambda g, out, x, *_: f"{g}, cut or padded with 0",),
    "rfft": (lambda g, out, x, *_: f"rfftᵀ({g})",),
    "irfft": (lambda g, out, x, *_: f"irfftᵀ({g})",),
    # products
    "matmul": (_matmul_left, _matmul_right),
    "matvec": (_matvec_left, _matvec_right),
    "vecmat": (_vecmat_left, _vecmat_right),
    "vecdot": (lambda g, out, x, y: _vecdot(g, y, x), lambda g, out, x, y: _vecdot(g, x, y)),
    # learning
    "logsumexp": (_logsumexp,),
    "log_softmax": (_log_softmax,),
    "softmax_cross_entropy": (_cross_entropy,),
    # matrices, as the sources that the rules name
    "solve": (_solve_matrix, _solve_side),
    "det": (_det,),
    "slogdet": (_slogdet,),
    "pinv": (_pinv,),
    "lstsq": (
        lambda g, out, a, b, rcond: (
            f"−pinv({a}).T @ {g} @ {out}.T"
            f" + ({b} − {a} @ {out}) @ (pinv({a}) @ pinv({a}).T @ {g}).T"
        ),
        lambda g, out, a, b, rcond: np.linalg.pinv(a).T @ g,
    ),
    "cholesky": (_cholesky,),
    "qr": (
        lambda g, out, x: (
            f"({g}Q + Q @ M) @ inv(R).T, M: upper triangle of {g}R @ R.T − Q.T @ {g}Q, mirrored"
        ),
    ),
    "eigvalsh": (lambda g, out, x, *_: f"V @ diag({g}) @ V.T, V: eigenvectors",),
    "eigh": (lambda g, out, x, *_: f"V @ (F∘(V.T @ {g}V) + diag({g}λ)) @ V.T, {_GAPS}",),
    "eig": (lambda g, out, x: f"inv(V).T @ (F∘(V.T @ {g}V) + diag({g}λ)) @ V.T, {_GAPS}",),
    "svdvals": (lambda g, out, x: f"U @ diag({g}) @ Vᵀ, of svd({x})",),
    "svd": (
        lambda g, out, x: f"U @ (P + diag({g}σ)) @ Vᵀ, P: from {g}U and {g}V, by 1/(σⱼ² − σᵢ²)",
    ),
    "vectors": (lambda g, out, x, *_: f"{g}, and 0 for the values",),
}

IMAGES_OF_EACH: dict[str, Callable[..., Any]] = {
    "einsum": _einsum,
    "convolution": _convolution,
    "set": _set,
    "scatter": lambda i, g, out, *_: f"{g}[…]",
    "gather": lambda i, g, out, *_: f"its part of {g}",
}
