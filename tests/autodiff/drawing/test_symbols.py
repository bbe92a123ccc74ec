"""Formulas of local derivatives: they say what the derivative is, and read as in a textbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import nn
from autodiff import Tensor, custom, elementwise, log_softmax, logsumexp, softmax
from autodiff._core.op import Elementwise
from autodiff._core.walks import ancestors
from autodiff.drawing._values import short_derivative
from autodiff.drawing.formulas._expressions import Symbol
from autodiff.drawing.formulas._literals import ATOM
from nn._activations import ACTIVATIONS
from tests.autodiff.calls import calls, each_tensor
from tests.autodiff.cases import CASES
from tests.autodiff.drawing.single_derivatives import derivative_text, local_derivative
from tests.autodiff.oracles import richardson

# -- read back as Python ---------------------------------------------------------------------

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
SIGNS = {"·": "*", "−": "-", "^": "**", "≤": "<=", "≥": ">=", "≠": "!="}
MEANINGS: dict[str, Any] = {
    **{name: f for name, f in vars(special).items() if isinstance(f, np.ufunc)},
    **{name: f for name, f in vars(np).items() if isinstance(f, np.ufunc)},
    "zeta": special.zeta,
    "real": np.real,
    "imag": np.imag,
    "clip": np.clip,
    "π": np.pi,
    "Σ": partial(np.sum, axis=-1, keepdims=True),
}


def meaning(text: str, **names: Any) -> Any:
    """What a formula means, by Python's own reading of it."""
    text = text.split(", Φ:")[0]
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**({m[0].translate(SUPERSCRIPTS)})", text)
    text = re.sub("Σ ([gḡ])", r"Σ(\1)", text)
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text).replace("√", "sqrt")
    for sign, meaning in SIGNS.items():
        text = text.replace(sign, meaning)
    with np.errstate(all="ignore"):
        return eval(text, MEANINGS | names)


# -- every op of the table -------------------------------------------------------------------


def results() -> Iterator[Any]:
    """What the functions of the table compute of Tensors, and the activations."""
    for case in CASES:
        yield case.f(*map(Tensor, case.args))
    for same in calls().values():
        for call in same:
            yield call.of_tensors()
    for f in ACTIVATIONS.values():
        yield f(Tensor([0.3, -1.2]))
    yield nn.softmax_cross_entropy(Tensor(np.eye(3)), np.arange(3))
    yield nn.l2_penalty([Tensor([1.0, 2.0])])


def names_of(y: Tensor) -> list[str]:
    """A letter for each operand; numbers and static arguments have none."""
    letters = iter("xyzuvwabcdefhklmnpqrst" * 9)
    return [next(letters) if np.ndim(v) or type(v) is Tensor else "" for v in operands(y)] + ["out"]


def operands(y: Tensor) -> list[Any]:
    return [x if hasattr(x, "dtype") else 0 for x in y.inputs]


@cache
def nodes() -> dict[str, tuple[Tensor, int]]:
    """A node of each op, for each of its operands, with whatever constants among them."""
    found: dict[str, tuple[Tensor, int]] = {}

    def note(y: Any) -> None:
        for node in ancestors([y])[0]:
            assert node.op is not None
            kinds = "".join("x" if type(x) is Tensor else "c" for x in node.inputs)
            for i, x in enumerate(node.inputs):
                if type(x) is Tensor and x.requires_grad:
                    key = f"{node.op.name}({kinds}) by {i}"
                    axes = f", {node.ndim} axes" if node.op.structural else ""
                    found.setdefault(key + axes, (node, i))

    for y in results():
        each_tensor(lambda t: note(t) if t.requires_grad else None, y)
    return found


def elementwise_nodes() -> dict[str, tuple[Tensor, int]]:
    return {k: v for k, v in nodes().items() if isinstance(v[0].op, Elementwise) and v[0].size}


@pytest.mark.parametrize("key", nodes())
def test_every_op_has_a_formula(key: str) -> None:
    y, i = nodes()[key]
    formula = local_derivative(y, i, names_of(y))
    assert formula is not None
    assert formula.symbols
    assert "symbol" not in formula.symbols.lower()


@pytest.mark.parametrize("key", nodes())
def test_what_stands_on_an_edge_is_short(key: str) -> None:
    y, i = nodes()[key]
    longer = [f"layers.{k}.weight" * bool(name) for k, name in enumerate(names_of(y))]
    for names in names_of(y), longer:
        whole = derivative_text(y, i, names)
        short = short_derivative(whole)
        assert 0 < len(short) < 40
        assert short == whole or "…" in short


@pytest.mark.parametrize("key", elementwise_nodes())
def test_a_formula_is_the_derivative(key: str) -> None:
    y, i = elementwise_nodes()[key]
    names = names_of(y)
    text = local_derivative(y, i, names).symbols  # type: ignore[union-attr]
    compared = 0
    # A little off the real axis, along which there are cuts.
    values = [
        v + 0.05j if name and np.iscomplexobj(v) else v
        for name, v in zip(names, y._values, strict=False)
    ]
    for point in zip(*map(np.ravel, np.broadcast_arrays(*values)), strict=True):
        expected = differences(y.op.compute, i, point)  # type: ignore[union-attr]
        if expected is None or compared == 5:
            continue
        out = y.op.compute(*point)  # type: ignore[union-attr]
        actual = meaning(text, **dict(zip(names, (*point, out), strict=True)))
        np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=1e-7, err_msg=text)
        compared += 1
    assert compared


def differences(f: Callable[..., Any], i: int, point: tuple[Any, ...]) -> Any:
    """The derivative by one argument, where differences converge."""

    def along(x: Any) -> Any:
        return f(*point[:i], x, *point[i + 1 :])

    if not np.isfinite(point[i]):
        return None
    with np.errstate(all="ignore"):
        expected = richardson(along, [point[i]], [1.0])
        finer = (along(point[i] + 1e-5) - along(point[i] - 1e-5)) / 2e-5
    return expected if np.isclose(expected, finer, rtol=1e-4, atol=1e-6) else None


# -- ops of other kinds ----------------------------------------------------------------------

SQUARE = np.array([[2.0, 0.3], [0.7, 1.5]])
STACK = np.stack([SQUARE, SQUARE.T, SQUARE + 1])
TALL = np.array([[1.0, 0.2], [0.5, 2.0], [0.3, 0.1]])
LONG, SHORT = np.array([0.4, -1.2, 0.9]), np.array([0.3, 0.8])
IMAGES: list[tuple[str, Callable[..., Any], tuple[np.ndarray, ...]]] = [
    ("matmul", np.matmul, (TALL, SQUARE)),
    ("matmul", np.matmul, (SQUARE, STACK)),
    ("matmul", np.matmul, (STACK, SQUARE)),
    ("matmul", np.matmul, (STACK, STACK)),
    ("solve", np.linalg.solve, (SQUARE, STACK)),
    ("solve", np.linalg.solve, (STACK, SQUARE)),
    ("inv", np.linalg.inv, (STACK,)),
    ("matvec", np.matmul, (TALL, SHORT)),
    ("vecmat", np.matmul, (LONG, TALL)),
    ("vecdot", np.matmul, (LONG, LONG[::-1].copy())),
    ("einsum", lambda a, b: np.einsum("ij,kj->ki", a, b), (TALL, SQUARE)),
    ("convolution", np.convolve, (LONG, SHORT)),
    ("transpose", np.transpose, (TALL,)),
    ("reshape", lambda a: np.reshape(a, (2, 3)), (TALL,)),
    ("concatenate", lambda a, b: np.concatenate([a, b]), (LONG, SHORT)),
    ("stack", lambda a, b: np.stack([a, b], axis=1), (LONG, LONG + 1)),
    ("flip", np.flip, (LONG,)),
    ("norm", np.linalg.norm, (LONG,)),
    ("norm", lambda a: np.linalg.norm(a, 3), (LONG,)),
    ("logsumexp", logsumexp, (LONG,)),
    ("log_softmax", log_softmax, (SQUARE,)),
    ("det", np.linalg.det, (SQUARE,)),
    ("inv", np.linalg.inv, (SQUARE,)),
    ("solve", np.linalg.solve, (SQUARE, TALL.T.copy())),
    ("lstsq", lambda a, b: np.linalg.lstsq(a, b, None)[0], (TALL, TALL * TALL)),
    ("cholesky", np.linalg.cholesky, (SQUARE + SQUARE.T,)),
]
FUNCTIONS: dict[str, Any] = {
    **{f.__name__: f for f in (np.outer, np.einsum, np.correlate, np.reshape, np.flip, np.sum)},
    **{f.__name__: f for f in (np.linalg.inv, np.linalg.pinv, np.linalg.solve)},
    "Φ": lambda a: np.tril(a) - np.diag(np.diag(a)) / 2,
}


@pytest.mark.parametrize("letters", ["ab", "gb", "ag"])
@pytest.mark.parametrize(("name", "f", "arrays"), IMAGES)
def test_an_image_is_the_transpose_of_the_derivative(
    name: str, f: Any, arrays: Any, letters: str
) -> None:
    """⟨formula in g, direction⟩ = ⟨g, derivative along the direction⟩; ḡ beside an operand g."""
    made = ancestors([f(*map(Tensor, arrays))])[0]
    node = next(t for t in made if t.op is not None and t.op.name == name)
    count = len(arrays)
    names = [*letters[:count], *[""] * (len(node.inputs) - count), "out"]
    rng = np.random.default_rng(0)
    g = rng.uniform(-1, 1, node.shape)
    cotangent = "ḡ" if "g" in names else "g"
    known = dict(zip(letters, node._values, strict=False)) | {cotangent: g, "out": node.data}
    for i in range(count):
        direction = rng.uniform(-1, 1, node._values[i].shape)
        if name == "cholesky":  # is of symmetric matrices
            direction = direction + direction.T
        text = local_derivative(node, i, names).symbols  # type: ignore[union-attr]
        moved = differential(node, i, direction)
        image = meaning(text.removeprefix("Σ "), **FUNCTIONS, **known)
        assert text.startswith("Σ ") == (image.ndim > direction.ndim)  # over what was broadcast
        image = np.sum(image, axis=tuple(range(image.ndim - direction.ndim)))
        np.testing.assert_allclose(np.sum(image * direction), np.sum(g * moved), rtol=1e-6)


# -- as NumPy reads them ---------------------------------------------------------------------

Z, MATRICES = np.sin(np.arange(24.0)).reshape(2, 3, 4), STACK[:, None] + np.eye(2)
READ_BY_NUMPY: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    **{
        f"{f.__name__}, {axis}, {keepdims}": (partial(f, axis=axis, keepdims=keepdims), (Z,))
        for f in (np.sum, np.mean, np.max, np.min, np.linalg.norm, logsumexp, np.std, np.prod)
        for axis in (0, 1, 2, -1, (0, 1), (0, 2), (1, 2), None)
        for keepdims in (False, True)
        if axis is not None or f is not np.linalg.norm
    },
    **{
        f"{f.__name__}, {axis}": (partial(f, axis=axis), (Z,))
        for f in (log_softmax, softmax, np.cumsum, np.var, np.ptp, np.nansum)
        for axis in (0, 1, -1)
    },
    "log_softmax over all": (lambda x: log_softmax(x, axis=None), (Z,)),
    "norm of order 3": (lambda x: np.linalg.norm(x, 3, axis=1), (Z,)),
    "vector_norm": (lambda x: np.linalg.vector_norm(x, axis=(0, 2)), (Z,)),
    "logaddexp.reduce": (lambda x: np.logaddexp.reduce(x, axis=1), (Z,)),
    "matvec": (np.matmul, (STACK, SHORT)),
    "matvec of stacks": (lambda a, b: np.linalg.vecdot(a @ b, b), (MATRICES, MATRICES[1])),
    "vecmat": (np.matmul, (SHORT, STACK)),
    "vecdot": (np.linalg.vecdot, (STACK, SHORT)),
    "vecdot of stacks": (np.linalg.vecdot, (STACK, MATRICES)),
    "det": (np.linalg.det, (STACK,)),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], (STACK,)),
    "convolve, same": (lambda a, b: np.convolve(a, b, "same"), (np.arange(5.0), LONG)),
    "convolve, same, the longer behind": (
        lambda a, b: np.convolve(a, b, "same"), (SHORT, np.arange(5.0)),
    ),
    "convolve, valid": (lambda a, b: np.convolve(a, b, "valid"), (np.arange(5.0), LONG)),
    "convolve, of equal length": (lambda a, b: np.convolve(a, b, "valid"), (LONG, LONG)),
    "convolve, one": (lambda a, b: np.convolve(a, b, "same"), (LONG, LONG[:1])),
    "read": (lambda x: x[:, 1, ::2], (Z,)),
    "read by indices": (lambda x: x[[0, 2]], (LONG,)),
    "read by a mask": (lambda x: x[[True, False, True]], (LONG,)),
    "read by the same indices": (lambda x: x[[0, 0, 2]], (LONG,)),
    "read by the same pairs of indices": (lambda x: x[[0, 1, 0], :, [1, 1, 1]], (Z,)),
    "read by the same indices in turn": (lambda x: x[:, [0, -3]], (Z,)),
    "read by pairs of which none is twice": (lambda x: x[[0, 1], [1, 1]], (Z,)),
    "take": (lambda x: np.take(x, [0, 0, 2], axis=1), (Z,)),
    "take of all": (lambda x: np.take(x, [0, 0, 2]), (Z,)),
    "set": (lambda x, y: x.at[1].set(y), (Z, Z[0])),
}  # fmt: skip
MEANINGS_IN_IMAGES: dict[str, Any] = FUNCTIONS | {
    "matvec": lambda a, b: (a @ b[..., None])[..., 0],
    "transpose": np.transpose,
}


def read_by_numpy(text: str, shape: tuple[int, ...], known: dict[str, Any]) -> Any:
    """What a formula of an image means, where words stand in it for what NumPy has no sign for."""

    def value_of(part: str) -> Any:
        return meaning(part, **MEANINGS_IN_IMAGES, **known)

    if read := re.fullmatch(r"(\w) (added )?at (\[.*\]), else 0", text):
        image, key = np.zeros(shape), eval(f"np.s_{read[3]}", {"np": np})
        if read[2]:
            np.add.at(image, key, value_of(read[1]))
        else:
            assert not read_twice(key, shape)
            image[key] = value_of(read[1])
    elif written := re.fullmatch(r"(\w), but 0 at (\[.*\])", text):
        image = value_of(written[1]).copy()
        image[eval(f"np.s_{written[2]}", {"np": np})] = 0
    elif extreme := re.fullmatch(r"(.*) where (.*) = (.*), else 0; ties share", text):
        image = np.where(value_of(extreme[2]) == value_of(extreme[3]), value_of(extreme[1]), 0)
    elif total := re.fullmatch(r"(\w) summed from the end(?: along axis (\d))?", text):
        reverse = partial(np.flip, axis=int(total[2] or 0))
        image = reverse(np.cumsum(reverse(value_of(total[1])), axis=int(total[2] or 0)))
    elif text.startswith("broadcast "):
        image = np.broadcast_to(value_of(text.removeprefix("broadcast ")), shape)
    elif total := re.fullmatch(r"sum of (\w) over the broadcast axes", text):
        image = summed_to(value_of(total[1]), shape)
    else:
        image = value_of(text.removeprefix("Σ "))
        assert text.startswith("Σ ") == (np.shape(image) != shape)
        image = summed_to(image, shape)
    return image


def summed_to(image: Any, shape: tuple[int, ...]) -> Any:
    image = np.sum(image, axis=tuple(range(np.ndim(image) - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n != image.shape[i])
    return np.sum(image, axis=stretched, keepdims=True)


def read_twice(key: Any, shape: tuple[int, ...]) -> bool:
    places = np.arange(np.prod(shape)).reshape(shape)[key]
    return len(np.unique(places)) < np.size(places)


@pytest.mark.parametrize("name", READ_BY_NUMPY)
def test_an_image_is_right_as_numpy_reads_it(name: str) -> None:
    """In particular, the operands' shapes fit, and all that an entry takes is added up."""
    f, arrays = READ_BY_NUMPY[name]
    rng = np.random.default_rng(1)
    made = [t for t in ancestors([f(*map(Tensor, arrays))])[0] if t.op is not None]
    structural = [t for t in made if t.op.structural]  # type: ignore[union-attr]
    assert structural
    for node in structural:
        count = sum(isinstance(v, np.ndarray) for v in node._values)
        names = [*"xy"[:count], *[""] * (len(node.inputs) - count), "out"]
        g = np.asarray(rng.uniform(-1, 1, node.shape))
        if "slogdet" in node.op.name:  # type: ignore[union-attr]
            g[..., 0] = 0
        known = dict(zip("xy", node._values, strict=False)) | {"g": g, "out": node.data}
        for i, x in enumerate(node.inputs):
            if type(x) is not Tensor or not x.requires_grad:
                continue
            text = local_derivative(node, i, names).symbols  # type: ignore[union-attr]
            image = read_by_numpy(text, x.shape, known)
            assert np.shape(image) == x.shape
            direction = rng.uniform(-1, 1, x.shape)
            moved = differential(node, i, direction)
            np.testing.assert_allclose(
                np.sum(image * direction), np.sum(g * moved), rtol=1e-6, atol=1e-9, err_msg=text
            )


def differential(node: Tensor, i: int, direction: np.ndarray) -> Any:
    def along(x: Any) -> Any:
        return node.op.compute(*node._values[:i], x, *node._values[i + 1 :])  # type: ignore

    return richardson(along, [node._values[i]], [direction])


# -- how they read ---------------------------------------------------------------------------

x: Any = Tensor(3.0)
y: Any = Tensor(2.0)
v: Any = Tensor([1.0, 2.0])
W: Any = Tensor([[1.0, 2.0], [3.0, 4.0]])
X: Any = Tensor(np.arange(6.0).reshape(2, 3))

READINGS: list[tuple[Any, list[str]]] = [
    (lambda: x + y, ["1", "1"]),
    (lambda: x - y, ["1", "−1"]),
    (lambda: x * y, ["y = 2", "x = 3"]),
    (lambda: x / y, ["1/y = 0.5", "−out/y = −0.75"]),
    (lambda: -x, ["−1"]),
    (lambda: x**2, ["2·x = 6"]),
    (lambda: x**3, ["3·x² = 27"]),
    (lambda: x ** np.float64(4), ["4·x³ = 108"]),
    (lambda: x**-1.0, ["−x⁻² = −0.11111"]),
    (lambda: x**0.5, ["0.5·x^(−0.5) = 0.28868"]),
    (lambda: x**y, ["y·x^(y − 1) = 6", "x^y·log(x) = 9.8875"]),
    (lambda: 2.0**x, ["2^x·log(2) = 5.5452"]),
    (lambda: np.sqrt(x), ["1/(2·out) = 0.28868"]),
    (lambda: np.exp(x), ["out = 20.086"]),
    (lambda: np.log(x), ["1/x = 0.33333"]),
    (lambda: np.log10(x), ["1/(x·log(10)) = 0.14476"]),
    (lambda: np.sin(x), ["cos(x) = −0.98999"]),
    (lambda: np.cos(x), ["−sin(x) = −0.14112"]),
    (lambda: np.tan(x), ["1 + out² = 1.0203"]),
    (lambda: np.tanh(x), ["1 − out² = 0.009866"]),
    (lambda: np.arctan(x), ["1/(1 + x²) = 0.1"]),
    (lambda: np.abs(x), ["sign(x) = 1"]),
    (lambda: np.maximum(x, y), ["(1 if x == out else 0) = 1", "(1 if y == out else 0) = 0"]),
    (lambda: np.hypot(x, y), ["x/out = 0.83205", "y/out = 0.5547"]),
    (lambda: np.radians(x), ["π/180 = 0.017453"]),
    (lambda: np.where(np.array([True, False]), v, 0), ["(1 if x else 0)"]),
    (lambda: nn.relu(x), ["(1 if out > 0 else 0) = 1"]),
    (lambda: nn.logistic(x), ["out·(1 − out) = 0.045177"]),
    (lambda: nn.softplus(x), ["exp(x − out) = 0.95257"]),
    (lambda: nn.gelu(x), ["ndtr(x) + x·exp(−x²/2)/√(2·π) = 1.0119"]),
    (lambda: nn.silu(x), ["expit(x)·(1 + x − out) = 1.0881"]),
    (lambda: special.ndtr(x), ["exp(−x²/2)/√(2·π) = 0.0044318"]),
    (lambda: special.log_ndtr(x), ["exp(−x²/2)/(√(2·π)·ndtr(x)) = 0.0044378"]),
    (lambda: special.ndtri(x / 4), ["√(2·π)·exp(out²/2) = 3.1469"]),
    (lambda: special.owens_t(x, 2.0), ["−exp(−x²/2)·erf(2·x/√2)/(2·√(2·π)) = −0.0022159"]),
    (lambda: special.gammainc(2.5, x), ["x^1.5·exp(−x)/gamma(2.5) = 0.19461"]),
    (lambda: special.airy(x)[0], ["airy(x)[1] = −0.011913"]),
    (lambda: special.airy(x)[1], ["x·airy(x)[0] = 0.019773"]),
    (lambda: special.erf(x), ["2/√π·exp(−x²) = 0.00013925"]),
    (lambda: W @ X, ["g ↦ g @ X.T", "g ↦ W.T @ g"]),
    (lambda: W @ v, ["g ↦ outer(g, v)", "g ↦ W.T @ g"]),
    (lambda: v @ v, ["g ↦ g·v", "g ↦ g·v"]),
    (lambda: np.sum(X), ["g ↦ broadcast g"]),
    (lambda: np.mean(X), ["g ↦ broadcast g/6"]),
    (lambda: np.max(X), ["g ↦ g where X = out, else 0; ties share"]),
    (lambda: X.T, ["g ↦ g.T"]),
    (lambda: X.reshape(6), ["g ↦ reshape(g, (2, 3))"]),
    (lambda: X[1, :2], ["g ↦ g at [1, :2], else 0"]),
    (lambda: X[..., np.array([2, 0])], ["g ↦ g at [:, [2, 0]], else 0"]),
    (lambda: X[:, None], ["g ↦ reshape(g, (2, 3))"]),
    (lambda: np.concatenate([v, v]), ["g ↦ g[0:2]", "g ↦ g[2:4]"]),
    (lambda: np.stack([x, y]), ["g ↦ g[0]", "g ↦ g[1]"]),
    (lambda: np.linalg.norm(v), ["g ↦ g·v/out"]),
    (lambda: np.linalg.norm(X, axis=1), ["g ↦ g[:, None]·X/out[:, None]"]),
    (lambda: np.sum(X, axis=1), ["g ↦ broadcast g[:, None]"]),
    (lambda: np.sum(X, axis=0), ["g ↦ broadcast g"]),
    (lambda: v[[0, 0, 1]], ["g ↦ g added at [[0, 0, 1]], else 0"]),
    (lambda: np.convolve(v, v, "same"), ["g ↦ correlate(g, v, 'full')[1:3]"] * 2),
    (lambda: log_softmax(X, axis=1), ["g ↦ g − exp(out)·sum(g, axis=1, keepdims=True)"]),
    (lambda: np.linalg.inv(W), ["g ↦ −out.T @ g @ out.T"]),
    (lambda: np.linalg.det(W), ["g ↦ g·out·inv(W).T"]),
    (lambda: np.linalg.solve(W, X), ["g ↦ −solve(W.T, g) @ out.T", "g ↦ solve(W.T, g)"]),
    (
        lambda: np.einsum("ij,jk->ik", W, X),
        ["g ↦ einsum('ik,jk->ij', g, X)", "g ↦ einsum('ik,ij->jk', g, W)"],
    ),
    (lambda: np.convolve(v, v), ["g ↦ correlate(g, v)", "g ↦ correlate(g, v)"]),
    (lambda: np.cumsum(v), ["g ↦ g summed from the end"]),
    (lambda: logsumexp(v), ["g ↦ g·exp(v − out)"]),
    (lambda: log_softmax(v), ["g ↦ g − exp(out)·Σ g"]),
    (lambda: nn.softmax_cross_entropy(X, [0, 2]), ["g ↦ g·(softmax(X) − onehot(labels))/2"]),
]


def named(t: Tensor) -> list[str]:
    own = {id(x): "x", id(y): "y", id(W): "W", id(v): "v", id(X): "X"}
    names = [own.get(id(a), "x" if getattr(a, "ndim", 0) else "") for a in t.inputs]
    return [*names, "out"]


@pytest.mark.parametrize(("f", "expected"), READINGS, ids=[", ".join(r) for _, r in READINGS])
def test_how_it_reads(f: Callable[[], Tensor], expected: list[str]) -> None:
    t = f()
    indices = [i for i, a in enumerate(t.inputs) if type(a) is Tensor and a.requires_grad]
    assert [derivative_text(t, i, named(t)) for i in indices] == expected


class TestLetterOfTheCotangent:
    def test_is_none_of_the_operands_names(self) -> None:
        assert derivative_text(v @ v, 0, ["g", "h", "out"]) == "ḡ ↦ ḡ·h"
        assert derivative_text(v @ v, 1, ["g", "h", "out"]) == "ḡ ↦ ḡ·g"
        assert derivative_text(v @ v, 1, ["g", "ḡ", "out"]) == "ḡ′ ↦ ḡ′·g"
        assert derivative_text(v @ v, 1, ["ḡ", "ḡ′", "g"]) == "ḡ′′ ↦ ḡ′′·ḡ"

    @pytest.mark.parametrize("name", ["g[0]", "g.weight", "g"])
    def test_is_no_operands_of_which_there_is_a_part(self, name: str) -> None:
        assert derivative_text(v @ v, 1, [name, "h", "out"]) == f"ḡ ↦ ḡ·{name}"

    @pytest.mark.parametrize("name", ["gain", "g2", "g′", "params.g", "log g"])
    def test_is_g_beside_other_names(self, name: str) -> None:
        assert derivative_text(v @ v, 1, [name, "h", "out"]) == f"g ↦ g·{name}"

    @pytest.mark.parametrize("key", [k for k in nodes() if nodes()[k][0].op.structural])
    def test_is_the_same_throughout(self, key: str) -> None:
        y, i = nodes()[key]
        names = names_of(y)
        text = derivative_text(y, i, names).replace("ḡ", "g")
        beside = derivative_text(y, i, [*names[:-1], "g"])
        assert beside.startswith("ḡ ↦ ")
        assert re.sub(r"\bg\b", "out", beside).replace("ḡ", "g") == text


class TestNumbers:
    def test_they_are_put_in(self) -> None:
        formula = local_derivative(x / y, 1, ["x", "y", "v3"])
        assert formula is not None
        assert (formula.symbols, formula.numbers) == ("−v3/y", "−1.5/2 = −0.75")
        assert formula.value == -0.75

    def test_a_negative_number_is_bracketed(self) -> None:
        formula = local_derivative(Tensor(-3.0) ** 3, 0, ["x", "", "y"])
        assert formula is not None
        assert formula.numbers == "3·(−3)² = 27"

    def test_a_lone_number_is_said_once(self) -> None:
        formula = local_derivative(x * y, 0, ["x", "y", "v"])
        assert formula is not None
        assert (formula.symbols, formula.numbers, formula.value) == ("y", "2", 2.0)

    def test_a_single_entry_is_a_number(self) -> None:
        formula = local_derivative(Tensor([3.0]) * Tensor([[2.0]]), 0, ["x", "y", "v"])
        assert formula is not None
        assert (formula.numbers, formula.value) == ("2", 2.0)

    def test_a_condition_is_true_or_false(self) -> None:
        formula = local_derivative(np.where(np.array([True]), x, y), 1, ["c", "x", "y", "v"])
        assert formula is not None
        assert (formula.symbols, formula.numbers) == ("(1 if c else 0)", "(1 if True else 0) = 1")

    def test_of_few_entries_they_are_all_put_in(self) -> None:
        formula = local_derivative(np.log(v), 0, ["v", "u"])
        assert formula is not None
        assert formula.numbers == "1/[1, 2] = [1, 0.5]"
        assert formula.value is None

    def test_of_many_entries_none_is(self) -> None:
        many: Any = Tensor(np.ones(1000))
        formula = local_derivative(np.log(many), 0, ["v", "u"])
        assert formula is not None
        assert (formula.symbols, formula.numbers, formula.value) == ("1/v", "", None)

    def test_a_slope_that_is_one_number_is_told_of_many_entries_too(self) -> None:
        assert derivative_text(2.5 * X, 1, ["", "X", "v"]) == "2.5"


class TestExceptions:
    def test_ties_share(self) -> None:
        a: Any = Tensor(2.0)
        b: Any = Tensor(2.0)
        assert derivative_text(np.maximum(a, b), 0, ["a", "b", "v"]) == "0.5"

    def test_the_value_is_the_rules_own(self) -> None:
        zero: Any = Tensor(0.0)
        formula = local_derivative(np.hypot(zero, 0.0), 0, ["x", "", "r"])
        assert formula is not None
        assert formula.value == 0.0

    @pytest.mark.parametrize(
        ("base", "exponent", "slope"),
        [(0.0, 1.0, "1"), (0.0, 2.0, "0"), (-0.0, 2.0, "0")],
    )
    def test_a_power_of_zero_has_the_exponent_of_others(
        self, base: float, exponent: float, slope: str
    ) -> None:
        a, p = Tensor(base), Tensor(exponent)
        assert derivative_text(a**p, 0, ["a", "p", "v"]) == f"p·a^(p − 1) = {slope}"

    @pytest.mark.parametrize(("base", "exponent"), [(0.0, -0.0), (0.0, 0.0), (-0.0, 0.0)])
    def test_a_power_that_is_0_times_infinity_has_no_formula(
        self, base: float, exponent: float
    ) -> None:
        a, p = Tensor(base), Tensor(exponent)
        assert derivative_text(a**p, 0, ["a", "p", "v"]) == "0"

    @pytest.mark.parametrize(
        "y", [Tensor(0.0) ** Tensor(0.0), np.sinc(Tensor(0.0)), Tensor([0.0, 1.0]) ** np.zeros(2)]
    )
    def test_where_a_formula_has_no_value_the_rules_stands_alone(self, y: Any) -> None:
        formula = local_derivative(y, 0, [*"xp"[: len(y.inputs)], "v"])
        assert formula is not None
        assert formula.numbers in ("0", "[0, 0]")

    def test_steps_hold_on_whole_stretches(self) -> None:
        bent = elementwise(
            lambda x: x * x, lambda g, out, x: np.where(np.rint(x) == 0, 2 * x, g), name="bent"
        )
        assert derivative_text(bent(x), 0, ["x", "v"]) == "(2·x if rint(x) == 0 else 1) = 1"

    def test_guards_against_poles_are_left_out(self) -> None:
        a, b = Tensor([1.0, 0.0]), Tensor([2.0, 0.0])
        assert derivative_text(a**b, 0, ["a", "b", "v"]) == "b·a^(b − 1)"


class TestOpsOfOnesOwn:
    def test_the_formula_comes_from_the_rule(self) -> None:
        cube = elementwise(lambda x: x**3, lambda g, out, x: g * (3 * x**2), name="cube")
        assert derivative_text(cube(y), 0, ["y", "v"]) == "3·y² = 12"
        turn = custom(lambda x: 2 * x, vjp=lambda g, out, x: g @ x.T - 2 * g, name="turn")
        assert derivative_text(turn(W), 0, ["W", "v"]) == "g ↦ g @ W.T − 2·g"

    def test_its_name_says_nothing(self) -> None:
        tanh = elementwise(lambda x: x * x, lambda g, out, x: g * (2 * x), name="tanh")
        assert derivative_text(tanh(x), 0, ["x", "v"]) == "2·x = 6"
        logistic = elementwise(nn.logistic, lambda g, out, x: g * x, name="logistic")
        assert derivative_text(logistic(x), 0, ["x", "v"]) == "x = 3"
        det = custom(lambda x: x.sum(), vjp=lambda g, out, x: g * (0 * x + 1), name="det")
        assert derivative_text(det(W), 0, ["W", "v"]) == "g ↦ g"

    @pytest.mark.parametrize(
        "rule",
        [
            lambda g, out, x: np.asarray(g) * float(x),
            lambda g, out, x: g.nothing,
            lambda g, out, x: x if (x > 2) else g,
            lambda g, out, x: None,
        ],
    )
    def test_a_rule_of_which_no_formula_comes(self, rule: Any) -> None:
        odd = custom(lambda x: 2 * x, vjp=rule, name="odd")
        assert local_derivative(odd(W), 0, ["W", "v"]) is None
        assert derivative_text(odd(W), 0, ["W", "v"]) == ""

    def test_a_branch_is_that_of_the_value(self) -> None:
        bent = elementwise(
            lambda x: abs(x), lambda g, out, x: g * x if x > 0 else -g * x**2, name="bent"
        )
        assert derivative_text(bent(x), 0, ["x", "v"]) == "x = 3"
        assert derivative_text(bent(-x), 0, ["x", "v"]) == "−x² = −9"

    def test_drawing_leaves_the_look_at_its_images_to_be_taken(self) -> None:
        bad = custom(lambda x: 2 * x, vjp=lambda g, out, x: 2.0 * np.tile(g, 2), name="bad")
        t = np.sum(bad(v))
        assert derivative_text(t.inputs[0], 0, ["v", "u"]) == "g ↦ 2·tile(g, 2)"
        with pytest.raises(ValueError, match="returned shape"):
            t.backward()

    def test_a_branch_on_many_entries_has_no_formula(self) -> None:
        bent = elementwise(lambda x: abs(x), lambda g, out, x: g * x if x > 0 else -g, name="bent")
        assert local_derivative(bent(Tensor(np.ones(9))), 0, ["x", "v"]) is None


# -- brackets --------------------------------------------------------------------------------

POINT = {"x": 1.7, "y": 0.6, "z": -2.3}
LITERALS = [1, -1, 2, 0.5, -3]
UNARY: list[Any] = [np.negative, np.cos, np.square, np.tanh, lambda a: np.sqrt(a * a + 1)]
BINARY: list[Any] = [
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    lambda a, b: np.where(a > b, a, b),
]


@st.composite
def expressions(draw: Any, depth: int = 4) -> Callable[[dict[str, Any]], Any]:
    if depth == 0 or (draw(st.booleans()) and depth < 3):
        name = draw(st.sampled_from([*POINT]))
        return lambda names: names[name]
    kind = draw(st.integers(0, 4))
    a = draw(expressions(depth - 1))
    if kind == 0:
        f = draw(st.sampled_from(UNARY))
        return lambda names: f(a(names))
    if kind == 1:
        n = draw(st.sampled_from([-2, -1, 1, 2, 3]))
        return lambda names: a(names) ** n
    g = draw(st.sampled_from(BINARY))
    if kind == 2:
        number = draw(st.sampled_from(LITERALS))
        return lambda names: g(a(names), number)
    if kind == 3:
        number = draw(st.sampled_from(LITERALS))
        return lambda names: g(number, a(names))
    b = draw(expressions(depth - 1))
    return lambda names: g(a(names), b(names))


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_brackets_stand_where_they_are_needed(expression: Any) -> None:
    numbers = {name: np.float64(x) for name, x in POINT.items()}
    symbols = {name: Symbol(name, ATOM, partial(numbers.get, name)) for name in numbers}
    with np.errstate(all="ignore"):
        formula, value = expression(symbols), expression(numbers)
        np.testing.assert_allclose(formula.value, value, rtol=1e-9)
    if np.isfinite(value):
        actual = meaning(formula.text, **numbers)
        np.testing.assert_allclose(actual, value, 1e-9, 1e-12, err_msg=formula.text)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x, y: x - (y - x), "x − (y − x)"),
        (lambda x, y: x + (y - x), "x + y − x"),
        (lambda x, y: x / (y * x), "x/(y·x)"),
        (lambda x, y: x * (y / x), "x·y/x"),
        (lambda x, y: x * -y, "−x·y"),
        (lambda x, y: -x * -y, "x·y"),
        (lambda x, y: x - -y, "x + y"),
        (lambda x, y: -(x + y), "−(x + y)"),
        (lambda x, y: (-x) ** 2, "(−x)²"),
        (lambda x, y: -(x**2), "−x²"),
        (lambda x, y: (x**2) ** y, "(x²)^y"),
        (lambda x, y: 1 * x * 1 / 1 + 0, "x"),
        (lambda x, y: 0 + -1 * x - 0, "−x"),
        (lambda x, y: np.negative(-(x**1)), "x"),
        (lambda x, y: 0 * x + y, "y"),
        (lambda x, y: x * x * y * y, "x²·y²"),
        (lambda x, y: x / y * y, "x/y·y"),
        (lambda x, y: (x @ y) @ -x, "−x @ y @ x"),
        (lambda x, y: x @ (y @ x), "x @ (y @ x)"),
        (lambda x, y: (x @ y) * y, "(x @ y)·y"),
        (lambda x, y: np.sqrt(x) * np.sqrt(x + 1), "√x·√(x + 1)"),
        (lambda x, y: (x + y).T[..., 0], "(x + y).T[..., 0]"),
        (lambda x, y: 2.0 * ((x > y) & ~(x <= 0)), "2·(x > y and not x ≤ 0)"),
    ],
)
def test_how_arithmetic_is_written(f: Any, expected: str) -> None:
    x, y = (Symbol(name, ATOM, lambda: np.eye(2)) for name in "xy")
    assert str(f(x, y)) == expected


def test_an_axis_more_changes_nothing_of_a_number() -> None:
    x, y = (Symbol(name, ATOM, lambda: np.float64(2)) for name in "xy")
    assert str((x + y)[..., None]) == "x + y"
    assert str((x + y)[..., None] * x) == "(x + y)·x"
