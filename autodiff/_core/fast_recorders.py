"""What ``record`` does, faster: for one operand, for two, and for one with static arguments.

Each is made once for an op, with what it needs at hand, and serves the two plain hooks alone.
Together they spare a fifth of the time of an op, without recording a third; what they return is
what ``record`` returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from autodiff._core.array_kinds import as_computable
from autodiff._core.constant_arrays import read_only
from autodiff._core.hook import NO_GRAD, PLAIN, recording
from autodiff._core.op import Custom, Each, Elementwise, Multilinear, Op, Rules, rank
from autodiff._core.record import NUMBERS, explain, record, value_of
from autodiff._core.tensor import Tensor, constant, node
from autodiff._core.types import Function

current_hook = recording.get


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
        return record(op_for(*map(rank, inputs)), *inputs)

    return call


def _recorder_of_one(op: Op) -> Function:
    compute = op.compute

    def call(x: Any) -> Any:
        hook = current_hook()
        if hook is not PLAIN and hook is not NO_GRAD:
            return record(op, x)
        if type(x) is not Tensor:
            return compute(x)
        x_value = x._value
        try:
            value = compute(x_value)
        except Exception as error:
            explain(op, (x_value,), error)
            raise
        if x.requires_grad and hook is PLAIN:
            return node(value, op, (x,), (x_value,))
        return constant(value)

    return call


def _recorder_of_two(op: Op) -> Function:
    compute = op.compute

    def call(x: Any, y: Any) -> Any:
        hook = current_hook()
        if hook is not PLAIN and hook is not NO_GRAD:
            return record(op, _as_operand(op, x, y), _as_operand(op, y, x))
        requires_grad = False
        if type(x) is Tensor:
            x_value = x._value
            requires_grad = x.requires_grad
        else:
            x_value = x = x if type(x) in NUMBERS else _as_operand(op, x, y)
        if type(y) is Tensor:
            y_value = y._value
            requires_grad = requires_grad or y.requires_grad
        else:
            y_value = y = y if type(y) in NUMBERS else _as_operand(op, y, x)
        try:
            value = compute(x_value, y_value)
        except Exception as error:
            explain(op, (x_value, y_value), error)
            raise
        if requires_grad and hook is PLAIN:
            return node(value, op, (x, y), (x_value, y_value))
        return constant(value) if type(x) is Tensor or type(y) is Tensor else value

    return call


def _record_static(op: Op, x: Any, *static: Any) -> Any:
    hook = current_hook()
    if hook is not PLAIN and hook is not NO_GRAD:
        return record(op, x, *(_constant_arrays(static) if hook.records else static))
    if type(x) is not Tensor:
        return op.compute(x, *static)
    try:
        value = op.compute(x._value, *static)
    except Exception as error:
        explain(op, (x._value,), error)
        raise
    if not (x.requires_grad and hook is PLAIN):
        return constant(value)
    static = _constant_arrays(static)
    return node(value, op, (x, *static), (x._value, *static))


def _constant_arrays(static: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return static arguments as the graph keeps them."""
    for argument in static:
        if type(argument) is np.ndarray:
            return tuple([read_only(a) if type(a) is np.ndarray else a for a in static])
    return static


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


def _as_operand(op: Op, x: Any, other: Any) -> Any:
    """Return an operand as something NumPy computes with, and that the graph can keep."""
    if type(x) is complex:  # which would make a Python number of NumPy's float64
        return np.complex128(x) if type(value_of(other)) is np.float64 else x
    if type(x) is not np.ndarray or x.dtype.kind not in "fiubc":
        try:
            x = as_computable(x)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{op.name} of a Tensor and a {type(x).__name__}: {error}") from None
    if op.linear or type(other) is not Tensor or not other.requires_grad:
        return x
    return read_only(x) if current_hook().records else x
