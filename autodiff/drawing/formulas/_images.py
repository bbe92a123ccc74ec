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


def _where_extreme(g: Symbol, out: Symbol, x: Symbol, *static: Any) -> str:
    return f"{g} where {x} = {out}, else 0; ties share"


def _norm(g: Symbol, out: Symbol, x: Symbol, axes: Any, keepdims: bool, order: Any = 2) -> Any:
    if order == 2:
        return g * x / out
    return g * np.sign(x) * (np.abs(x) / out) ** (order - 1)


def _einsum(i: int, g: Symbol, out: Symbol, *arguments: Any) -> str:
    *operands, labels, out_labels, _ = arguments
    others = [k for k in range(len(operands)) if k != i]
    subscripts = ",".join([out_labels, *(labels[k] for k in others)])
    texts = ", ".join(str(x) for x in (g, *(operands[k] for k in others)))
    return f"einsum('{subscripts}->{labels[i]}', {texts})"


def _set(i: int, g: Symbol, out: Symbol, x: Any, entries: Any, key: Any) -> str:
    return f"{g}{_at(key)}" if i else f"{g}, but 0 at {_at(key)}"


def _getitem(g: Symbol, out: Symbol, x: Symbol, key: Any) -> Any:
    if all(k is None or k is Ellipsis or key_text((k,), 0) == ":" for k in key):
        return g.reshape(x.shape)  # nothing is left out
    return f"{g} at {_at(key)}, else 0"


def _at(key: Any) -> str:
    return f"[{key_text(key, len(key) - 1)}]"


def _log_softmax(g: Symbol, out: Symbol, x: Symbol, axes: Any) -> str:
    return f"{g} − exp({out})·Σ {g}"


def _cross_entropy(g: Symbol, out: Symbol, x: Symbol, labels: Any) -> str:
    return f"{g}·(softmax({x}) − onehot(labels))/{len(labels)}"


def _matmul_left(g: Symbol, out: Symbol, x: Any, y: Any) -> str:
    return _over_stacks(g @ _transposes(y), out, x)


def _matmul_right(g: Symbol, out: Symbol, x: Any, y: Any) -> str:
    return _over_stacks(_transposes(x) @ g, out, y)


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
    return f"Σ {image}" if x.shape[:-2] != out.shape[:-2] else str(image)


_EXTREME = (_where_extreme,)
_GAPS = "Fᵢⱼ = 1/(λⱼ − λᵢ)"

IMAGES: dict[str, tuple[Callable[..., Any], ...]] = {
    "sum": (lambda g, out, x, *_: f"broadcast {g}",),
    "mean": (lambda g, out, x, *_: f"broadcast {g}/{x.size // max(out.size, 1)}",),
    "max": _EXTREME,
    "min": _EXTREME,
    "order_statistics": _EXTREME,
    "norm": (_norm,),
    # entries moved about
    "broadcast_to": (lambda g, out, x, *_: f"sum of {g} over the broadcast axes",),
    "getitem": (_getitem,),
    "cumsum": (lambda g, out, x, axis: f"{g} summed from the end",),
    "resize_axis": (lambda g, out, x, *_: f"{g}, cut or padded with 0",),
    "rfft": (lambda g, out, x, *_: f"rfftᵀ({g})",),
    "irfft": (lambda g, out, x, *_: f"irfftᵀ({g})",),
    # products
    "matmul": (_matmul_left, _matmul_right),
    "matvec": (lambda g, out, x, y: f"outer({g}, {y})", lambda g, out, x, y: x.T @ g),
    "vecmat": (lambda g, out, x, y: y @ g, lambda g, out, x, y: f"outer({x}, {g})"),
    "vecdot": (lambda g, out, x, y: g * y, lambda g, out, x, y: g * x),
    # learning
    "logsumexp": (lambda g, out, x, *_: g * np.exp(x - out),),
    "log_softmax": (_log_softmax,),
    "softmax_cross_entropy": (_cross_entropy,),
    # matrices, as the sources that the rules name
    "solve": (_solve_matrix, _solve_side),
    "det": (lambda g, out, x: g * out * np.linalg.inv(x).T,),
    "slogdet": (lambda g, out, x: g * np.linalg.inv(x).T,),
    "pinv": (lambda g, out, x, *_: f"−{out}.T @ {g} @ {out}.T + terms of the null spaces",),
    "lstsq": (
        lambda g, out, a, b, rcond: (
            f"−pinv({a}).T @ {g} @ {out}.T"
            f" + ({b} − {a} @ {out}) @ (pinv({a}) @ pinv({a}).T @ {g}).T"
        ),
        lambda g, out, a, b, rcond: np.linalg.pinv(a).T @ g,
    ),
    "cholesky": (
        lambda g, out, x: (
            f"inv({out}).T @ Φ({out}.T @ {g}) @ inv({out}), Φ: lower triangle, half the diagonal"
        ),
    ),
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
    "convolution": lambda i, g, out, *arguments: f"correlate({g}, {arguments[1 - i]})",
    "set": _set,
    "scatter": lambda i, g, out, *_: f"{g}[…]",
    "gather": lambda i, g, out, *_: f"its part of {g}",
}
