"""A Tensor stands where an array does: operators, methods, NumPy's functions, and refusals."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor

A = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "%": lambda a, b: a % b,
    "//": lambda a, b: a // b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
METHODS: dict[str, Callable[[Any], Any]] = {
    "negative": lambda a: -a,
    "positive": lambda a: +a,
    "abs": abs,
    "sum": lambda a: a.sum(),
    "sum axis": lambda a: a.sum(axis=0, keepdims=True),
    "mean": lambda a: a.mean(axis=1),
    "max": lambda a: a.max(axis=-1),
    "min": lambda a: a.min(),
    "prod": lambda a: a.prod(axis=0),
    "var": lambda a: a.var(axis=1, ddof=1),
    "std": lambda a: a.std(),
    "cumsum": lambda a: a.cumsum(axis=1),
    "cumprod": lambda a: a.cumprod(),
    "copy": lambda a: a.copy(),
    "take": lambda a: a.take([0, 2], axis=1),
    "repeat": lambda a: a.repeat(2, axis=0),
    "sorted": lambda a: np.sort(a, axis=0),
    "diagonal": lambda a: a.diagonal(1),
    "trace": lambda a: a.trace(),
    "compress": lambda a: a.compress([True, False, True], axis=1),
    "nonzero method": lambda a: a[(a > 0).nonzero()],
    "argmax": lambda a: a.argmax(axis=1),
    "argmin": lambda a: a.argmin(),
    "argsort": lambda a: a.argsort(),
    "any": lambda a: (a > 3).any(),
    "all": lambda a: (a > -9).all(axis=0),
    "round": lambda a: a.round(),
    "clip": lambda a: a.clip(-1, 2),
    "dot": lambda a: a.dot(np.ones(3)),
    "reshape": lambda a: a.reshape(3, 2),
    "reshape tuple": lambda a: a.reshape((3, -1)),
    "ravel": lambda a: a.ravel(),
    "flatten": lambda a: a.flatten(),
    "transpose": lambda a: a.transpose(1, 0),
    "T": lambda a: a.T,
    "mT": lambda a: a.mT,
    "flat": lambda a: a.flat[1:5],
    "conjugate": lambda a: a.conjugate(),
    "choose": lambda a: (a > 0).astype(int).choose([a, 2 * a]),
    "searchsorted": lambda a: a[0, ::2].searchsorted([0.0, 2.0]),
    "argpartition": lambda a: a.argpartition(1, axis=0),
    "divmod": lambda a: divmod(a, 2)[1] + divmod(7.0, a)[0],
    "shifts": lambda a: (
        (1 << a.astype(int) ** 2) + (a.astype(int) << 2) + (8 >> a.astype(int) ** 2)
    ),
    "shift right": lambda a: a.astype(int) >> 1,
    "product with lists": lambda a: [[1.0, 2.0]] @ (a @ [[1.0], [2.0], [3.0]]),
    "swapaxes": lambda a: a.swapaxes(0, 1),
    "squeeze": lambda a: a[:1].squeeze(),
    "astype": lambda a: a.astype(np.float32),
    "astype int": lambda a: a.astype(int),
    "real": lambda a: a.real,
    "imag": lambda a: a.imag,
    "conj": lambda a: a.conj(),
    "masks": lambda a: ~((a > 0) & (a < 2)) | (a == 3),
    "iteration": lambda a: [row.sum() for row in a][1],
    "numpy constants": lambda a: np.sign(a) + np.floor(a) + np.isfinite(a),
    "indices": lambda a: a.ravel()[np.argsort(a.ravel())],
    "nonzero": lambda a: a[np.nonzero(a > 0)],
    "zeros_like": lambda a: np.zeros_like(a) + np.ones_like(a),
}


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize(
    "other", [2, 2.0, np.float64(2), np.float32(2), np.array([1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]],
    ids=["int", "float", "float64", "float32", "array", "list"],
)  # fmt: skip
def test_operators_take_constants_on_either_side(symbol: str, other: Any) -> None:
    operate, x = OPERATORS[symbol], np.abs(A)
    for actual, expected in [
        (operate(Tensor(x), other), operate(x, other)),
        (operate(other, Tensor(x)), operate(np.asarray(other), x)),
        (operate(Tensor(x), Tensor(other, requires_grad=False)), operate(x, np.asarray(other))),
    ]:
        assert isinstance(actual, Tensor)
        np.testing.assert_array_equal(actual.data, expected)
        assert actual.dtype == expected.dtype


@pytest.mark.parametrize("name", METHODS)
def test_methods_and_attributes_are_ndarrays(name: str) -> None:
    actual, expected = METHODS[name](Tensor(A)), METHODS[name](A)
    assert isinstance(actual, Tensor)
    np.testing.assert_allclose(actual.data, expected, rtol=1e-15)
    assert actual.dtype == expected.dtype


def test_masks_and_indices_require_no_gradient() -> None:
    x = Tensor(A)
    for constant in (x > 0, np.argmax(x), np.sign(x), np.floor(x), x.round(), x.astype(int)):
        assert not constant.requires_grad


def test_facts_are_plain() -> None:
    x = Tensor(A)
    assert np.shape(x) == (2, 3)
    assert np.ndim(x) == 2
    assert np.size(x) == 6
    assert np.allclose(x, A) is True


def test_a_python_number_leaves_float32_alone() -> None:
    x = Tensor(np.ones(2, np.float32))
    for y in (x * 2.0, 1 + x, x / 3, x**2, 2.0**x, np.maximum(x, 0.0), np.where(x > 0, x, 0.0)):
        assert y.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t + np.ones(3), r"add of .* shape \(2,\) and \(3,\)"),
        (lambda t: t @ np.ones((3, 2)), r"matmul of shapes \(2,\) and \(3, 2\)"),
        (lambda t: np.ones((3, 3)) @ t, r"matmul of shapes \(3, 3\) and \(2,\)"),
        (lambda t: t @ 2.0, r"matmul of shapes \(2,\) and \(\).*use \*"),
        (lambda t: t.reshape(3), r"reshape of .* shape \(2,\)"),
        (lambda t: t.squeeze(0), r"squeeze\(axis=0\) of shape \(2,\)"),
        (lambda t: np.concatenate([t, np.ones((2, 2))]), "concatenate of"),
        (lambda t: np.stack([t, np.ones(3)]), r"stack of .* \(2,\) and \(3,\)"),
        (lambda t: np.einsum("ij,j->i", t, t), "'ij' labels an operand of shape"),
        (lambda t: np.einsum("i,i->i", t), "labels for 2 operands, but 1"),
        (lambda t: t.sum(axis=1), "axis 1 is out of bounds"),
    ],
)
def test_shapes_that_do_not_fit(call: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(Tensor([1.0, 2.0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t[5], "getitem of .* out of bounds"),
        (lambda t: t[0, 0], r"2 indices for a Tensor of shape \(2,\)"),
        (lambda t: t["name"], "by integers, slices and masks, not by 'name'"),
        (lambda t: t[[0.5]], "by integers, slices and masks"),
    ],
)
def test_keys_that_do_not_fit(call: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(IndexError, match=message):
        call(Tensor([1.0, 2.0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (np.roots, r"numpy\.roots cannot be given a Tensor: .*np\.linalg\.eigvals"),
        (lambda t: np.put(t, [0], 1.0), r"numpy\.put cannot be .*: it writes into an array"),
        (lambda t: np.hypot.reduce(t), r"numpy\.hypot\.reduce .* no derivative here: use np\.sum"),
        (lambda t: np.exp(t, out=np.zeros(2)), r"np\.exp of a Tensor has no out=: use the result"),
        (lambda t: np.exp(t, where=[True, False]), r"no where=: write np\.where\(condition"),
        (lambda t: np.exp(t, dtype=np.float32, casting="no"), "Cannot cast"),
        (lambda t: t.sum(extra=1), r"numpy\.sum of a Tensor: .*'extra'"),
        (lambda t: t + "text", "add of a Tensor and a str: not a number"),
        (lambda t: t * None, "multiply of a Tensor and a NoneType"),
        (lambda t: t + object(), "not a number"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(call: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(Tensor([1.0, 2.0]))


# -- what an ndarray has -----------------------------------------------------------------------

# Of classes that inherit from ndarray, of types with parameters, and of pickling, which a Tensor
# does by __reduce__. Python makes += of +, and __copy__ of __reduce__.
IN_PLACE = {"fill", "itemset", "partition", "put", "resize", "setfield", "sort"}
OF_NO_USE = {
    *("__array_finalize__", "__array_interface__", "__array_priority__", "__array_struct__"),
    *("__array_wrap__", "__class_getitem__", "__buffer__", "__setstate__"),
    "tostring",  # which NumPy 2.3 took away
    *("__copy__", "__deepcopy__"),
    *(f"__i{name}__" for name in ("add", "and", "floordiv", "lshift", "matmul", "mod", "mul")),
    *(f"__i{name}__" for name in ("or", "pow", "rshift", "sub", "truediv", "xor")),
}


@pytest.mark.parametrize("name", sorted({*dir(np.ndarray), "ptp", "itemset", "newbyteorder"}))
def test_what_an_ndarray_has_is_there_or_refused_by_name(name: str) -> None:
    t = Tensor(A)
    if hasattr(t, name):
        assert name not in OF_NO_USE
        if name in IN_PLACE:
            with pytest.raises(TypeError, match=rf"instead of x\.{name}\(.*write x = "):
                getattr(t, name)(0)
        return
    with pytest.raises(AttributeError, match=name) as caught:
        getattr(t, name)
    assert name in OF_NO_USE or "write" in str(caught.value)
    assert not hasattr(Tensor, name)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("strides", "t.data.strides"),
        ("tobytes", "t.data.tobytes"),
        ("view", "t.data.view"),
        ("ptp", "np.ptp(x)"),
        ("detach", "stop_gradient(x), or t.data"),  # from here on PyTorch's and micrograd's
        ("numpy", "t.data"),
        ("relu", "nn.relu(x), or np.maximum(x, 0)"),
        ("tanh", "np.tanh(x)"),
        ("unsqueeze", "np.expand_dims(x, axis)"),
        ("to", "x.astype(dtype)"),
        ("cuda", "x itself"),
        ("grad_fn", "t.op"),
    ],
)
def test_a_refused_attribute_says_what_to_write(name: str, instead: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(instead)):
        getattr(Tensor(A), name)


@pytest.mark.parametrize("name", ["real", "imag", "flat"])
def test_a_part_is_not_assigned_to(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"instead of x\.{name} = v write x = "):
        setattr(Tensor(A), name, 0.0)


def test_entries_are_not_deleted() -> None:
    t = Tensor(A)
    with pytest.raises(TypeError, match=r"write np\.delete"):
        del t[0]


def test_sizes_in_bytes() -> None:
    t = Tensor(A.astype(np.float32))
    assert (t.itemsize, t.nbytes) == (4, 24)
    assert (t.sum().itemsize, t.sum().nbytes) == (4, 4)


def test_rounding_by_python() -> None:
    assert round(Tensor(2.6)).data == 3
    assert round(Tensor(A / 3), 2).data.tolist() == np.round(A / 3, 2).tolist()


def test_membership() -> None:
    assert 4.0 in Tensor(A)
    assert 4.5 not in Tensor(A)
    assert Tensor(0.5) in Tensor(A)


def test_what_an_operator_such_as_plus_equals_makes_is_new() -> None:
    t = before = Tensor([1.0, 2.0])
    t += 1
    t *= [2.0, 3.0]
    t **= 2
    t @= np.eye(2)
    t //= 2
    assert t.data.tolist() == [8, 40]
    assert before.data.tolist() == [1, 2]
    mask = Tensor([True, False])
    mask |= [False, True]
    assert mask.data.all()


def test_copies() -> None:
    leaf = Tensor([1.0, 2.0], name="p")
    for copied in (copy.copy(leaf), copy.deepcopy(leaf)):
        assert copied is not leaf
        assert (copied.name, copied.tolist()) == ("p", [1, 2])
    with pytest.raises(TypeError, match=r"only a leaf can be copied.*use t\.data"):
        copy.deepcopy(leaf * 2)


def test_the_array_interface_of_the_standard() -> None:
    t = Tensor(A)
    assert t.__array_namespace__() is np
    assert t.device == "cpu"
    assert t.to_device("cpu") is t
    with pytest.raises(ValueError, match="is on 'cpu', not 'gpu'"):
        t.to_device("gpu")


def test_results_are_never_written_into_a_tensor() -> None:
    for call in (
        lambda out: np.argmax(A, 0, out),
        lambda out: np.any(A, axis=0, out=out),
        lambda out: np.round(A, 0, out),
        lambda out: np.add(A, 1, out),
        lambda out: np.floor(A, out=out),
        lambda out: np.sum(A, 0, None, out),
        lambda out: Tensor(A).cumsum(0, out=out),
    ):
        out = Tensor(np.zeros((2, 3)))
        with pytest.raises(TypeError, match="has no out=: use the result"):
            call(out)
        assert not out.data.any()


def test_an_array_of_objects_is_refused_by_name() -> None:
    t, objects = Tensor([1.0, 2.0]), np.array([1.0, None])
    for join in (
        lambda: t + objects,
        lambda: objects * t,
        lambda: t @ objects,
        lambda: np.stack([t, objects]),
        lambda: np.interp(t, objects, objects),
        lambda: t.at[:].set(objects),
    ):
        with pytest.raises(TypeError, match=r"dtype object.*astype\(float\)"):
            join()
