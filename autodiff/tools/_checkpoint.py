"""Trading time for memory: a function that is computed again on the way back."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from autodiff._core.array_kinds import at_present, is_lazy
from autodiff._core.checks import require_function
from autodiff._core.constant_arrays import read_only
from autodiff._core.functions import record_function
from autodiff._core.hook import recording
from autodiff._core.op import Custom, Together
from autodiff._core.record import value_of
from autodiff._core.structures import map_structure
from autodiff._core.tensor import Tensor, no_grad, node
from autodiff._core.types import Cotangent, Function, Value
from autodiff._core.walks import Graph
from autodiff.tools._own_ops import by_position, name_of


def checkpoint(f: Function) -> Function:
    """Return ``f`` as one op, which remembers its arguments only and not what happens inside.

    A walk calls ``f`` again when it gets there, and forgets what that recorded when it leaves.
    Memory then holds the arguments of all such functions and the inside of one, in exchange for
    a second computation of each.

    Parameters
    ----------
    f : callable
        Takes arrays or Tensors, none by keyword only, may use other Tensors such as parameters, and
        returns one. It has to compute the same each time it is called: arrays that change
        meanwhile, such as a buffer, have to be arguments, of which a copy is kept.

    Raises
    ------
    RuntimeError
        By a walk, when ``f`` computes something else than before: something that it uses beside its
        arguments has changed, or it draws random numbers.

    References
    ----------
    A. Griewank and A. Walther, "Algorithm 799: revolve", ACM Trans. Math. Software 26 (2000).

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import grad
    >>> block = checkpoint(lambda x: np.sin(np.exp(x)))
    >>> grad(block)(0.0) == grad(lambda x: np.sin(np.exp(x)))(0.0)
    np.True_
    """

    require_function(f, "checkpoint")

    @wraps(f)
    def call(*args: Any, **keywords: Any) -> Any:
        if keywords:
            args = by_position(f, name_of(f), args, keywords)
        args = tuple(map(at_present, args))
        numbers = tuple(i for i, x in enumerate(args) if type(x) is Tensor and x.requires_grad)
        if not numbers or not recording.get().records:
            return f(*args)
        graph = record_function(f, args, {}, numbers)
        (out,) = graph.outputs
        outside = list(dict.fromkeys(_outside_inputs(graph)))
        operands = (*(args[i] for i in numbers), *outside)
        op = _checkpoint_op(f, args, numbers, outside)
        made = node(value_of(out), op, operands, tuple(map(value_of, operands)))
        recording.get().on_node(made)
        return made

    return call


def _outside_inputs(graph: Graph) -> list[Tensor]:
    return [
        x
        for consumer in graph.order
        for x in consumer.inputs
        if type(x) is Tensor and x.requires_grad and x._index < graph.oldest
    ]


def _checkpoint_op(
    f: Function, args: tuple[Any, ...], numbers: tuple[int, ...], outside: list[Tensor]
) -> Custom:
    """Return the op that calls ``f`` again for its rules, once for all of them."""
    constants = [
        None if i in numbers else map_structure(lambda path, leaf: read_only(leaf), x)
        for i, x in enumerate(args)
    ]
    name = name_of(f)

    def arguments(operands: tuple[Value, ...]) -> list[Any]:
        given = list(constants)
        for i, x in zip(numbers, operands, strict=False):
            given[i] = x
        return given

    def compute(*operands: Value) -> Value:
        with no_grad():
            return value_of(at_present(f(*arguments(operands))))

    def images(g: Cotangent, out: Value, operands: tuple[Value, ...]) -> Function:
        graph = record_function(f, arguments(operands), {}, numbers)
        again, before = value_of(graph.outputs[0]), value_of(out)
        if not (is_lazy(again) or np.array_equal(again, before, equal_nan=True)):
            raise RuntimeError(
                f"{name} under checkpoint computes something else on the way back than before: "
                "give it what changes as an argument, random numbers too"
            )
        leaves = [*graph.leaves, *outside]
        batch = g.shape[: g.ndim - out.ndim]
        record = any(type(x) is Tensor for x in (g, *operands))
        pulled = Graph(graph.outputs, leaves).pull([g], batch=batch, record=record)
        return lambda i: pulled[leaves[i]]

    return Custom(name, compute, Together(images))
