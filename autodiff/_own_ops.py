"""Ops of one's own: a function with its rules, known to whoever holds it and to nobody else.

Each returns a function of the same name and signature. What it is given may be a NumPy function:
`np.log` itself stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial, wraps
from inspect import signature
from sys import getrefcount
from typing import Any, TypeAlias

import numpy as np

from autodiff._array_kinds import as_computable
from autodiff._constant_arrays import kept
from autodiff._op import (
    Custom,
    Each,
    Elementwise,
    Function,
    Linear,
    Rules,
    as_rules,
    multilinear_recorder,
    recorder,
    value_of,
)
from autodiff._structure import mapped
from autodiff._tensor import Tensor

Rule: TypeAlias = Callable[..., Any]
_AS_THEY_ARE = frozenset({Tensor, np.ndarray, float, int, bool, str, type(None)})


def elementwise(
    function: Function,
    *rules: Rule,
    compute: Function | None = None,
    linear: bool = False,
) -> Function:
    """State an op whose output depends, entry by entry, on the same entry of each operand.

    Parameters
    ----------
    function : callable
        Takes arrays that broadcast against each other, and returns an array of their shape.
    *rules : callable
        One for each operand: takes ``g``, the output and all operands, and returns ``g`` times the
        partial derivative. It serves the way back and the way forward.
    compute : callable, optional
        What to call in the place of ``function``, where something is faster.
    linear : bool
        Whether the op is linear in all its operands together, as a sum is.

    Returns
    -------
    callable
        Works on arrays and on Tensors.

    Raises
    ------
    TypeError
        When a rule cannot be called; by a walk, when it returns no array.
    ValueError
        By a walk, when it returns an array that does not fit the output.

    Examples
    --------
    >>> from autodiff import grad
    >>> cube = elementwise(lambda x: x**3, lambda g, out, x: g * (3 * x**2))
    >>> float(grad(cube)(2.0))
    12.0
    """
    name = _name_of(function, *rules)
    checked = [_checked_entries(name, i, rule) for i, rule in enumerate(rules)]
    return _local(function, recorder(Elementwise(name, compute or function, checked, linear)))


def linear(function: Function, rule: Rule | Each, *, compute: Function | None = None) -> Function:
    """State an op that is linear in its operands by its transpose.

    Parameters
    ----------
    function : callable
        Takes an operand and static arguments behind it; acts on the operand's last axes and takes
        any number of axes in front of those.
    rule : callable or Each
        The transpose: takes a cotangent ``g`` of the output, the output and all arguments, and
        returns that of the operand. With `Each`, all arguments that are arrays are operands.
    compute : callable, optional
        What to call in the place of ``function``, where something is faster.

    Examples
    --------
    >>> from autodiff import jacobian
    >>> turned = linear(lambda x, Q: x @ Q.T, lambda g, out, x, Q: g @ Q)
    >>> Q = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> jacobian(lambda x: turned(x, Q))(np.array([1.0, 2.0]))
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    rules = _stated(rule)
    name = _name_of(function, *_each_of(rules))
    op = Linear(name, compute or function, _checked_all(rules, name, backward=True))
    return _local(function, recorder(op))


def multilinear(
    function: Function,
    *rules: Rule | Each,
    core: Sequence[int],
    compute: Function | None = None,
) -> Function:
    """State an op that is linear in each operand while the others are held, as a product is.

    Parameters
    ----------
    function : callable
        Takes the operands, and static arguments behind them. It takes axes in front of those that
        it consumes, which broadcast, on every operand; so does each rule, and ``g`` has them too.
    *rules : callable or Each
        The transpose for each operand: takes ``g``, the output and all arguments.
    core : sequence of int
        How many trailing axes it consumes of each operand.
    compute : callable, optional
        What to call in the place of ``function``, where something is faster.

    Examples
    --------
    >>> from autodiff import jacobian
    >>> weighted = multilinear(
    ...     lambda w, x: np.sum(w * x, axis=-1),
    ...     lambda g, out, w, x: g[..., None] * x,
    ...     lambda g, out, w, x: g[..., None] * w,
    ...     core=(1, 1),
    ... )
    >>> jacobian(weighted)(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    name = _name_of(function, *_each_of(as_rules(*rules)))
    call = multilinear_recorder(name, compute or function, as_rules(*rules), core)
    return _local(function, call)


def custom(
    function: Function | None = None,
    *,
    vjp: Rule | Rules,
    jvp: Rule | Rules | None = None,
) -> Function:
    """Replace the derivative of a function: with a stable form, a faster one, or another one.

    Also a decorator, without its first argument.

    Parameters
    ----------
    function : callable
        Takes plain arrays and returns one.
    vjp : callable, or one for each operand
        The rule for the way back: takes a cotangent ``g`` of the output, the output and all
        arguments, and returns what reaches its operand. ``g`` may have extra leading axes, a batch,
        which the result has too.
    jvp : callable, or one for each operand, optional
        The rule for the way forward, of a tangent of its operand, which may have extra leading axes
        in front of the operand's own. It follows from ``vjp`` otherwise, by walking back through
        that.

    Raises
    ------
    TypeError
        When a rule cannot be called; by a walk, when it returns no array.
    ValueError
        By a walk, when a rule returns an array that does not fit its operand, or does something
        else with a batch than with each of its members.

    Examples
    --------
    >>> from autodiff import grad
    >>> @custom(vjp=lambda g, out, x: g)  # as if rounding were the identity
    ... def rounded(x):
    ...     return np.round(x)
    >>> float(rounded(2.6)), float(grad(rounded)(2.6))
    (3.0, 1.0)
    """
    if function is None:
        return partial(custom, vjp=vjp, jvp=jvp)
    backward, forward = _stated(vjp), None if jvp is None else _stated(jvp)
    name = _name_of(function, *_each_of(backward), *_each_of(forward or ()))
    op = Custom(
        name,
        function,
        _checked_all(backward, name, backward=True),
        None if forward is None else _checked_all(forward, name, backward=False),
    )
    return _local(function, recorder(op))


def _stated(rules: Any) -> Any:
    """Return the rules that a single one, a list of them or an Each stands for."""
    return rules if isinstance(rules, Each | list | tuple) else (rules,)


def _each_of(rules: Any) -> Any:
    return [rules.rule] if isinstance(rules, Each) else rules


def _name_of(function: Function, *rules: Any) -> str:
    """Return the name of a function that can be called, as its rules can."""
    for what, given in (("function", function), *(("rule", rule) for rule in rules)):
        if not callable(given):
            raise TypeError(f"an op takes a {what} that can be called, but got {given!r:.60}")
    return getattr(function, "__name__", type(function).__name__)


def _local(function: Function, call: Function) -> Function:
    """Return the function to call, which looks like the one that was given."""

    @wraps(function)
    def op(*arguments: Any, **keywords: Any) -> Any:
        if keywords or not _AS_THEY_ARE.issuperset(map(type, arguments)):
            arguments = _by_position(function, arguments, keywords)
        return call(*arguments)

    return op


def _by_position(
    function: Function, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, ...]:
    """Return all arguments of a call in their places, arrays within containers as copies."""
    if keywords:
        bound = signature(function).bind(*arguments, **keywords)
        if bound.kwargs:
            raise TypeError(
                f"{function.__name__} is an op, whose arguments are passed by position, but got "
                f"{', '.join(bound.kwargs)} by keyword only"
            )
        arguments = bound.args
    return tuple(map(_as_argument, arguments))


def _as_argument(x: Any) -> Any:
    """Return an array-like object as an array, and a container with copies of its arrays."""
    if hasattr(x, "__array_ufunc__"):
        return as_computable(x)
    return mapped(_kept, x) if type(x) in (tuple, list, dict) else x


def _kept(path: str, x: Any) -> Any:
    return kept(x) if isinstance(x, np.ndarray) else x


# -- what a rule returns ---------------------------------------------------------------------
# Looking at it takes 5 µs, and twice the rule's time in a batch: done once, and in each batch.


class _CheckedEach(Each):
    """One rule for any number of operands, looked at for each of them."""

    def __init__(self, rules: Each, name: str, backward: bool) -> None:
        super().__init__(rules.rule)
        self.checked = cache(lambda i: _checked(name, i, rules[i], backward))

    def __getitem__(self, i: int) -> Function:
        rule: Function = self.checked(i)
        return rule


def _checked_all(rules: Any, name: str, backward: bool) -> Any:
    if isinstance(rules, Each):
        return _CheckedEach(rules, name, backward)
    return [_checked(name, i, rule, backward) for i, rule in enumerate(rules)]


def _checked(name: str, i: int, rule: Rule, backward: bool) -> Rule:
    """Return a rule whose image is looked at: its type, its shape and what it does with a batch."""
    trusted = foreign = False

    def image(g: Any, out: Any, *inputs: Any) -> Any:
        nonlocal trusted, foreign
        source, target = (out, inputs[i]) if backward else (inputs[i], out)
        if trusted and g.ndim == source.ndim:
            result = rule(g, out, *inputs)
            return result.copy() if foreign else result
        batch = g.shape[: g.ndim - source.ndim]
        result = rule(g, out, *inputs)
        # Somebody beside this function holds it, so it is no gradient to give away.
        foreign = type(result) is np.ndarray and result is not g and getrefcount(result) > 2
        result = _array(result.copy() if foreign else result, name, i, batch)
        own = result.shape[len(batch) :]
        if result.shape[: len(batch)] != batch or not _fits(own, target.shape):
            raise ValueError(
                f"the rule of {name} for operand {i} returned shape {result.shape} for g of shape "
                f"{g.shape}, but {'the operand' if backward else 'the output'} has shape "
                f"{target.shape}{_on_batches(batch)}"
            )
        if batch and 0 not in batch:
            first = (0,) * len(batch)
            alone = _array(rule(g[first], out, *inputs), name, i, ())
            one, other = value_of(result)[first], value_of(alone)
            if not np.allclose(one, other, rtol=1e-3, atol=1e-6, equal_nan=True):
                raise ValueError(
                    f"the rule of {name} for operand {i} does something else with g of shape "
                    f"{g.shape} than with each of its members{_on_batches(batch)}"
                )
        trusted = trusted or not batch
        return result

    return image


def _checked_entries(name: str, i: int, rule: Rule) -> Rule:
    """Return the rule of an elementwise op, whose image is looked at: its type and its shape."""
    trusted = False

    def image(g: Any, out: Any, *inputs: Any) -> Any:
        nonlocal trusted
        if trusted:
            return rule(g, out, *inputs)
        result = _array(rule(g, out, *inputs), name, i, ())
        batch = max(g.ndim - out.ndim, 0)
        if not _fits(result.shape[batch:], out.shape):
            raise ValueError(
                f"the rule of {name} for operand {i} returned shape {result.shape}, but the output "
                f"has shape {out.shape}: an elementwise op's rule works entry by entry"
            )
        trusted = True
        return result

    return image


def _array(result: Any, name: str, i: int, batch: tuple[int, ...]) -> Any:
    """Return what a rule returned, if it is an array, a Tensor or a number."""
    if isinstance(result, int | float | complex) and not isinstance(result, np.generic):
        return np.full(batch, result, np.result_type(result, np.float64))[()]
    if not hasattr(result, "dtype"):
        raise TypeError(
            f"the rule of {name} for operand {i} returned {result!r:.60} "
            f"({type(result).__name__}), not an array: where nothing depends on an operand return "
            "0 * g"
        )
    return result


def _fits(own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether an image of this shape becomes the target's by broadcasting, or sums over it."""
    pairs = zip(reversed(own), reversed(shape), strict=False)
    return all(n == length or 1 in (n, length) for n, length in pairs)


def _on_batches(batch: tuple[int, ...]) -> str:
    """Return what a rule has to do about a batch, where there is one."""
    if not batch:
        return ""
    return (
        f". The leading axes {batch} of g are a batch: write a rule that leaves them alone, with "
        "g @ A in the place of A.T @ g, or t[..., None, :] to align them"
    )
