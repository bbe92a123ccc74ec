"""What a user changes after an op has used it changes no derivative."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from autodiff import (
    Tensor,
    checkpoint,
    custom,
    elementwise,
    grad,
    hessian,
    jvp,
    linear,
    linearize,
    multilinear,
    no_grad,
    vjp,
)
from autodiff._core.constant_arrays import read_only
from autodiff._core.machine import SHARED_BYTES

X = np.array([[0.5, 1.5, -0.7], [2.0, 0.3, 1.1], [0.9, -1.2, 0.4]])


def outer_product(a: Any, b: Any) -> Any:
    return a[..., None] * b[..., None, :]


weighted = elementwise(
    lambda x, w: x * x * w, lambda g, out, x, w: 2 * g * x * w, lambda g, out, x, w: g * x * x
)
mapped = linear(lambda x, A: x @ A.T, lambda g, out, x, A: g @ A)
outer = multilinear(
    outer_product,
    lambda g, out, a, b: np.sum(g * b[..., None, :], axis=-1),
    lambda g, out, a, b: np.sum(g * a[..., None], axis=-2),
    core=(1, 1),
)
scaled = custom(lambda x, w: x * w, vjp=lambda g, out, x, w: g * w)
paired = custom(lambda x, p: x * p[0] * p[1], vjp=lambda g, out, x, p: g * p[0] * p[1])
# A function of a Tensor and an array, and the array.
USES: dict[str, tuple[Callable[[Any, Any], Any], np.ndarray]] = {
    "factor": (lambda x, c: x * c, X + 2),
    "factor in front": (lambda x, c: c * x, X + 2),
    "divisor": (lambda x, c: x / c, X + 3),
    "dividend": (lambda x, c: c / (x + 3), X + 2),
    "exponent": (lambda x, c: (x + 3) ** c, X),
    "base": (lambda x, c: c**x, X + 3),
    "row": (lambda x, c: x * c, np.array([1.0, 2.0, 3.0])),
    "matrix": (lambda x, c: x @ c, X + 1),
    "matrix in front": (lambda x, c: c @ x, X + 1),
    "einsum": (lambda x, c: np.einsum("ij,kj->ik", x, c), X + 1),
    "condition": (lambda x, c: np.where(c, x, 2 * x), X > 0.5),
    "selected": (lambda x, c: np.where(X > 0.5, x * x, c * x), X + 1),
    "bound": (lambda x, c: np.maximum(x, c), X[::-1].copy()),
    "index": (lambda x, c: x[c], np.array([2, 0, 0])),
    "two indices": (lambda x, c: x[c, c], np.array([2, 0, 0])),
    "mask": (lambda x, c: x[c], X > 0.5),
    "taken": (lambda x, c: np.take(x, c, axis=1), np.array([2, 0, 0])),
    "places": (lambda x, c: x.at[c].add(x[0]), np.array([2, 0, 0])),
    "factors in places": (lambda x, c: x.at[0].multiply(c), np.array([3.0, 4.0, 5.0])),
    "equations": (lambda x, c: np.linalg.solve(c, x), X + 4 * np.eye(3)),
    "filter": (lambda x, c: np.convolve(x[0], c), np.array([3.0, 4.0])),
    "abscissas": (lambda x, c: np.interp(x, c, np.array([1.0, 3.0, 2.0])), np.array([-2.0, 0, 3])),
    "ordinates": (lambda x, c: np.interp(x, np.array([-2.0, 0, 3]), c), np.array([1.0, 3.0, 2.0])),
    "weights": (lambda x, c: np.average(x, axis=0, weights=c), np.array([3.0, 4.0, 5.0])),
    "points": (lambda x, c: np.trapezoid(x, c), np.array([1.0, 2.0, 4.0])),
    "coefficients": (lambda x, c: np.polyval(c, x), np.array([3.0, 4.0, 5.0])),
    "repeats": (lambda x, c: np.repeat(x, c, axis=0), np.array([2, 0, 3])),
    "own elementwise op": (weighted, X + 1),
    "own linear op": (mapped, X + 1),
    "own multilinear op": (lambda x, c: outer(x[0], c), np.array([3.0, 4.0, 5.0])),
    "own rule": (scaled, X + 1),
    "tuple for an own op": (lambda x, c: paired(x, (c, 2.0)), X + 1),
    "checkpoint": (checkpoint(lambda x, c: np.sin(x * c)), X + 1),
    "structure under checkpoint": (
        lambda x, c: checkpoint(lambda x, p: np.sin(x * p["c"]))(x, {"c": c}),
        X + 1,
    ),
}
every_use = pytest.mark.parametrize("use", USES)


def spoil(c: np.ndarray) -> None:
    """Change every entry to another that is valid, too."""
    c[...] = ~c if c.dtype == bool else 1 - c if c.dtype.kind == "i" else c + 0.7


@every_use
def test_backward(use: str) -> None:
    f, array = USES[use]
    expected = grad(lambda x: np.sum(f(x, array.copy()) ** 2))(X)
    x, c = Tensor(X), array.copy()
    y = np.sum(f(x, c) ** 2)
    spoil(c)
    y.backward()
    np.testing.assert_array_equal(x.grad, expected)


@every_use
def test_a_function_that_changes_its_own_array(use: str) -> None:
    """As a loop does that counts in it, or a scratch buffer."""
    f, array = USES[use]

    def spoiling(x: Any) -> Any:
        c = array.copy()
        y = f(x, c)
        spoil(c)
        return np.sum(y**2)

    def careful(x: Any) -> Any:
        return np.sum(f(x, array.copy()) ** 2)

    v = np.cos(X)
    np.testing.assert_array_equal(grad(spoiling)(X), grad(careful)(X))
    np.testing.assert_array_equal(jvp(spoiling, X, v)[1], jvp(careful, X, v)[1])
    if use != "own rule":  # whose second derivative is not stated
        np.testing.assert_array_equal(hessian(spoiling)(X), hessian(careful)(X))


@every_use
def test_between_recording_and_another_differentiation(use: str) -> None:
    f, array = USES[use]
    c = array.copy()

    def slope(t: Any) -> Any:
        gradient = grad(lambda x: np.sum(f(x, c) ** 2))(t * X)
        spoil(c)
        return np.sum(gradient)

    def careful(t: Any) -> Any:
        return np.sum(grad(lambda x: np.sum(f(x, array.copy()) ** 2))(t * X))

    np.testing.assert_array_equal(grad(slope)(1.0), grad(careful)(1.0))


class TestArguments:
    """The graph outlives the call: what was differentiated at may change meanwhile."""

    def test_of_vjp(self) -> None:
        x = X.copy()
        _, pull = vjp(lambda x: np.sin(x[::-1]) ** 2, x)
        x += 1
        np.testing.assert_allclose(pull(np.ones((3, 3))), np.sin(2 * X))

    def test_of_linearize(self) -> None:
        p = {"a": X.copy(), "b": [2.0 * X, np.float64(3.0)]}
        _, push = linearize(lambda p: p["a"] ** 2 * p["b"][0] + p["b"][1], p)
        p["a"] += 1
        p["b"][0][:] = 0
        tangent = push({"a": np.ones((3, 3)), "b": [np.zeros((3, 3)), 0.0]})
        np.testing.assert_allclose(tangent, 4 * X * X)

    def test_of_a_gradient_inside_another(self) -> None:
        b = np.array([2.0, 3.0])

        def f(a: Any) -> Any:
            inner = grad(lambda b: np.sum(a * b * b))(b)
            b[:] = 100.0
            return np.sum(inner)

        assert grad(f)(1.0) == 10.0

    @pytest.mark.parametrize("f", [lambda x: x, lambda x: x[::2], lambda x: x.T, np.exp])
    def test_values_belong_to_the_caller(self, f: Callable[[Any], Any]) -> None:
        x = X.copy()
        values = [jvp(f, x, X)[0], vjp(f, x)[0], linearize(f, x)[0]]
        for value in values:
            assert value.flags.writeable
            assert not np.shares_memory(value, x)
        _, push = linearize(f, x)
        value, pull = vjp(f, x)
        expected, pulled = push(X), pull(np.ones_like(value))
        value[...] = 0
        np.testing.assert_array_equal(push(X), expected)
        np.testing.assert_array_equal(pull(np.ones_like(value)), pulled)


def test_a_buffer_may_be_refilled_while_the_last_loss_lives() -> None:
    w, batch = Tensor(np.ones(3)), np.empty((3, 3))
    for i in range(3):
        batch[...] = X + i
        loss = np.sum(batch @ w)
        loss.backward()
    np.testing.assert_allclose(w.grad, 3 * X.sum(axis=0) + 9)


def test_the_values_of_a_parameter_seen_through_a_view() -> None:
    w, x = Tensor(X), Tensor(X)
    y = np.sum(x * w.data)
    w.data = X + 1
    y.backward()
    np.testing.assert_array_equal(x.grad, X)


class TestLargeArguments:
    """They are copied only where the graph outlives the call; and with them all views of them."""

    x = np.linspace(0.1, 1.0, SHARED_BYTES)

    def test_of_vjp_and_linearize(self) -> None:
        x = self.x.copy()
        f = lambda x: np.sin(x[::2]) * x.reshape(2, -1)[0] + x[: len(x) // 2] ** 2  # noqa: E731
        _, pull = vjp(f, x)
        _, push = linearize(f, x)
        expected = vjp(f, self.x)[1](np.ones(len(x) // 2)), linearize(f, self.x)[1](self.x)
        x[:] = 7.0
        np.testing.assert_array_equal(pull(np.ones(len(x) // 2)), expected[0])
        np.testing.assert_array_equal(push(self.x), expected[1])

    def test_of_a_gradient_inside_another(self) -> None:
        buffer = self.x.copy()

        def f(a: Any) -> Any:
            inner = grad(lambda b: np.sum(a * b * b[::-1]))(buffer)
            buffer[:] = 100.0
            return np.sum(inner)

        assert grad(f)(1.0) == pytest.approx(2 * self.x.sum())

    def test_a_gradient_alone_copies_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "autodiff._core.constant_arrays.read_only", lambda x: pytest.fail("copied")
        )
        assert grad(lambda x: np.sum(x * x))(self.x).tolist() == (2 * self.x).tolist()


class TestCopies:
    def test_read_only_arrays_are_kept_as_they_are(self) -> None:
        c = X.copy()
        c.flags.writeable = False
        assert read_only(c) is c
        assert read_only(c.T).base is c

    def test_a_read_only_view_of_a_writeable_array_is_copied(self) -> None:
        c = X.copy()
        view = c.view()
        view.flags.writeable = False
        assert not np.shares_memory(read_only(view), c)

    def test_so_is_a_read_only_window_on_a_writeable_array(self) -> None:
        data = np.arange(6.0)
        windows = sliding_window_view(data, 3)
        again = windows.view()
        _, pull = vjp(lambda k: windows * k + again * k, np.ones(3))
        data[:] = 100
        assert pull(np.ones((4, 3))).tolist() == [12, 20, 28]

    def test_read_only_maps_of_files_are_kept(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", X)
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        assert read_only(mapped) is mapped
        assert read_only(np.load(tmp_path / "x.npy", mmap_mode="r+")).flags.writeable is False

    def test_copies_keep_the_layout(self) -> None:
        assert read_only(X.T.copy("C").T).flags.f_contiguous

    @pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128, np.int64, bool])
    def test_large_arrays_are_copied_once(self, dtype: type) -> None:
        c = np.arange(SHARED_BYTES).astype(dtype)
        first = read_only(c)
        assert read_only(c) is first
        assert read_only(c[:]) is first
        c[-1] = ~c[-1] if dtype is bool else c[-1] + 1
        second = read_only(c)
        assert second is not first
        assert second[-1] != first[-1]

    def test_nan_and_the_sign_of_zero_count(self) -> None:
        c = np.zeros(SHARED_BYTES)
        c[0] = np.nan
        first = read_only(c)
        assert read_only(c) is first
        c[1] = -0.0
        assert read_only(c) is not first

    def test_another_shape_at_the_same_place_is_another_array(self) -> None:
        c = np.arange(2.0 * SHARED_BYTES)
        assert read_only(c.reshape(2, -1)).shape == (2, SHARED_BYTES)
        assert read_only(c.reshape(-1, 2)).shape == (SHARED_BYTES, 2)
        assert read_only(c[::2])[1] == 2.0

    def test_a_broadcast_array_is_not_written_out(self) -> None:
        row = np.arange(float(SHARED_BYTES))
        copy = read_only(np.broadcast_to(row, (1000, SHARED_BYTES)))
        assert copy.strides[0] == 0
        assert copy.shape == (1000, SHARED_BYTES)
        assert not np.shares_memory(copy, row)
        np.testing.assert_array_equal(copy[7], row)

    def test_nothing_is_copied_where_nothing_is_recorded(self) -> None:
        c, x = X.copy(), Tensor(X)
        with no_grad():
            assert (x * c).inputs == ()
        assert (Tensor(X, requires_grad=False) * c).inputs == ()

    def test_what_no_derivative_depends_on_is_not_copied(self) -> None:
        c, x = X.copy(), Tensor(X)
        assert (x + c).inputs[1] is c
        assert np.stack([x, c]).inputs[1] is c


def test_a_function_under_checkpoint_that_computes_something_else_is_an_error() -> None:
    c, x = X.copy(), Tensor(X)

    @checkpoint
    def block(x: Any) -> Any:
        return x * c

    y = np.sum(block(x))
    c += 1
    with pytest.raises(RuntimeError, match="block under checkpoint computes something else"):
        y.backward()


@pytest.mark.parametrize("method", ["sort", "partition", "fill", "put", "resize"])
def test_methods_that_work_in_place_are_refused(method: str) -> None:
    with pytest.raises(TypeError, match=rf"instead of x\.{method}\(\.\.\.\).*write x = "):
        getattr(Tensor(X), method)(1)
