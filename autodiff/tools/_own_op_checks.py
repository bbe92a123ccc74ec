"""A look at what the ops of one's own do: that an image fits, and that a batch is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, wraps
from inspect import signature
from sys import getrefcount
from typing import Any

import numpy as np

from autodiff._core.array_kinds import at_present, is_plain
from autodiff._core.op import Each, Linear, Multilinear
from autodiff._core.record import value_of
from autodiff._core.types import Cotangent, Function, Shape, Tangent, Value

# -- what a function does with a batch -------------------------------------------------------


class CheckedLinear(Linear):
    """A linear op whose function is looked at on the way forward."""

    __slots__ = ()

    def push(
        self, tangents: Sequence[Any], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the op of all the tangents."""
        return _compared_push(super().push, self.name, tangents, out, inputs, batch_rank)


class CheckedMultilinear(Multilinear):
    """A multilinear op whose function is looked at on the way forward."""

    __slots__ = ()

    def push(
        self, tangents: Sequence[Any], out: Value, inputs: tuple[Value, ...], batch_rank: int
    ) -> Tangent:
        """Return the sum over the operands of the op with its tangent in its place."""
        if len(self.core) < self.operands(inputs):
            raise TypeError(
                f"{self.name} has {self.operands(inputs)} operands here, but core={self.core} says "
                "of the first only how many trailing axes it consumes: give it a number for each"
            )
        return _compared_push(super().push, self.name, tangents, out, inputs, batch_rank)


def _compared_push(
    push: Function,
    name: str,
    tangents: Sequence[Any],
    out: Value,
    inputs: tuple[Value, ...],
    batch_rank: int,
) -> Tangent:
    """Return the tangent of a batch, if its first member is what that member gives alone."""
    problem = (
        f"{name} does something else with axes in front of its operand's than with each of their "
        "entries, as in a Jacobian: write a function that works on the last axes, with x @ A.T in "
        "the place of A @ x, or axis=-1"
    )
    try:
        result = push(tangents, out, inputs, batch_rank)
    except ValueError as error:
        raise ValueError(f"{problem} ({error})") from error
    leading = next(t.shape[:batch_rank] for t in tangents if t is not None)
    if batch_rank and 0 not in leading:
        first = (0,) * batch_rank
        alone = push([None if t is None else t[first] for t in tangents], out, inputs, 0)
        _check_alike(result, alone, leading, problem)
    return result


def _check_alike(result: Cotangent, alone: Cotangent, batch: Shape, problem: str) -> None:
    """Raise if the first member of a batch of images is not what it is alone."""
    one, other = value_of(result), value_of(alone)
    if one.shape != batch + other.shape or not np.allclose(
        one[(0,) * len(batch)], other, rtol=1e-3, atol=1e-6, equal_nan=True
    ):
        raise ValueError(problem)


# -- what a function returns -----------------------------------------------------------------


def checked_function(name: str, function: Function) -> Function:
    """Return a function whose numbers become NumPy's; what is no number or array is refused."""
    if isinstance(function, np.ufunc):
        return function

    @wraps(function, updated=())  # whose parameters pictures name
    def compute(*inputs: Value) -> Value:
        try:
            value = function(*inputs)
        except TypeError as error:
            if "to Python scalar" in str(error):
                raise TypeError(
                    f"{name} takes a single number: make the op of np.vectorize({name})"
                ) from error
            raise
        if hasattr(value, "dtype"):
            return value
        return _number(name, value, inputs)

    return compute


def _number(name: str, value: Any, inputs: Sequence[Value]) -> Value:
    """Return a Python number in the precision of the inputs, as NumPy's functions do."""
    if not isinstance(value, int | float | complex):
        raise TypeError(
            f"{name} returned {value!r:.60} ({type(value).__name__}), but an op returns one array "
            "or number, as np.stack makes of several"
        )
    if isinstance(value, int):
        return np.asarray(value)[()]
    arrays = [x.dtype for x in inputs if hasattr(x, "dtype") and x.dtype.kind in "fc"]
    return np.result_type(value, *arrays).type(value)


# -- what a rule is called with --------------------------------------------------------------


def require_signature(name: str, i: int, rule: Function, count: int, what: str) -> None:
    """Raise if a rule cannot be called with g, the output and so many arguments."""
    try:
        taken = signature(rule)
    except ValueError:  # of what is written in C
        return
    try:
        taken.bind(*[None] * (2 + count))
    except TypeError:
        operands = "xyz"[:count] if count <= 3 else [f"x{k}" for k in range(count)]
        raise TypeError(
            f"the rule of {name} for operand {i} is called with g, the output and {count} {what}, "
            f"as lambda {', '.join(['g', 'out', *operands])}: ... takes them, but it takes {taken}"
        ) from None


# -- what a rule returns ---------------------------------------------------------------------
# Looking at it takes 10 µs and the rule's time again: done once, and in each batch.

_NUMBERS = frozenset({int, float, complex, bool})


class _CheckedEach(Each):
    """One rule for any number of operands, looked at for each of them."""

    def __init__(self, rules: Each, name: str, backward: bool) -> None:
        super().__init__(rules.rule)
        self.checked = cache(lambda i: _checked_rule(name, i, rules[i], backward))

    def __getitem__(self, i: int) -> Function:
        rule: Function = self.checked(i)
        return rule


def checked_rules(rules: Any, name: str, backward: bool) -> Any:
    """Return the rules of an op, each with a look at what it returns."""
    if isinstance(rules, Each):
        return _CheckedEach(rules, name, backward)
    return [_checked_rule(name, i, rule, backward) for i, rule in enumerate(rules)]


def _checked_rule(name: str, i: int, rule: Function, backward: bool) -> Function:
    """Return a rule whose image is looked at: its type, its shape and what it does with a batch."""
    trusted: Any = None  # the real type of g that was looked at
    foreign = False  # whether somebody beside the rule holds the image
    what = f"the rule of {name} for operand {i}"

    @wraps(rule, updated=())  # whose formula pictures show
    def image(g: Cotangent, out: Value, *inputs: Value) -> Cotangent:
        nonlocal trusted, foreign
        if g.dtype is trusted and g.ndim == (out if backward else inputs[i]).ndim:
            result = at_present(rule(g, out, *inputs))
            if type(result) in _NUMBERS:
                return _array(result, what, ())
            return result.copy() if foreign else result
        if trusted is None:
            require_signature(name, i, rule, len(inputs), "argument(s)")
        if backward and g.dtype.kind == "c" != out.dtype.kind:
            g = np.real(g)  # all that counts of a real number's cotangent
        source, target = (out, inputs[i]) if backward else (inputs[i], out)
        batch = g.shape[: g.ndim - source.ndim]
        ones = (1,) * target.ndim
        result = _image_of(rule, what, batch, g, out, inputs)
        # Then it is no gradient to give away.
        foreign = type(result) is np.ndarray and result is not g and getrefcount(result) > 2
        result = _array(result.copy() if foreign else result, what, batch + ones if batch else ())
        _check_shape(result, g, batch, target, what, "the operand" if backward else "the output")
        if batch and 0 not in batch:
            alone = _array(rule(g[(0,) * len(batch)], out, *inputs), what, ones)
            problem = f"{what} does something else with g of shape {g.shape} than with each of its "
            _check_alike(result, alone, batch, f"{problem}members{_on_batches(batch)}")
        if not backward:
            _check_kind(result, out, what)
        if trusted is None and 0 not in batch:
            _check_zero(rule, what, g[(0,) * len(batch)] if batch else g, out, inputs)
        if not batch:
            trusted = None if g.dtype.kind == "c" else g.dtype
        return result

    return image


def _image_of(
    rule: Function, what: str, batch: Shape, g: Cotangent, out: Value, inputs: Sequence[Value]
) -> Any:
    """Return what a rule returns, which may not write into ``g``; an error says which rule it was.

    Others hold ``g`` too: a sum hands it on to all that it is the sum of.
    """
    if type(g) is np.ndarray:
        g = g.view()
        g.flags.writeable = False
    try:
        return at_present(rule(g, out, *inputs))
    except (IndexError, TypeError, ValueError) as error:
        if type(error) not in (IndexError, TypeError, ValueError):  # which says more
            raise
        raise type(error)(f"{what}: {str(error).strip()}{_on_batches(batch)}") from error


def _check_zero(
    rule: Function, what: str, g: Cotangent, out: Value, inputs: Sequence[Value]
) -> None:
    """Raise if a rule makes something of nothing, as one does that leaves ``g`` out."""
    # By its type, which stand-ins do not claim: what is looked at once belongs to no plan.
    if not all(issubclass(type(value_of(x)), np.ndarray | np.generic) for x in (g, out)):
        return
    zero = rule(0 * value_of(g), value_of(out), *map(value_of, inputs))
    known = is_plain(zero) or isinstance(zero, int | float | complex)
    if known and np.any(np.abs(zero) > 0):  # 0 · inf is NaN
        raise ValueError(
            f"{what} returned numbers that are not 0 for a g of zeros, but a derivative is linear "
            "in g: multiply by it, as in lambda g, out, x: g * 2 * x"
        )


def _check_shape(
    image: Cotangent, g: Cotangent, batch: Shape, target: Value, rule: str, what: str
) -> None:
    """Raise if a rule's image does not fit its target, or is no batch where ``g`` is."""
    if image.shape[: len(batch)] != batch or not _fits(image.shape[len(batch) :], target.shape):
        raise ValueError(
            f"{rule} returned shape {image.shape} for g of shape {g.shape}, but {what} has shape "
            f"{target.shape}{_on_batches(batch)}"
        )


def _check_kind(tangent: Tangent, out: Value, rule: str) -> None:
    """Raise if the tangent of a real output is complex."""
    if tangent.dtype.kind == "c" != out.dtype.kind:
        raise TypeError(
            f"{rule} returned a tangent of {tangent.dtype}, but the output is real: return np.real "
            "of it"
        )


def checked_entries(name: str, i: int, rule: Function) -> Function:
    """Return the rule of an elementwise op, whose image is looked at: its type and its shape."""
    trusted: Any = None  # the type of the operand that was looked at
    what = f"the rule of {name} for operand {i}"

    @wraps(rule, updated=())  # whose formula pictures show
    def image(g: Cotangent, out: Value, *inputs: Value) -> Cotangent:
        nonlocal trusted
        if inputs[i].dtype is trusted:
            result = at_present(rule(g, out, *inputs))
            return _array(result, what, g.shape) if type(result) in _NUMBERS else result
        if inputs[i].dtype.kind == "c" != out.dtype.kind:
            raise TypeError(
                f"{name} makes real numbers of complex ones, so that its rule cannot serve both "
                "directions as an analytic function's does: state it by custom with vjp and jvp"
            )
        batch = max(g.ndim - out.ndim, 0)
        result = _image_of(rule, what, g.shape[:batch], g, out, inputs)
        result = _array(result, what, g.shape)
        shapes = [np.shape(value_of(x)) for x in inputs]
        if out.shape != np.broadcast_shapes(*shapes):
            raise ValueError(
                f"{name} makes shape {out.shape} of shapes {', '.join(map(str, shapes))}: that is "
                "no elementwise op, state it by custom"
            )
        if not _fits(result.shape[batch:], out.shape):
            raise ValueError(
                f"{what} returned shape {result.shape}, but the output has shape {out.shape}: an "
                "elementwise op's rule works entry by entry"
            )
        _check_zero(rule, what, g, out, inputs)
        trusted = inputs[i].dtype
        return result

    return image


def _array(result: Any, what: str, shape: Shape) -> Cotangent:
    """Return what a rule returned, if it is an array or a Tensor; a number in this shape."""
    if type(result) in _NUMBERS:
        return np.full(shape, result, np.result_type(result, np.float64))[()]
    if not hasattr(result, "dtype"):
        raise TypeError(
            f"{what} returned {result!r:.60} ({type(result).__name__}), not an array: where "
            "nothing depends on an operand return 0 * g"
        )
    return result


def _fits(own: Shape, shape: Shape) -> bool:
    """Whether an image of this shape becomes the target's by broadcasting, or sums over it."""
    pairs = zip(reversed(own), reversed(shape), strict=False)
    return all(n == length or 1 in (n, length) for n, length in pairs)


def _on_batches(batch: Shape) -> str:
    """Return what a rule has to do about a batch, where there is one."""
    if not batch:
        return ""
    return (
        f". The leading axes {batch} of g are a batch: write a rule that leaves them alone, with "
        "g @ A in the place of A.T @ g, or t[..., None, :] to align them"
    )
