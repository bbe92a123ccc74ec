"""The table of operations: what each NumPy function does when it is given a Tensor.

The functions here fill it in, each for a kind of op, and return what to call. Ops of one's own are
stated by the public functions of the same names, which leave NumPy's functions as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff._core.fast_recorders import multilinear_recorder, recorder
from autodiff._core.ndarray import operations
from autodiff._core.op import Custom, Each, Elementwise, Linear, Rules
from autodiff._core.record import value_of
from autodiff._core.tensor import constant
from autodiff._core.types import Function, Rule


def elementwise(
    function: Function,
    *rules: Rule,
    compute: Function | None = None,
    linear: bool = False,
    name: str | None = None,
) -> Function:
    """State an elementwise op by one rule for each operand.

    ``compute`` replaces the function where something is faster, and ``name`` what it is called.
    """
    op = Elementwise(name or function.__name__, compute or function, rules, linear)
    return _register(function, recorder(op))


def linear(
    function: Function, rule: Rule | Each, *, compute: Function | None = None, kind: Any = Linear
) -> Function:
    """State an op that is linear in its operands by its transpose."""
    op = kind(function.__name__, compute or function, as_rules(rule))
    return _register(function, recorder(op))


def multilinear(
    function: Function,
    *rules: Rule | Each,
    core: Sequence[int] | None = None,
    compute: Function | None = None,
) -> Function:
    """State an op that is linear in each operand by a transpose for each."""
    call = multilinear_recorder(function.__name__, compute or function, as_rules(*rules), core)
    return _register(function, call)


def custom(
    function: Function,
    *,
    vjp: Rule | Rules,
    jvp: Rule | Rules | None = None,
    spread: Function | None = None,
) -> Function:
    """State an op by rules for the way back and perhaps for the way forward."""
    backward = (vjp,) if callable(vjp) else vjp
    forward = (jvp,) if callable(jvp) else jvp
    op = Custom(function.__name__, function, backward, forward, spread)
    return _register(function, recorder(op))


def as_rules(*rules: Rule | Each) -> Rules:
    """Return one rule for all operands, or those for each."""
    return rules[0] if isinstance(rules[0], Each) else rules  # type: ignore[return-value]


def _register(function: Function, call: Function) -> Function:
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
        return constant(result) if hasattr(result, "dtype") and type(result) is not type else result

    call.__module__ = "autodiff.rules._constants"  # where a reader finds it
    operations[function] = call
