"""What computes with Tensors what an expression of the program cannot."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from autodiff._core.corrections.creators import in_brackets, text_of, with_like
from autodiff._core.corrections.spots import Spot
from autodiff._core.corrections.tensor_names import is_tensor, like_argument

_OF_ENTRIES: tuple[Any, ...] = (
    *(np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.full),
)
_OF_MATH = {"pow": "power", "fsum": "sum"} | {
    f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")
}
_UNLIKE_NUMPYS = ("remainder", "isclose")
_OF_SPECIAL = {"gamma": "gamma", "lgamma": "gammaln", "erf": "erf", "erfc": "erfc"}
_DRAWS = {
    "normal": "loc + scale * {}.standard_normal(size)",
    "uniform": "low + (high - low) * {}.random(size)",
}


def expression(spot: Spot) -> str:
    """Return what to write for the expression where the program stands, and where."""
    new = _in_place_of(spot)
    return f"for the derivative write {new}{spot.line()}" if new else ""


def _in_place_of(spot: Spot) -> str:
    """Return an expression that computes with Tensors what the one where it stands cannot."""
    node = spot.node
    if isinstance(node, ast.Subscript):
        return _of_joining(spot, node)
    if isinstance(node, ast.BinOp):
        return _of_lists(spot, [node.left, node.right])
    if not isinstance(node, ast.Call):
        return ""
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    function = spot.value(node.func)
    return (
        _of_draw(node.func)
        or _of_python(function, [ast.unparse(x) for x in arguments])
        or _of_creator(spot, node, function)
        or _of_iterators(node, function)
        or _of_each(spot, node, function)
        or (_of_lists(spot, arguments) if _is_numpys(function) else "")
    )


def _is_numpys(function: Any) -> bool:
    module = getattr(function, "__module__", None) or ""
    return isinstance(function, np.ufunc) or (
        module.startswith("numpy")
        and not module.startswith("numpy.ma.")
        and not isinstance(function, type)
    )


def _of_joining(spot: Spot, node: ast.Subscript) -> str:
    """Return what stands for np.r_ and np.c_ of numbers and arrays of one axis."""
    joins = [(np.r_, "hstack"), (np.c_, "column_stack")]
    join = [name for x, name in joins if x is spot.value(node.value)]
    parts = getattr(node.slice, "elts", [node.slice])
    texts = any(isinstance(getattr(part, "value", None), str) for part in parts)
    if not join or texts or any(isinstance(part, ast.Slice) for part in parts):
        return ""
    return f"np.{join[0]}([{', '.join(map(ast.unparse, parts))}])"


def _of_draw(function: Any) -> str:
    """Return how to draw where a parameter is a Tensor."""
    if isinstance(function, ast.Attribute) and function.attr in _DRAWS:
        return _DRAWS[function.attr].format(ast.unparse(function.value))
    return ""


def _of_python(function: Any, arguments: list[str]) -> str:
    """Return what stands for functions of math, and for conversions."""
    if len(arguments) == 1 and any(function is x for x in (float, complex, np.float64)):
        return f"{arguments[0]} itself"
    if getattr(function, "__module__", None) not in ("math", "cmath"):
        return ""
    name = function.__name__
    if name == "log" and len(arguments) == 2:
        return f"np.log({arguments[0]}) / np.log({arguments[1]})"
    given = ", ".join(arguments)
    if name in _OF_SPECIAL:
        return f"scipy.special.{_OF_SPECIAL[name]}({given})"
    numpys = getattr(np, _OF_MATH.get(name, name), None)
    if name in _UNLIKE_NUMPYS or numpys is None:
        return ""
    fits = not isinstance(numpys, np.ufunc) or numpys.nin == len(arguments)
    return f"np.{_OF_MATH.get(name, name)}({given})" if fits else ""


def _of_creator(spot: Spot, node: ast.Call, function: Any) -> str:
    """Return what makes an array of Tensors, where NumPy's function is not told to."""
    if function is np.fromiter:
        entries = ast.unparse(node.args[0])
        is_generator = isinstance(node.args[0], ast.GeneratorExp)
        return f"np.stack([{entries[1:-1] if is_generator else '*' + entries}])"
    if not any(function is creator for creator in _OF_ENTRIES):
        return ""
    given = node.args[0]
    also = ", or np.stack" if _is_flat_list(spot, given) else ""
    return f"{with_like(spot, node, like_argument(spot))}{also}"


def _is_flat_list(spot: Spot, node: ast.expr) -> bool:
    """Whether it is a list whose entries np.stack takes, as it does not take lists."""
    value = spot.value(node)
    if type(value) in (list, tuple):
        return not any(type(x) in (list, tuple) for x in value)
    if not isinstance(node, ast.List | ast.ListComp | ast.Tuple):
        return False
    entries = [node.elt] if isinstance(node, ast.ListComp) else node.elts
    return not any(
        isinstance(x, ast.List | ast.ListComp | ast.Tuple) or type(spot.value(x)) in (list, tuple)
        for x in entries
    )


def _of_iterators(node: ast.Call, function: Any) -> str:
    """Return what stands for np.ndenumerate."""
    if function is not np.ndenumerate:
        return ""
    x = in_brackets(node.args[0])
    return f"for i in np.ndindex({x}.shape), with {x}[i] as the entry"


def _of_each(spot: Spot, node: ast.Call, function: Any) -> str:
    """Return what stands for np.vectorize of a function of one argument."""
    if isinstance(function, np.vectorize):
        each = f"{ast.unparse(node.func)}.pyfunc"
    elif isinstance(node.func, ast.Call) and spot.value(node.func.func) is np.vectorize:
        inner = node.func.args[0]
        is_name = isinstance(inner, ast.Name | ast.Attribute)
        each = ast.unparse(inner) if is_name else f"({ast.unparse(inner)})"
    else:
        return ""
    if len(node.args) != 1 or node.keywords:
        return ""
    return f"np.stack([{each}(t) for t in {ast.unparse(node.args[0])}])"


def _of_lists(spot: Spot, arguments: list[ast.expr]) -> str:
    """Return the array in the place of the first list that holds Tensors."""
    for node in arguments:
        if isinstance(node, ast.List | ast.Tuple | ast.ListComp):
            inside = [spot.value(x) for x in ast.walk(node) if isinstance(x, ast.Name)]
        else:
            inside = [spot.value(node)]
            if type(inside[0]) not in (list, tuple):
                continue
        if any(map(_holds_tensor, inside)):
            text = text_of(node)
            also = ", or np.stack," if _is_flat_list(spot, node) else ""
            return f"np.array({text}, like={like_argument(spot)}){also} in the place of {text}"
    return ""


def _holds_tensor(x: Any) -> bool:
    return any(map(_holds_tensor, x)) if type(x) in (list, tuple) else is_tensor(x)
