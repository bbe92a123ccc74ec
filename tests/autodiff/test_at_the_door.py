"""What is no array, no number and no function is told at once, with what to write instead."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from autodiff import (
    Tensor,
    check_grads,
    checkpoint,
    divergence,
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    implicit,
    jacobian,
    jvp,
    laplacian,
    linear_approximation,
    linearize,
    quadratic_approximation,
    taylor,
    value_and_grad,
    vjp,
)

X = np.array([1.0, 2.0])


class Labelled:
    """As a Series of pandas: NumPy's ufuncs work on it, its functions make plain arrays of it."""

    dtype = np.dtype(float)
    shape, ndim, size = (2,), 1, 2

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array([3.0, 4.0])

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented

    def mask(self) -> None:
        """A method, which hides nothing."""


class Measured(np.ndarray):
    """As a Quantity of astropy: an array with a unit, which has a say in ufuncs."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented


with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    MATRIX = np.matrix(X)
CONTAINERS = {
    "labels": (Labelled(), r"a test_at_the_door\.Labelled would lose .*labels: write x\.to_numpy"),
    "a unit": (X.view(Measured), r"a test_at_the_door\.Measured means more than its numbers"),
    "a mask": (np.ma.array(X, mask=[0, 1]), r"lose its mask: .*a\.compressed\(\)"),
    "another product": (MATRIX, r"np\.asarray\(M\), and @"),
    "objects": (np.array([1.0, None]), r"not .* numbers, but of dtype object"),
    "text": (np.array(["a", "b"]), r"not .* numbers, but of dtype <U1"),
}


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize(
    "use",
    [
        lambda t, c: t * c,
        lambda t, c: np.add(t, c),
        lambda t, c: np.where([True, False], t, c),
        lambda t, c: np.hypot(t, c),
    ],
    ids=["product", "sum", "where", "hypot"],
)
def test_containers_as_operands(kind: str, use: Any) -> None:
    container, message = CONTAINERS[kind]
    with pytest.raises(TypeError, match=message):
        use(Tensor(X), container)


@pytest.mark.parametrize("kind", ["labels", "a unit", "a mask", "another product"])
def test_containers_as_what_is_differentiated(kind: str) -> None:
    container, message = CONTAINERS[kind]
    for attempt in (lambda: grad(np.sum)(container), lambda: Tensor(container)):
        with pytest.raises(TypeError, match=message):
            attempt()


def test_containers_in_functions_that_join() -> None:
    for kind in ("labels", "a unit", "a mask", "another product"):
        container, message = CONTAINERS[kind]
        with pytest.raises(TypeError, match=message):
            np.stack([Tensor(X), container])


def test_what_loses_nothing_becomes_a_plain_array(tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    y = Tensor(X) * mapped
    assert type(y.data) is np.ndarray
    assert type(Tensor(mapped).data) is np.ndarray
    assert grad(lambda x: np.sum(x * mapped))(mapped).tolist() == [1, 2]
    assert (Tensor(X) * [3.0, 4.0]).data.tolist() == [3, 8]


class TestTheFunction:
    @pytest.mark.parametrize(
        "derivative",
        [grad, value_and_grad, jacobian, hessian, lambda f: lambda x: vjp(f, x)],
    )
    def test_that_returns_a_truth_value(self, derivative: Any) -> None:
        for f in (lambda x: x > 0, lambda x: bool(x > 0), lambda x: np.isfinite(x)):
            with pytest.raises(TypeError, match=r"truth values.*np\.where\(condition, a, b\)"):
                derivative(f)(1.0)

    def test_that_returns_an_integer_is_constant(self) -> None:
        assert grad(lambda x: 3)(1.0) == 0.0
        assert jvp(lambda x: np.argmax(x), X, X)[1] == 0

    @pytest.mark.parametrize("given", [3, X, None, np.sin(X)])
    def test_that_is_none_is_told_at_once(self, given: Any) -> None:
        at_once: dict[str, Any] = {
            **{d.__name__: d for d in (grad, value_and_grad, jacobian, hessian, checkpoint)},
            **{d.__name__: d for d in (hessian_diagonal, laplacian, divergence)},
            "jvp": lambda f: jvp(f, X, X),
            "hvp": lambda f: hvp(f, X, X),
            "vjp": lambda f: vjp(f, X),
            "linearize": lambda f: linearize(f, X),
            "taylor": lambda f: taylor(f, 1.0, 2),
            "linear_approximation": lambda f: linear_approximation(f, X),
            "quadratic_approximation": lambda f: quadratic_approximation(f, X),
            "check_grads": lambda f: check_grads(f, X),
            "implicit": lambda f: implicit(f, np.sin),
        }
        for name, derivative in at_once.items():
            with pytest.raises(TypeError, match=f"^{name} takes a function, but got .*give it f"):
                derivative(given)
        with pytest.raises(TypeError, match="implicit takes a function"):
            implicit(np.subtract, given)

    def test_without_a_point(self) -> None:
        for derivative in (vjp, linearize):
            with pytest.raises(TypeError, match=r"the point as well: \w+\(f, x\)"):
                derivative(np.sin)
        with pytest.raises(TypeError, match="check_grads needs a point"):
            check_grads(np.sin)

    @pytest.mark.parametrize("derivative", [grad, value_and_grad, jacobian, hessian])
    def test_with_the_point_beside_it(self, derivative: Any) -> None:
        for point in (1.0, X, np.array(2.0), [0.5]):
            with pytest.raises(TypeError, match=r"argnums is an integer.*as in grad\(f\)\(x\)"):
                derivative(np.sin, point)

    def test_argnums_as_numpy_counts(self) -> None:
        f = lambda x, y: x * y**2  # noqa: E731
        assert grad(f, np.int64(1))(2.0, 3.0) == 12.0
        assert grad(f, (np.int64(0), 1))(2.0, 3.0) == (9.0, 12.0)
        assert grad(f, [0, 1])(2.0, 3.0) == (9.0, 12.0)
        with pytest.raises(TypeError, match="integer"):
            grad(f, 1.0)(2.0, 3.0)
        with pytest.raises(TypeError, match="integer"):
            grad(f, "x")(2.0, 3.0)


class TestTensor:
    def test_a_name_in_the_wrong_place(self) -> None:
        with pytest.raises(TypeError, match=r"requires_grad is True or False, but got 'a'.*name="):
            Tensor(2.0, "a")

    def test_a_name_that_is_no_text(self) -> None:
        with pytest.raises(TypeError, match="a Tensor's name is a str, but got 5"):
            Tensor(2.0, name=5)

    def test_its_shape_and_type_are_not_assigned(self) -> None:
        t = Tensor(X)
        with pytest.raises(AttributeError, match=r"x\.shape = v write x = x\.reshape\(v\)"):
            t.shape = (2, 1)
        with pytest.raises(AttributeError, match=r"x\.dtype = v write x = x\.astype\(v\)"):
            t.dtype = np.float32
        assert t.shape == (2,)
        assert t.dtype == float

    def test_an_item_at_an_index_as_in_numpy(self) -> None:
        t = Tensor([[1.0, 2.0]])
        assert t.item(1) == t.item(0, 1) == t.item((0, 1)) == 2.0
        assert Tensor(3.0).item() == 3.0
        with pytest.raises(ValueError, match="size 1"):
            t.item()

    def test_a_step_of_a_parameter(self) -> None:
        """A step in place would write into an array: the docstring says what to write."""
        p = Tensor(X)
        p.data = p.data - 0.5
        assert p.data.tolist() == [0.5, 1.5]
        with pytest.raises(ValueError, match="read-only"):
            p.data -= 0.5
        assert "p.data = p.data - step" in str(Tensor.data.__doc__)

    def test_functions_of_masked_arrays(self) -> None:
        masked = np.ma.array(X, mask=[0, 1])
        for attempt in (
            lambda: masked * Tensor(X),
            lambda: np.ma.sin(Tensor(X)),
            lambda: np.ma.mean(Tensor(X)),
            lambda: np.ma.array(Tensor(X), mask=[0, 1]),
        ):
            with pytest.raises(TypeError, match=r"numpy\.ma does not .* np\.where\(mask, 0, x\)"):
                attempt()

    def test_functions_of_math(self) -> None:
        with pytest.raises(TypeError, match=r"write np\.sin\(Tensor\(1\.0\)\)"):
            math.sin(Tensor(1.0))

    def test_nothing_inherits_from_it(self) -> None:
        with pytest.raises(TypeError, match=r"Parameter cannot inherit from Tensor.*hold one"):
            type("Parameter", (Tensor,), {})


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_a_structure_that_holds_itself(kind: str) -> None:
    own: Any = [X] if kind == "list" else {"x": X}
    own.append(own) if kind == "list" else own.update(own=own)
    with pytest.raises(ValueError, match=f"a {kind} is nested too deeply, or holds itself"):
        grad(lambda p: 0.0)(own)


@pytest.mark.parametrize("name", ["value", "values", "index"])
def test_names_that_containers_ask_for_are_not_taken(name: str) -> None:
    """Pandas, xarray and astropy read them of what they meet, and would lose the graph."""
    assert not hasattr(Tensor(X), name)
