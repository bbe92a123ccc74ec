"""Ops: how a function is computed, and one rule for each input that says how it differentiates.

A rule is a linear map. It takes ``g`` (a cotangent of the output on the way back, a tangent of the
input on the way forward), the output and the inputs, and calls nothing but NumPy's functions and
operators: given arrays it computes, given Tensors it records itself, and so derivatives of any
order come about. ``g`` may carry extra leading axes, a batch of rank ``g.ndim - out.ndim``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial, reduce
from typing import Any, TypeAlias

import numpy as np

from autodiff._core.array_kinds import as_computable
from autodiff._core.constant_arrays import kept
from autodiff._core.ndarray import operations
from autodiff._core.structures import mapped
from autodiff._core.tensor import Tensor, constant, new, next_index, node, recording

Function: TypeAlias = Callable[..., Any]
Rules: TypeAlias = "Sequence[Function] | Each"


class Op:
    """One differentiable operation: its name, how it is computed, and its rules.

    Its inputs are operands (Tensors and arrays) and, behind them, static arguments (axes, shapes).
    """

    __slots__ = ("compute", "linear", "name", "rules", "structural")

    def __init__(self, name: str, compute: Function, rules: Rules) -> None:
        self.name = name
        self.compute = compute
        self.rules = rules
        # A structural rule cares where an entry stands, so its ``g`` has the full shape. An
        # elementwise rule does not: ``g`` keeps axes of length 1, or is a number, while it can.
        self.structural = not isinstance(self, Elementwise)
        self.linear = isinstance(self, Linear)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def operands(self, inputs: tuple[Any, ...]) -> int:
        """Return how many of the inputs are operands; static arguments stand behind them."""
        return len(inputs) if isinstance(self.rules, Each) else len(self.rules)

    def push(self, tangents: Sequence[Any], out: Any, inputs: tuple[Any, ...], batch: int) -> Any:
        """Return the output's tangent from the inputs' (None for those that have none)."""
        raise NotImplementedError


class Elementwise(Op):
    """Each entry of the output depends on the same entry of each (broadcast) operand.

    Such a derivative is diagonal, hence its own transpose: one rule serves both directions.
    """

    __slots__ = ()

    rules: Sequence[Function]

    def __init__(
        self, name: str, compute: Function, rules: Sequence[Function], linear: bool = False
    ) -> None:
        super().__init__(name, compute, rules)
        self.linear = linear

    def push(self, tangents: Sequence[Any], out: Any, inputs: tuple[Any, ...], batch: int) -> Any:
        """Return the sum of the rules' images; a linear op takes all its tangents at once."""
        aligned = [
            None if t is None else align(t, out.ndim - np.ndim(x), batch)
            for t, x in zip(tangents, inputs, strict=True)
        ]
        if self.linear and all(t is not None for t in aligned):
            return record(self, *aligned)
        return total(self.rules[i](t, out, *inputs) for i, t in enumerate(aligned) if t is not None)


class Linear(Op):
    """The output is linear in all operands together; each rule is the transpose.

    Static axes and shapes count from the end, so that the op itself maps a batch of tangents.
    """

    __slots__ = ()

    def push(self, tangents: Sequence[Any], out: Any, inputs: tuple[Any, ...], batch: int) -> Any:
        """Return the op of all the tangents."""
        leading = next(t.shape[:batch] for t in tangents if t is not None)
        count = self.operands(inputs)
        operands = zip(tangents[:count], inputs, strict=False)
        return record(self, *[_known_or_zero(t, x, leading) for t, x in operands], *inputs[count:])


def _known_or_zero(t: Any, x: Any, leading: tuple[int, ...]) -> Any:
    """Return an operand's tangent, zeros where it has none, and a static argument as it is."""
    if t is None and hasattr(x, "dtype"):
        return np.broadcast_to(np.zeros_like(x), leading + x.shape)
    return x if t is None else t


class Multilinear(Op):
    """The output is linear in each operand while the others are held; each rule is a transpose.

    ``core`` says how many trailing axes the op consumes of each operand; those before them
    broadcast.
    """

    __slots__ = ("core",)

    def __init__(self, name: str, compute: Function, rules: Rules, core: Sequence[int]) -> None:
        super().__init__(name, compute, rules)
        self.core = core

    def push(self, tangents: Sequence[Any], out: Any, inputs: tuple[Any, ...], batch: int) -> Any:
        """Return the sum over the operands of the op with its tangent in its place."""
        loops = [_rank(x) - core for x, core in zip(inputs, self.core, strict=False)]
        return total(
            record(self, *inputs[:i], align(t, max(loops) - loops[i], batch), *inputs[i + 1 :])
            for i, t in enumerate(tangents)
            if t is not None
        )


def _rank(x: Any) -> int:
    """Return the number of an operand's axes, 0 of a number or a static argument."""
    rank: int = getattr(x, "ndim", 0)
    return rank


class Custom(Op):
    """The rules hold for the way back; ``forward``, where it is given, for the way forward.

    Of a reduction ``spread`` says which entry of ``g`` each entry of the image is a multiple of.
    """

    __slots__ = ("forward", "spread")

    def __init__(
        self,
        name: str,
        compute: Function,
        rules: Rules,
        forward: Rules | None = None,
        spread: Function | None = None,
    ) -> None:
        super().__init__(name, compute, rules)
        self.forward = forward
        self.spread = spread

    def push(self, tangents: Sequence[Any], out: Any, inputs: tuple[Any, ...], batch: int) -> Any:
        """Return the sum of the forward rules' images."""
        assert self.forward is not None
        return total(
            self.forward[i](t, out, *inputs) for i, t in enumerate(tangents) if t is not None
        )


class Each:
    """The rules of an op with any number of operands: one rule, told the operand's number."""

    def __init__(self, rule: Function) -> None:
        self.rule = rule

    def __getitem__(self, i: int) -> Function:
        return partial(self.rule, i)


class Together(Each):
    """The rules of an op with many operands: one function makes the images of all of them.

    Given a cotangent, the output and the inputs, it returns a function of the operand's number;
    so a thousand operands are not handed to a rule a thousand times.
    """

    def __init__(self, images: Callable[[Any, Any, tuple[Any, ...]], Function]) -> None:
        super().__init__(lambda i, g, out, *inputs: images(g, out, inputs)(i))
        self.images = images


def align(t: Any, missing: int, batch: int) -> Any:
    """Insert axes of length 1 behind the batch, where a smaller operand lacks them."""
    if batch and missing > 0:
        return t[(slice(None),) * batch + (None,) * missing]
    return t


def total(images: Iterator[Any]) -> Any:
    """Return the sum of at least one image."""
    return reduce(operator.add, images)


# -- stating an op of NumPy's ----------------------------------------------------------------
# Each makes a function dispatch to its op when it is given a Tensor, and returns what to call.
# Ops of one's own are stated by the public functions of the same names, in _own_ops.


def elementwise(
    function: Function,
    *rules: Function,
    compute: Function | None = None,
    linear: bool = False,
) -> Function:
    """State an elementwise op by one rule for each operand.

    ``compute`` replaces the function where something is faster.
    """
    op = Elementwise(function.__name__, compute or function, rules, linear)
    return _dispatched(function, recorder(op))


def linear(
    function: Function, rule: Function | Each, *, compute: Function | None = None
) -> Function:
    """State an op that is linear in its operands by its transpose."""
    op = Linear(function.__name__, compute or function, as_rules(rule))
    return _dispatched(function, recorder(op))


def multilinear(
    function: Function,
    *rules: Function | Each,
    core: Sequence[int] | None = None,
    compute: Function | None = None,
) -> Function:
    """State an op that is linear in each operand by a transpose for each."""
    call = multilinear_recorder(function.__name__, compute or function, as_rules(*rules), core)
    return _dispatched(function, call)


def custom(
    function: Function,
    *,
    vjp: Function | Rules,
    jvp: Function | Rules | None = None,
    spread: Function | None = None,
) -> Function:
    """State an op by rules for the way back and perhaps for the way forward."""
    backward = (vjp,) if callable(vjp) else vjp
    forward = (jvp,) if callable(jvp) else jvp
    op = Custom(function.__name__, function, backward, forward, spread)
    return _dispatched(function, recorder(op))


def as_rules(*rules: Function | Each) -> Rules:
    """Return one rule for all operands, or those for each."""
    return rules[0] if isinstance(rules[0], Each) else rules  # type: ignore[return-value]


def _dispatched(function: Function, call: Function) -> Function:
    operations[function] = call
    return call


def operation(function: Function) -> Callable[[Function], Function]:
    """Make the decorated function what a NumPy function does when it is given a Tensor."""

    def register(implementation: Function) -> Function:
        operations[function] = implementation
        return implementation

    return register


def without_derivative(function: Function) -> None:
    """State that a NumPy function of Tensors is a constant: a mask, an index, a step."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*map(value_of, args), **{k: value_of(v) for k, v in kwargs.items()})
        return constant(result) if hasattr(result, "dtype") else result

    call.__module__ = "autodiff.rules._constants"  # where a reader finds it
    operations[function] = call


def value_of(x: Any) -> Any:
    """Return a Tensor's value, and anything else as it is."""
    return x._value if type(x) is Tensor else x


# -- recording a call ------------------------------------------------------------------------
# The commonest calls have functions of their own, made once for each op with what they need at
# hand, and fill the new Tensor in themselves: together that spares a fifth of the time of an op.

# Constants that need no conversion. A Python number stays one, so that float32 stays float32.
NUMBERS = frozenset({float, int, bool, np.float64, np.float32})
UNCHANGING = NUMBERS | {Tensor, str, type(None)}
is_recording = recording.get


def record(op: Op, *inputs: Any) -> Any:
    """Compute an op; where an input is a Tensor, return a Tensor that remembers the call."""
    values = tuple([x._value if type(x) is Tensor else x for x in inputs])
    try:
        value = op.compute(*values)
    except Exception as error:
        _explain(op, values, error)
        raise
    mode = is_recording()
    if mode:
        for x in inputs:
            if type(x) is Tensor and x.requires_grad:
                # A linear op's derivative depends on no value.
                if not (op.linear or UNCHANGING.issuperset(map(type, inputs))):
                    inputs = tuple([x if type(x) in UNCHANGING else kept_input(x) for x in inputs])
                    values = tuple([x._value if type(x) is Tensor else x for x in inputs])
                out = node(value, op, inputs, values, True)
                return out if mode is True else mode.examined(out)
    return constant(value) if Tensor in map(type, inputs) else value


def kept_input(x: Any) -> Any:
    """Return a constant as the graph can keep it: arrays, and containers of them, as copies."""
    if type(x) in (tuple, list, dict):
        return mapped(lambda path, part: kept(part) if isinstance(part, np.ndarray) else part, x)
    if hasattr(x, "__array_ufunc__"):
        x = as_computable(x)
    return kept(x) if isinstance(x, np.ndarray) else x


def recorder(op: Op) -> Function:
    """Return the function that records an op the fastest way."""
    if isinstance(op, Custom):
        return recorder_of_operands(op)
    if isinstance(op.rules, Each):
        return partial(record, op)
    if len(op.rules) > 2:
        return partial(_record_several if isinstance(op, Elementwise) else record, op)
    if len(op.rules) == 2:
        return _recorder_of_two(op)
    return _recorder_of_one(op) if isinstance(op, Elementwise) else partial(_record_static, op)


def recorder_of_operands(op: Op) -> Function:
    """Return the function that records an op with operands in front and static arguments behind."""
    return partial(record if isinstance(op.rules, Each) else _record_operands, op)


def multilinear_recorder(
    name: str, compute: Function, rules: Rules, core: Sequence[int] | None
) -> Function:
    """Return the function that records a multilinear op; it consumes all axes without a core."""
    if core is not None:
        return recorder(Multilinear(name, compute, rules, core))

    @cache  # an op is known by its identity
    def op_for(*ranks: int) -> Multilinear:
        return Multilinear(name, compute, rules, ranks)

    def call(*inputs: Any) -> Any:
        return record(op_for(*map(_rank, inputs)), *inputs)

    return call


def _recorder_of_one(op: Op) -> Function:
    compute = op.compute

    def call(x: Any) -> Any:
        if type(x) is not Tensor:
            return compute(x)
        x_value = x._value
        try:
            value = compute(x_value)
        except Exception as error:
            _explain(op, (x_value,), error)
            raise
        mode = is_recording()
        if not (mode and x.requires_grad):
            return constant(value)
        out = new(Tensor)
        out._value = value
        out.op = op
        out.inputs = (x,)
        out._values = (x_value,)
        out.name = None
        out.requires_grad = True
        out.grad = None
        out._index = next_index()
        return out if mode is True else mode.examined(out)

    return call


def _recorder_of_two(op: Op) -> Function:
    compute = op.compute

    def call(x: Any, y: Any) -> Any:
        requires_grad = False
        if type(x) is Tensor:
            x_value = x._value
            requires_grad = x.requires_grad
        else:
            x_value = x = x if type(x) in NUMBERS else as_operand(op, x, y)
        if type(y) is Tensor:
            y_value = y._value
            requires_grad = requires_grad or y.requires_grad
        else:
            y_value = y = y if type(y) in NUMBERS else as_operand(op, y, x)
        try:
            value = compute(x_value, y_value)
        except Exception as error:
            _explain(op, (x_value, y_value), error)
            raise
        mode = is_recording()
        if not (mode and requires_grad):
            return constant(value) if type(x) is Tensor or type(y) is Tensor else value
        out = new(Tensor)
        out._value = value
        out.op = op
        out.inputs = (x, y)
        out._values = (x_value, y_value)
        out.name = None
        out.requires_grad = True
        out.grad = None
        out._index = next_index()
        return out if mode is True else mode.examined(out)

    return call


def _record_static(op: Op, x: Any, *static: Any) -> Any:
    if type(x) is not Tensor:
        return op.compute(x, *static)
    try:
        value = op.compute(x._value, *static)
    except Exception as error:
        _explain(op, (x._value,), error)
        raise
    mode = is_recording()
    if not (mode and x.requires_grad):
        return constant(value)
    for argument in static:
        if type(argument) is np.ndarray:
            static = tuple([kept(a) if type(a) is np.ndarray else a for a in static])
    out = node(value, op, (x, *static), (x._value, *static), True)
    return out if mode is True else mode.examined(out)


def _record_several(op: Op, *inputs: Any) -> Any:
    return record(op, *[x if type(x) is Tensor else as_computable(x) for x in inputs])


def _record_operands(op: Op, *inputs: Any) -> Any:
    rules: Any = op.rules
    if Tensor in map(type, inputs[len(rules) :]):
        inputs = (*inputs[: len(rules)], *_constants(op, len(rules), inputs))
    return _record_static(op, *inputs) if op.linear else record(op, *inputs)


def _constants(op: Op, count: int, inputs: tuple[Any, ...]) -> list[Any]:
    """Return the arguments behind so many operands with values in the place of Tensors."""
    for i, x in enumerate(inputs[count:], count):
        if type(x) is Tensor and x.requires_grad:
            raise TypeError(
                f"{op.name} states {count} rule(s), but its argument {i} requires a gradient: "
                "give it one rule for each, or pass t.data"
            )
    return [value_of(x) for x in inputs[count:]]


def as_operand(op: Op, x: Any, other: Any) -> Any:
    """Return a constant as something NumPy computes with, and that the graph can keep."""
    if type(x) is complex:  # which would make a Python number of NumPy's float64
        return np.complex128(x) if type(value_of(other)) is np.float64 else x
    if type(x) is not np.ndarray or x.dtype.kind not in "fiubc":
        try:
            x = as_computable(x)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{op.name} of a Tensor and a {type(x).__name__}: {error}") from None
    if op.linear or type(other) is not Tensor or not (other.requires_grad and is_recording()):
        return x
    return kept(x) if isinstance(x, np.ndarray) else x


def _explain(op: Op, values: Sequence[Any], error: Exception) -> None:
    """Raise the same kind of error with the op's name and its operands' shapes; or note them."""
    shapes = " and ".join(str(v.shape) for v in values if hasattr(v, "dtype"))
    mode = is_recording()
    line = "" if type(mode) is bool else mode.calling_line()
    where = f"{op.name} of Tensors or arrays of shape {shapes}"
    for kind in (np.linalg.LinAlgError, IndexError, ValueError, TypeError):
        if isinstance(error, kind):
            raise kind(f"{where}: {error}{line}") from error
    error.add_note(f"in {where}{line}")
