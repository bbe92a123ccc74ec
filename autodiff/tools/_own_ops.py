"""Ops of one's own: a function with its rules, known to whoever holds it and to nobody else.

Each returns a function of the same signature and, unless it is given another, the same name. What
it is given may be a NumPy function: `np.log` itself stays what it is.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial, wraps
from inspect import signature
from typing import Any

from autodiff._core.array_kinds import at_present
from autodiff._core.fast_recorders import recorder, recorder_of_operands
from autodiff._core.op import Custom, Each, Elementwise, Rules
from autodiff._core.table import as_rules
from autodiff._core.tensor import Tensor
from autodiff._core.types import Function, Rule
from autodiff.rules._tails import is_series
from autodiff.tools._own_op_checks import (
    CheckedLinear,
    CheckedMultilinear,
    checked_entries,
    checked_function,
    checked_rules,
    require_signature,
)


def elementwise(
    function: Function,
    *rules: Rule,
    compute: Function | None = None,
    linear: bool = False,
    name: str | None = None,
) -> Function:
    """State an op whose output depends, entry by entry, on the same entry of each operand.

    Parameters
    ----------
    function : callable
        Takes arrays that broadcast against each other, and returns an array of their common shape.
    *rules : callable
        One for each operand: takes ``g``, the output and all operands, and returns ``g`` times the
        partial derivative. It serves the way back and the way forward; of complex operands only
        where the function is analytic. ``g`` broadcasts against the output, and may have extra
        leading axes.
    compute : callable, optional
        What to call in the place of ``function``, where something is faster.
    linear : bool
        Whether the op is linear in all its operands together, as a sum is.
    name : str, optional
        What pictures and messages call the op, where the function's own name does not tell, as that
        of a lambda.

    Returns
    -------
    callable
        Works on arrays and on Tensors, and has the function's name, or the one given.

    Raises
    ------
    TypeError
        When there is no rule, or a rule cannot be called with these arguments. By a call, when
        ``function`` returns no array or number, or is given more operands than there are rules; by
        a walk, when a rule does, or the op makes real numbers of complex ones.
    ValueError
        By a walk, when a rule returns an array that does not fit the output, or numbers other than
        0 for a ``g`` of zeros, or the output has not the operands' common shape.

    Examples
    --------
    >>> from autodiff import grad
    >>> cube = elementwise(lambda x: x**3, lambda g, out, x: g * (3 * x**2), name="cube")
    >>> float(grad(cube)(2.0))
    12.0
    >>> cube(Tensor(2.0))
    Tensor(8., op=cube)
    """
    name = _op_name(name, function, *rules)
    _require_rules(name, rules)
    for i, rule in enumerate(rules):
        require_signature(name, i, rule, len(rules), "operand(s), one for each rule")
    checked = [checked_entries(name, i, rule) for i, rule in enumerate(rules)]
    call = recorder(Elementwise(name, checked_function(name, compute or function), checked, linear))
    return _local(function, name, call, count=len(rules))


def linear(
    function: Function,
    rule: Rule | Each,
    *,
    compute: Function | None = None,
    name: str | None = None,
) -> Function:
    """State an op that is linear in its operands by its transpose.

    Parameters
    ----------
    function : callable
        Takes an operand and static arguments behind it; acts on the operand's last axes and takes
        any number of axes in front of those.
    rule : callable or Each
        The transpose: takes a cotangent ``g`` of the output, the output and all arguments, and
        returns that of the operand, in its shape behind the leading axes that ``g`` has beyond the
        output's. With `Each`, all arguments that are arrays are operands.
    compute : callable, optional
        What to call in the place of ``function``, where something is faster.
    name : str, optional
        What pictures and messages call the op, as in `elementwise`.

    Returns
    -------
    callable
        Works on arrays and on Tensors, and has the function's name, or the one given.

    Raises
    ------
    TypeError
        When the function or the rule cannot be called. By a call, when ``function`` returns no
        array or number, or a static argument requires a gradient; by a walk, when the rule returns
        none, or cannot be called with these arguments.
    ValueError
        By a walk, when the rule returns an array that does not fit its operand, or numbers other
        than 0 for a ``g`` of zeros, or it or ``function`` does something else with a batch than
        with each of its members.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import jacobian
    >>> turned = linear(lambda x, Q: x @ Q.T, lambda g, out, x, Q: g @ Q, name="turned")
    >>> Q = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> jacobian(lambda x: turned(x, Q))(np.array([1.0, 2.0]))
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    rules = _rules_of(rule)
    name = _op_name(name, function, *_each_of(rules))
    op = CheckedLinear(
        name,
        checked_function(name, compute or function),
        checked_rules(rules, name, backward=True),
    )
    return _local(function, name, recorder_of_operands(op))


def multilinear(
    function: Function,
    *rules: Rule | Each,
    core: Sequence[int],
    compute: Function | None = None,
    name: str | None = None,
) -> Function:
    """State an op that is linear in each operand while the others are held, as a product is.

    Parameters
    ----------
    function : callable
        Takes the operands, and static arguments behind them. It takes axes in front of those that
        it consumes, which broadcast, on every operand; so does each rule, and ``g`` has them too.
    *rules : callable or Each
        The transpose for each operand: takes ``g``, the output and all arguments, and returns the
        cotangent of its operand.
    core : sequence of int
        How many trailing axes it consumes of each operand: a number for each.
    compute : callable, optional
        What to call in the place of ``function``, where something is faster.
    name : str, optional
        What pictures and messages call the op, as in `elementwise`.

    Returns
    -------
    callable
        Works on arrays and on Tensors, and has the function's name, or the one given.

    Raises
    ------
    TypeError
        When there is no rule, the function or one of the rules cannot be called, or ``core`` has
        not a number for each operand. By a call and by a walk as in `linear`.
    ValueError
        By a walk, as in `linear`.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import jacobian
    >>> weighted = multilinear(
    ...     lambda w, x: np.sum(w * x, axis=-1),
    ...     lambda g, out, w, x: g[..., None] * x,
    ...     lambda g, out, w, x: g[..., None] * w,
    ...     core=(1, 1),
    ...     name="weighted",
    ... )
    >>> jacobian(weighted)(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    _require_rules(_op_name(name, function), rules)
    stated = as_rules(*rules)
    name = _op_name(name, function, *_each_of(stated))
    op = CheckedMultilinear(
        name,
        checked_function(name, compute or function),
        checked_rules(stated, name, backward=True),
        _checked_core(name, core, None if isinstance(stated, Each) else len(rules)),
    )
    return _local(function, name, recorder_of_operands(op))


def custom(
    function: Function | None = None,
    *,
    vjp: Rule | Rules,
    jvp: Rule | Rules | None = None,
    name: str | None = None,
) -> Function:
    """Replace the derivative of a function: with a stable form, a faster one, or another one.

    Also a decorator, without its first argument.

    Parameters
    ----------
    function : callable
        Takes plain arrays and returns one.
    vjp : callable, or one for each operand, or Each
        The rule for the way back: takes a cotangent ``g`` of the output, the output and all
        arguments, and returns what reaches its operand. ``g`` may have extra leading axes, a batch,
        which the result has too. It is real where the output is.
    jvp : callable, or one for each operand, or Each, optional
        The rule for the way forward, of a tangent of its operand, which may have extra leading axes
        in front of the operand's own. It follows from ``vjp`` otherwise, by walking back through
        that.
    name : str, optional
        What pictures and messages call the op, as in `elementwise`.

    Returns
    -------
    callable
        Works on arrays and on Tensors, and has the function's name, or the one given.

    Raises
    ------
    TypeError
        When there is no rule, or the function or a rule cannot be called. By a call, when the
        function returns no array or number, or an argument without a rule requires a gradient; by a
        walk, when a rule returns none, or cannot be called with these arguments.
    ValueError
        By a walk, when a rule returns an array that does not fit its operand, or numbers other than
        0 for a ``g`` of zeros, or does something else with a batch than with each of its members.

    Examples
    --------
    >>> import numpy as np
    >>> from autodiff import grad
    >>> @custom(vjp=lambda g, out, x: g)  # as if rounding were the identity
    ... def rounded(x):
    ...     return np.round(x)
    >>> float(rounded(2.6)), float(grad(rounded)(2.6))
    (3.0, 1.0)
    """
    if function is None:
        return partial(custom, vjp=vjp, jvp=jvp, name=name)
    backward, forward = _rules_of(vjp), None if jvp is None else _rules_of(jvp)
    name = _op_name(name, function, *_each_of(backward), *_each_of(forward or ()))
    _require_rules(name, backward)
    op = Custom(
        name,
        checked_function(name, function),
        checked_rules(backward, name, backward=True),
        None if forward is None else checked_rules(forward, name, backward=False),
    )
    return _local(function, name, recorder_of_operands(op))


def _rules_of(rules: Any) -> Any:
    """Return the rules that a single one, a list of them or an Each stands for."""
    return rules if isinstance(rules, Each | list | tuple) else (rules,)


def _each_of(rules: Any) -> Any:
    return [rules.rule] if isinstance(rules, Each) else rules


def _require_rules(name: str, rules: Any) -> None:
    if isinstance(rules, list | tuple) and not rules:
        raise TypeError(
            f"an op needs its derivative: give {name} a rule for each operand, as in "
            "lambda g, out, x: g * 2 * x where it is the square"
        )


def _checked_core(name: str, core: Any, count: int | None) -> tuple[int, ...]:
    """Return how many axes an op consumes of each operand, if that is what was given."""
    try:
        checked = tuple(map(operator.index, core))
    except TypeError:
        checked = (-1,)
    if count not in (None, len(checked)) or min(checked, default=-1) < 0:
        operands = "each operand" if count is None else f"each of {count} operand(s)"
        raise TypeError(
            f"core says of {operands} of {name} how many trailing axes it consumes, as in "
            f"core=(1, 1) for an inner product of two, but got {core!r:.40}"
        )
    return checked


def _op_name(name: str | None, function: Function, *rules: Any) -> str:
    """Return what an op is called, if its function and its rules can be called."""
    for what, given in (("function", function), *(("rule", rule) for rule in rules)):
        if not callable(given):
            raise TypeError(f"an op takes a {what} that can be called, but got {given!r:.60}")
    if name is None:
        return name_of(function)
    if not isinstance(name, str) or not name:
        raise TypeError(f"an op's name is a str, not empty, but got {name!r:.60}")
    return name


def name_of(function: Function) -> str:
    """Return a function's name, that of what a partial calls, or that of an object's type."""
    inner = function.func if isinstance(function, partial) else function
    return getattr(inner, "__name__", type(inner).__name__)


def _local(function: Function, name: str, call: Function, count: int | None = None) -> Function:
    """Return the function to call, which looks like the one that was given.

    ``count`` says how many arguments it takes, if all are operands.
    """

    @wraps(function)
    def op(*arguments: Any, **keywords: Any) -> Any:
        if keywords:
            arguments = by_position(function, name, arguments, keywords)
        arguments = tuple(map(at_present, arguments))
        try:
            result = call(*arguments)
            if type(result) is Tensor or not any(map(is_series, arguments)):
                return result
        except TypeError:
            if count in (None, len(arguments)) and not any(map(is_series, arguments)):
                raise
        for x in filter(is_series, arguments):  # a rule calls this op, which carries series along
            return x.__array_function__(call, (type(x),), arguments, {})
        raise TypeError(
            f"{name} has {count} rule(s), one for each operand, but was called with "
            f"{len(arguments)} argument(s): "
            + (
                "an elementwise op takes no others, custom does"
                if arguments
                else f"to hand the function on, write {name} without brackets"
            )
        )

    if op.__name__ != name:
        op.__name__ = op.__qualname__ = name
    return op


def by_position(
    function: Function, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, ...]:
    """Return all arguments of a call, of a function by this name, in their places."""
    try:
        bound = signature(function).bind(*arguments, **keywords)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if bound.kwargs:
        raise TypeError(
            f"{name} is an op, whose arguments are passed by position, but got "
            f"{', '.join(bound.kwargs)} by keyword only"
        )
    return bound.args
