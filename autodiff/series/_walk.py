"""The Taylor walk: all coefficients of a truncated power series, by the rules of the table.

An elementwise rule says how fast the output changes: out' = Σ rule(xᵢ', out, x...). For power
series in t this is a differential equation whose coefficients follow one after another: that of
t^(k+1) is 1/(k+1) times that of t^k on the right, where only lower ones of ``out`` occur. Linear
ops act on each coefficient, and products are Cauchy's.

Reference: A. Griewank and A. Walther, "Evaluating Derivatives" (2008), chapter 13.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autodiff._core.constants_like import ones_like, zeros_like
from autodiff._core.fillable import as_present
from autodiff._core.hook import recording
from autodiff._core.op import Custom, Elementwise, Multilinear, Op, total
from autodiff._core.record import value_of
from autodiff._core.scatter import in_full_shape
from autodiff._core.tensor import Tensor
from autodiff._core.types import Value
from autodiff._core.walks import Graph

Memory: TypeAlias = dict[Any, "tuple[Any, Series]"]
Leaves: TypeAlias = dict[int, "tuple[Tensor, Series]"]


class Series(NDArrayOperatorsMixin):
    """A power series in t, whose coefficients are arrays, computed when they are asked for.

    NumPy's functions work on it as on a Tensor. It compares by its constant term.
    """

    __slots__ = ("known", "memory", "next")

    def __init__(
        self, constant: Any, next_coefficient: Callable[[int], Any], memory: Memory
    ) -> None:
        self.known = [constant]
        self.next = next_coefficient  # takes k, may ask for lower coefficients of this very series
        self.memory = memory  # what was computed from which series, so that rules share it

    def coefficient(self, k: int) -> Value:
        """Return the coefficient of t^k."""
        while len(self.known) <= k:
            self.known.append(self.next(len(self.known)))
        return self.known[k]

    def known_to(self, k: int) -> list[Value]:
        """Return the coefficients up to that of t^k."""
        self.coefficient(k)
        return self.known[: k + 1]

    def derivative(self) -> Series:
        """Return the series of the derivative by t."""
        return Series(self.coefficient(1), lambda k: (k + 1) * self.coefficient(k + 1), self.memory)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        return apply_to_series(getattr(ufunc, method), args, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return apply_to_series(function, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "a power series cannot become a plain array: a rule has left NumPy's protocols"
        )

    def __getitem__(self, key: Any) -> Any:
        return apply_to_series(lambda x: x[key], (self,), {})

    def __getattr__(self, name: str) -> Any:
        if name in ("shape", "ndim", "size", "dtype"):
            return getattr(self.known[0], name)
        if isinstance(getattr(Tensor, name), property):
            return apply_to_series(lambda x: getattr(x, name), (self,), {})
        return lambda *args, **kwargs: apply_to_series(getattr(Tensor, name), (self, *args), kwargs)


def taylor_coefficients(graph: Graph, series: Sequence[Sequence[Value]], order: int) -> list[Value]:
    """Return the coefficients of the graph's output, given those of its leaves (0 from there on).

    Raises
    ------
    TypeError
        Naming the op that has no rule for the way forward.
    """
    memory: Memory = {}
    leaves = [_series_of(coefficients, memory) for coefficients in series]
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            (out,) = _along(graph, leaves, order)
            if not isinstance(out, Series):
                return [out] + [zeros_like(out)] * order
            return [out.coefficient(k) for k in range(order + 1)]
    finally:
        for _, made in memory.values():
            del made.next  # which refers to it: nothing waits for the garbage collector
        memory.clear()


def _series_of(coefficients: Sequence[Value], memory: Memory) -> Series:
    constant = coefficients[0]
    following = dict(enumerate(coefficients))
    return Series(constant, lambda k: following.get(k, zeros_like(constant)), memory)


def _along(graph: Graph, leaves: Sequence[Series], order: int) -> list[Any]:
    """Carry series along a graph, each to the wanted order at once: nothing recurses deeply."""
    carried: dict[Any, Series] = dict(zip(graph.leaves, leaves, strict=True))
    for consumer in graph.order:
        inputs = tuple(
            carried.get(x, value) if type(x) is Tensor else value
            for x, value in zip(consumer.inputs, consumer._values, strict=True)
        )
        if any(type(x) is Series for x in inputs):
            op: Any = consumer.op
            carried[consumer] = _image(op, inputs, consumer._value)
            carried[consumer].coefficient(order)
    return [carried.get(y, y._value) for y in graph.outputs]


def apply_to_series(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a NumPy function on series: record it on their constant terms, then carry them along."""
    leaves: Leaves = {}
    keywords = {k: _leaves_for(v, leaves) for k, v in kwargs.items()}
    token = recording.set(recording.get().paused.resumed)  # debugging looks at the program alone
    try:
        out = as_present(function(*_leaves_for(tuple(args), leaves), **keywords))
    finally:
        recording.reset(token)
    outputs = out if isinstance(out, list | tuple) else [out]
    if not all(type(y) is Tensor and y.requires_grad for y in outputs):
        return value_of(out)
    tensors, series = zip(*leaves.values(), strict=True)
    results = _along(Graph(outputs, tensors), series, 0)
    if not isinstance(out, list | tuple):
        return results[0]
    return getattr(type(out), "_make", type(out))(results)  # a named tuple takes them apart


def _leaves_for(x: Any, leaves: Leaves) -> Any:
    """Return an argument with a Tensor in the place of each series, and note which is which."""
    if type(x) is Series:
        return leaves.setdefault(id(x), (Tensor(x.known[0]), x))[0]
    return type(x)(_leaves_for(part, leaves) for part in x) if type(x) in (list, tuple) else x


# -- what each kind of op does to series -----------------------------------------------------


def _image(op: Op, inputs: tuple[Value, ...], value: Value) -> Series:
    """Return the series of an op's output, the same one for the same inputs."""
    memory = next(x.memory for x in inputs if type(x) is Series)
    key = (op, *map(_identity, inputs))
    if key not in memory:
        out = Series(value, lambda k: None, memory)
        memory[key] = inputs, out  # before the rules ask for it; the inputs keep their ids
        out.next = _recurrence(op, inputs, out)
    return memory[key][1]


def _identity(x: Any) -> Any:
    number = isinstance(x, int | float | complex | np.generic)
    return (type(x), repr(x)) if number else id(x)  # by its digits: 0.0 equals -0.0


def _recurrence(op: Op, inputs: tuple[Value, ...], out: Series) -> Callable[[int], Value]:
    """Return how the coefficient of t^k follows from lower ones of the output, and the inputs'."""
    if op.linear:
        count = op.operands(inputs)
        return lambda k: op.compute(
            *[_coefficient(x, k, op) for x in inputs[:count]], *inputs[count:]
        )
    if isinstance(op, Multilinear) or op.compute is operator.mul:
        return lambda k: _cauchy(op, inputs, k)
    if op.compute is operator.truediv:
        return lambda k: _quotient(inputs[0], inputs[1], out, k)
    if op.compute is operator.pow and type(inputs[1]) is not Series:
        return _power(inputs[0], inputs[1], out)
    rules = op.forward if isinstance(op, Custom) else op.rules
    if rules is None:
        raise TypeError(
            f"{op.name} has no rule for the way forward, and so no Taylor series: custom takes one "
            "as jvp"
        )
    slope: Any = None

    def next_coefficient(k: int) -> Value:
        nonlocal slope
        if slope is None:
            slope = total(
                rules[i](x.derivative(), out, *inputs)
                for i, x in enumerate(inputs)
                if type(x) is Series
            )
        return in_full_shape(_coefficient(slope, k - 1, op) / k, out.shape)

    return next_coefficient


def _coefficient(x: Value, k: int, op: Op) -> Value:
    """Return an input's coefficient; a constant has but one."""
    if type(x) is Series:
        return x.coefficient(k)
    if k == 0 or not (hasattr(x, "dtype") or isinstance(op, Elementwise)):
        return x
    return zeros_like(x) if hasattr(x, "dtype") else 0


def _cauchy(op: Op, inputs: tuple[Value, ...], k: int) -> Value:
    """Return Cauchy's product: the sum over all ways to share k among the factors."""
    factors = [i for i, x in enumerate(inputs) if type(x) is Series]
    if len(factors) == len(inputs) == 2:  # the commonest; twice as fast as the general way
        x, y = inputs
        return total(map(op.compute, x.known_to(k), reversed(y.known_to(k))))
    operands = list(inputs)
    image: Any = None
    for orders in _shares(k, len(factors)):
        for i, order in zip(factors, orders, strict=True):
            operands[i] = inputs[i].coefficient(order)
        term = op.compute(*operands)
        image = term if image is None else image + term
    return image


def _shares(k: int, count: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways to write k as a sum of so many orders."""
    if count == 1:
        yield (k,)
    elif count == 2:
        yield from zip(range(k + 1), range(k, -1, -1), strict=True)
    else:
        for first in range(k + 1):
            for others in _shares(k - first, count - 1):
                yield (first, *others)


def _quotient(x: Value, y: Value, out: Series, k: int) -> Value:
    """Return the coefficient of x / y, from x = y · out."""
    if type(y) is not Series:
        return x.coefficient(k) / y
    rest = total(map(operator.mul, y.known_to(k)[:0:-1], out.known))
    own = x.coefficient(k) if type(x) is Series else 0.0
    return (own - rest) / y.coefficient(0)


def _power(x: Series, y: Value, out: Series) -> Callable[[int], Value]:
    """Return how the coefficients of x**y follow, for constant y.

    Where out is a number of ordinary size, from itself; else from powers of lower degree.
    """
    ordinary = _power_by_itself(x, y, out)
    base, size = x.coefficient(0), np.abs(out.coefficient(0))
    extreme = (base != 0) & ((size < np.finfo(size.dtype).tiny) | (size == np.inf))
    if not np.any(extreme):
        return ordinary
    lower: Any = None

    def coefficient(k: int) -> Value:
        nonlocal lower
        if lower is None:
            lower = x ** (y - 1)
        # From out' = y · x' · lower, where 0 annuls what overflows.
        terms = ((j * x.coefficient(j), lower.coefficient(k - j)) for j in range(1, k + 1))
        rule = y * total(np.where(slope == 0, 0, slope * power) for slope, power in terms) / k
        return np.where(extreme, rule, ordinary(k))

    return coefficient


def _power_by_itself(x: Series, y: Value, out: Series) -> Callable[[int], Value]:
    """Return how the coefficients of x**y follow, where it neither underflows nor overflows.

    Of whole powers by multiplication, which is exact also where the base is 0 or nearly so; of
    others from x · out' = y · x' · out, where a base of 0 gives NaN.
    """
    base = x.coefficient(0)
    exponents = np.asarray(y)
    real = exponents.real if np.all(exponents.imag == 0) else np.full(exponents.shape, np.nan)
    whole = {n: _whole_power(x, int(n)) for n in np.unique(real) if n == np.floor(n) >= 0}
    others = ~np.isin(real, list(whole))

    def coefficient(k: int) -> Value:
        result: Any = np.nan
        if np.any(others):
            lower = total(
                (y * (k - j) - j) * x.coefficient(k - j) * out.coefficient(j) for j in range(k)
            )
            result = np.where(base == 0, np.nan, lower / (k * np.where(base == 0, 1, base)))
        elif len(whole) == 1:
            (power,) = whole.values()
            return power.coefficient(k)
        for n, power in whole.items():
            result = np.where(real == n, power.coefficient(k), result)
        return result

    return coefficient


def _whole_power(x: Series, n: int) -> Series:
    """Return x**n as a product of squares of squares."""
    result = None
    while n:
        if n % 2:
            result = x if result is None else result * x
        n //= 2
        x = x * x if n else x
    return _series_of([ones_like(x.coefficient(0))], x.memory) if result is None else result
