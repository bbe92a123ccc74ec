"""Recording a call: compute the op, and remember the call where a derivative may be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff._core.array_kinds import as_computable, mixture
from autodiff._core.constant_arrays import read_only
from autodiff._core.hook import NO_GRAD, PLAIN, recording
from autodiff._core.structures import map_structure
from autodiff._core.tensor import Tensor, constant, node

if TYPE_CHECKING:
    from autodiff._core.op import Op

# Constants that need no conversion. A Python number stays one, so that float32 stays float32.
NUMBERS = frozenset({float, int, bool, np.float64, np.float32})
UNCHANGING = NUMBERS | {Tensor, str, type(None)}


def record(op: Op, *inputs: Any) -> Any:
    """Compute an op; where an input is a Tensor, return a Tensor that remembers the call."""
    hook = recording.get()
    plain = hook is PLAIN or hook is NO_GRAD  # not asked, which would take a fifth of the time
    values = _values(inputs, plain)
    try:
        value = op.compute(*values) if plain else hook.compute(op, values)
    except Exception as error:
        explain(op, values, error)
        raise
    if hook.records:
        for x in inputs:
            if type(x) is Tensor and x.requires_grad:
                # A linear op's derivative depends on no value.
                if not (op.linear or UNCHANGING.issuperset(map(type, inputs))):
                    inputs = tuple(map(as_input, inputs))
                    values = _values(inputs, plain)
                out = node(value, op, inputs, values)
                if not plain:
                    hook.on_node(out)
                return out
    return constant(value) if Tensor in map(type, inputs) else value


def _values(inputs: tuple[Any, ...], plain: bool) -> tuple[Any, ...]:
    if plain:
        return tuple([x._value if type(x) is Tensor else x for x in inputs])
    return tuple(map(value_of, inputs))


def as_input(x: Any) -> Any:
    """Return an argument as the graph keeps it: of constant arrays, and containers, a copy."""
    if type(x) in UNCHANGING:
        return x
    if type(x) in (tuple, list, dict):
        return map_structure(lambda path, leaf: read_only(leaf), x)
    return read_only(as_computable(x) if hasattr(x, "__array_ufunc__") else x)


def value_of(x: Any) -> Any:
    """Return what is computed with: in the place of a Tensor its value."""
    return x._plain() if isinstance(x, Tensor) else x


def explain(op: Op, values: Sequence[Any], error: Exception) -> None:
    """Raise the same kind of error with the op's name and its operands' shapes; or note them."""
    shapes = " and ".join(str(v.shape) for v in values if hasattr(v, "dtype"))
    line = mixture(values) + recording.get().place()
    where = f"{op.name} of Tensors or arrays of shape {shapes}" if shapes else op.name
    for kind in (np.linalg.LinAlgError, IndexError, ValueError, TypeError):
        if isinstance(error, kind):
            raise kind(f"{where}: {error}{line}") from error
    error.add_note(f"in {where}{line}")
