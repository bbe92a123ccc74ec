"""What is refused, why, and what to write instead.

That is every NumPy function that dispatches and has no rule, and what people reach for that does
not dispatch: it tries to make plain arrays of Tensors, and the stack tells who tried.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

IN_PLACE = (
    "it writes into an array, but a Tensor's value never changes: let it write into a copy, "
    "y = x.copy(), or write "
)
JUMPS = "its result jumps from one value to another: give it t.data"
FILES = "it reads or writes files: give it t.data"
NO_NUMBERS = "it is no function of numbers: give it t.data"
ROOTS = "the order of the roots is not defined: use np.linalg.eigvals of the companion matrix"
ZETA = (
    "SciPy computes no derivative of it, -Σ log(n) n^-x: give it t.data, or state one by "
    "autodiff.custom(special.zeta, vjp=...)"
)
NO_RULE = "it has no rule here: write it with functions that have one, or give it t.data"

REASONS = {
    IN_PLACE + "np.ravel(x).at[indices].set(v).reshape(x.shape)": ["put"],
    IN_PLACE + "x.at[key].set(v), as in x.at[np.arange(n), indices].set(v)": ["put_along_axis"],
    IN_PLACE + "np.where(mask, v, x)": ["putmask"],
    IN_PLACE + "x itself, or np.where(where, x, other)": ["copyto"],
    IN_PLACE + "x.at[mask].set(v)": ["place"],
    IN_PLACE + "x.at[i, i].set(v) with i = np.arange(n)": ["fill_diagonal"],
    JUMPS: [
        *("histogram2d", "histogramdd", "in1d", "intersect1d", "polydiv", "setdiff1d", "setxor1d"),
        *("union1d", "unique_all", "unique_counts", "unique_inverse", "unique_values"),
    ],
    FILES: ["fromfile", "genfromtxt", "loadtxt", "save", "savetxt", "savez", "savez_compressed"],
    NO_NUMBERS: [
        *("busday_count", "busday_offset", "datetime_as_string", "is_busday", "isnat"),
        *("count", "endswith", "find", "index", "rfind", "rindex", "startswith"),
    ],
    ROOTS: ["roots", "poly"],
    ZETA: ["zeta"],  # of one argument; that of two has a rule
}
_BY_NAME = {name: reason for reason, names in REASONS.items() for name in names}
_WITHOUT_NUMBERS = ("numpy.strings", "numpy.char", "numpy.rec", "numpy.lib.recfunctions")


# What stands for a ufunc's method at.
_AT = {
    "add": "add(v)",
    "subtract": "add(-v)",
    "multiply": "multiply(v)",
    "divide": "multiply(1 / v)",
}


def reason_for(function: Callable[..., Any]) -> str:
    """Return why a NumPy function cannot be given a Tensor, and what to write instead."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return _reason_for_method(owner, function.__name__)
    module = getattr(function, "__module__", None) or ""
    is_text = module.startswith(_WITHOUT_NUMBERS) or function in vars(np.strings).values()
    name = function.__name__
    if name.startswith("_") and _takes_numbers(function):
        name = public_caller().rpartition(".")[2] or name
    return NO_NUMBERS if is_text or name.startswith("_") else _BY_NAME.get(name, NO_RULE)


def _takes_numbers(function: Callable[..., Any]) -> bool:
    """Whether it is a ufunc of float64, as NumPy's of texts are not."""
    return isinstance(function, np.ufunc) and any("d" in types for types in function.types)


def _reason_for_method(ufunc: np.ufunc, method: str) -> str:
    name = ufunc.__name__
    called = f"np.{name}" if getattr(np, name, None) is ufunc else f"special.{name}"
    if method == "at":
        new = _AT.get(name, f"set({called}(x[key]{', v' * (ufunc.nin - 1)}))")
        return f"{IN_PLACE}x = x.at[key].{new}"
    if method == "reduceat":
        return f"it has no derivative here: use np.stack of {called}.reduce of each slice"
    return "it has no derivative here: use np.sum, np.max and so on"


# -- arguments -------------------------------------------------------------------------------

# What to write instead of an argument of {f}, the name of the function.
INSTEAD = {
    "out": "use the result, as in y = {f}(x), or a = a + t for a += t, or let it write into an "
    "array that takes Tensors, as np.zeros(shape, like=x) and x.copy() do",
    "where": "write np.where(condition, {f}(x), other)",
    "dtype": "cast before or after, as in x.astype(dtype)",
    "order": "leave it out, for the entries have no fields to sort by",
    "hermitian": "write np.linalg.eigh, whose eigenvalues' magnitudes are the singular values",
    "device": "leave it out, there is only 'cpu'",
    "writeable": "leave it out, for a Tensor's value never changes",
}


def instead_of(argument: str, function: str) -> str:
    """Return what to write instead of an argument that NumPy's function takes."""
    return INSTEAD.get(argument, "leave it out, or give {f} t.data").format(f=function)


# -- attributes --------------------------------------------------------------------------------

_OF_ARRAY = [
    *("base", "byteswap", "ctypes", "dump", "dumps", "flags", "getfield", "setflags", "strides"),
    *("tobytes", "tofile", "newbyteorder", "__dlpack__", "__dlpack_device__"),
]

# What NumPy's arrays have, PyTorch's tensors or micrograd's values, and what to write here.
ATTRIBUTES = {
    **{name: f"t.data.{name}, of the array that it holds" for name in _OF_ARRAY},
    "view": "x.reshape(shape), or t.data.view, of the array that it holds",
    "ptp": "np.ptp(x)",
    "detach": "stop_gradient(x), or t.data for the plain array",
    "numpy": "t.data",
    "relu": "nn.relu(x), or np.maximum(x, 0)",
    "sigmoid": "nn.sigmoid(x)",
    "softmax": "softmax(x, axis)",
    **{name: f"np.{name}(x)" for name in ("abs", "exp", "log", "sqrt", "sin", "cos", "tanh")},
    "pow": "x**p",
    **dict.fromkeys(["mm", "matmul"], "x @ y"),
    "norm": "np.linalg.norm(x)",
    "permute": "x.transpose(axes)",
    "unsqueeze": "np.expand_dims(x, axis)",
    "numel": "x.size",
    "clone": "x.copy()",
    **dict.fromkeys(["to", "float", "double", "half"], "x.astype(dtype)"),
    **dict.fromkeys(["cpu", "cuda"], "x itself, for arrays stay in the computer's memory"),
    "zero_": "p.grad = None of a parameter's gradient, or p.data = 0 * p.data of its value",
    "requires_grad_": "x.requires_grad = True",
    "is_leaf": "t.op is None",
    "grad_fn": "t.op",
}


# -- what does not dispatch ------------------------------------------------------------------

# What is said of no function in particular.
IN_GENERAL = (
    "an array that takes Tensors is made by np.zeros(shape, like=x) or np.array([...], like=x), "
    "with x a Tensor that has axes, or by np.stack, np.concatenate or np.where, and NumPy's "
    "functions take the place of math's"
)

# By the beginning of the module's name, and the function's ("" is any).
STAND_INS = {
    ("scipy.special", "logsumexp"): "autodiff.logsumexp",
    ("scipy.special", "log_softmax"): "autodiff.log_softmax",
    ("scipy.special", "softmax"): "autodiff.softmax",
    ("scipy.special", "polygamma"): "(-1)**(n + 1) * special.gamma(n + 1) * special.zeta(n + 1, x)",
    ("scipy.special", "comb"): "scipy.special.binom",
    ("scipy.special", "factorial"): "scipy.special.gamma(n + 1)",
    ("scipy.special", "sinc"): "np.sinc",
    ("scipy.special", "lambertw"): "a number or an array as its branch k",
    ("scipy.special", ""): "the ufuncs of scipy.special",
    ("scipy.linalg", ""): "numpy.linalg",
    ("scipy.fft", ""): "numpy.fft",
    ("scipy.stats", ""): "the formula in NumPy and the ufuncs of scipy.special",
    ("scipy.interpolate", ""): "np.interp",
    ("scipy", ""): "the formula in NumPy",
    ("numpy", "vectorize"): "np.stack of the results, or the function of the whole array",
    ("numpy", "full"): "np.full(shape, value, like=x), with x a Tensor that has axes",
    ("numpy.ma.", ""): "np.where(mask, 0, x) and the like, or the entries that count, x[~mask]",
}


def stand_in() -> str:
    """Return, for whoever in NumPy or SciPy asks for a plain array now, what to write instead."""
    module, function = _caller()
    for (beginning, name), instead in STAND_INS.items():
        if module.startswith(beginning) and name in ("", function):
            called = "numpy.ma" if beginning == "numpy.ma." else public_caller()
            return f"{called} does not dispatch: use {instead}"
    return ""


def public_caller() -> str:
    """Return what was called of NumPy or SciPy, by the name that it has outside of it."""
    module, function = _caller()
    package = ".".join(part for part in module.split(".") if not part.startswith("_"))
    if package.startswith("numpy") and hasattr(np, function):
        package = "numpy"
    if package.startswith("scipy") and not hasattr(sys.modules[package], function):
        return f"a function of {package}"  # which was called by another name
    return f"{package}.{function}" if package else ""


def _caller() -> tuple[str, str]:
    """Return the module and the name of the function through which NumPy or SciPy was entered."""
    frame, caller = sys._getframe(1), None
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_globals.get("__name__", "").split(".")[0] in ("numpy", "scipy"):
            caller = frame
        elif caller is not None:
            break
    if caller is None:
        return "", ""
    return caller.f_globals["__name__"], caller.f_code.co_qualname.split(".")[0]
