"""Reading and writing by every key that NumPy takes, of any mixture of parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autodiff import Tensor, grad, hvp, jacobian, jvp, linearize, vjp

SHAPES = [(), (3,), (3, 2), (2, 3, 4), (3, 3, 3), (2, 2, 3, 2)]
BROADCAST = [(), (2,), (2, 1), (1, 2), (3, 2), (0,)]


@st.composite
def keys(draw: st.DrawFn) -> tuple[tuple[int, ...], Any]:
    """Return a shape and a key for it; NumPy may refuse a few."""
    shape = draw(st.sampled_from(SHAPES))
    common = draw(st.sampled_from(BROADCAST))
    parts: list[Any] = []
    axis = 0
    while axis < len(shape) or draw(st.booleans()):
        kinds = ["none", "truth", "ellipsis"]
        kinds += ["integer", "slice", "array", "array", "mask", "end"] * (axis < len(shape))
        kind = draw(st.sampled_from(kinds))
        if kind == "end":
            break
        if kind == "ellipsis" and Ellipsis in [p for p in parts if type(p) is type(Ellipsis)]:
            continue
        spans = draw(st.integers(0, len(shape) - axis)) if kind == "ellipsis" else 1
        if kind == "mask":
            spans = draw(st.integers(1, len(shape) - axis))
        parts.append(part(draw, kind, shape[axis : axis + spans], common))
        axis += 0 if kind in ("none", "truth") else spans
    return shape, parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


def part(draw: st.DrawFn, kind: str, lengths: tuple[int, ...], common: tuple[int, ...]) -> Any:
    if kind in ("none", "ellipsis"):
        return None if kind == "none" else Ellipsis
    if kind == "truth":
        return draw(st.sampled_from([True, False, np.True_, np.array(True), np.array(False)]))
    if kind == "mask":
        mask = draw(st.lists(st.booleans(), min_size=(n := int(np.prod(lengths))), max_size=n))
        return draw(st.sampled_from([np.array, Tensor]))(np.reshape(mask, lengths))
    (length,) = lengths
    if kind == "slice":
        ends = st.none() | st.integers(-length - 1, length + 1)
        return slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2, -1, -2])))
    indices = st.integers(-length, length - 1)
    if kind == "integer":
        return draw(st.sampled_from([int, np.int64, np.array]))(draw(indices))
    shape = draw(st.sampled_from([common, common[-1:], ()]))
    size = int(np.prod(shape))
    array = np.array(draw(st.lists(indices, min_size=size, max_size=size)), int).reshape(shape)
    return array.tolist() if array.size > 1 and draw(st.booleans()) else array


def plain(key: Any) -> Any:
    parts = [k.data if isinstance(k, Tensor) else k for k in (key if type(key) is tuple else [key])]
    return tuple(parts) if type(key) is tuple else parts[0]


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).uniform(0.5, 2.0, shape))


@settings(deadline=None, max_examples=400)
@given(keys())
@example(((2, 3, 4), (slice(None), [0, 1], ..., [0, 1])))
@example(((2, 3, 4), ([0, 1], ..., slice(None), [0, 1])))
@example(((2, 3, 4), (..., [0, 1], None, [0, 1])))
@example(((2, 3, 4), (1, ..., slice(None), [0, 1])))
@example(((3,), (True, [0, 1])))
@example(((3,), (False, slice(None))))
@example(((3, 2), (slice(None), True, [0, 1])))
@example(((), True))
def test_every_key_reads_and_writes_as_numpys(shape_and_key: tuple[tuple[int, ...], Any]) -> None:
    shape, key = shape_and_key
    x, of_numpy = numbers(*shape), plain(key)
    try:
        expected = x[of_numpy]
    except IndexError:
        for attempt in (lambda: Tensor(x)[key], lambda: Tensor(x).at[key].set(1.0)):
            with pytest.raises(IndexError):
                attempt()
        return
    read = Tensor(x)[key]
    assert read.shape == expected.shape
    np.testing.assert_array_equal(read.data, expected)
    w, direction = numbers(*expected.shape, seed=1), numbers(*shape, seed=2)
    gradient = np.zeros(shape)
    np.add.at(gradient, of_numpy, w)
    np.testing.assert_allclose(grad(lambda x: np.sum(w * x[key]))(x), gradient, rtol=1e-14)
    np.testing.assert_array_equal(jvp(lambda x: x[key], x, direction)[1], direction[of_numpy])
    check_writing(x, key, of_numpy, w)


def check_writing(x: np.ndarray, key: Any, of_numpy: Any, w: np.ndarray) -> None:
    changed, places = x.copy(), x.copy()
    changed[of_numpy] = w
    places[of_numpy] = 0
    np.testing.assert_array_equal(Tensor(x).at[key].set(w).data, changed)
    for name, ufunc in (("add", np.add), ("multiply", np.multiply)):
        changed = x.copy()
        ufunc.at(changed, of_numpy, w)
        written = getattr(Tensor(x).at[key], name)(w)
        np.testing.assert_allclose(written.data, changed, rtol=1e-14)
    kept = grad(lambda x: np.sum(x.at[key].set(w)))(x)
    np.testing.assert_array_equal(kept, places != 0)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    "key", [(slice(None), [0, 1], ..., [0, 1]), (True, [1, 0]), (0, None, ..., [2, 2, 1])]
)
def test_derivatives_in_every_walk(key: Any, mode: Any) -> None:
    x = numbers(2, 3, 4)
    places = np.arange(24).reshape(2, 3, 4)[key]
    by_entry = np.eye(24)[places].reshape(*places.shape, 2, 3, 4)
    np.testing.assert_array_equal(jacobian(lambda x: x[key], mode=mode)(x), by_entry)
    np.testing.assert_array_equal(linearize(lambda x: x[key], x)[1](x), x[key])
    curved = hvp(lambda x: np.sum(x[key] ** 3), x, x)
    expected = np.zeros((2, 3, 4))
    np.add.at(expected, key, 6 * x[key] ** 2)
    np.testing.assert_allclose(curved, expected, rtol=1e-14)


class TestWritingOtherTypes:
    """A tangent or cotangent may be real where its neighbour is complex."""

    x, v = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0])

    @staticmethod
    def written(x: Any, v: Any, key: Any = slice(0, 2)) -> Any:
        return (x + 1j).at[key].set(v * 1j)

    @pytest.mark.parametrize("key", [slice(0, 2), [0, 1], (True, slice(1, 3))])
    def test_a_complex_value_beside_a_real_tangent(self, key: Any) -> None:
        f = lambda x, v: self.written(x, v, key)  # noqa: E731
        value, tangent = jvp(f, (self.x, self.v), (np.ones(3), np.ones(2)))
        expected, ones = self.x + 1j, np.ones(3, complex)
        expected[key], ones[key] = self.v * 1j, 1j
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(tangent, ones)

    def test_it_is_pulled_back(self) -> None:
        _, pull = vjp(self.written, self.x, self.v)
        by_x, by_v = pull(np.array([1 + 2j, 3 + 4j, 5 + 6j]))
        assert by_x.tolist() == [0, 0, 5]
        assert by_v.tolist() == [-2, -4]
        for mode in ("forward", "auto"):
            J = jacobian(lambda v: self.written(Tensor(self.x), v), mode=mode)(self.v)
            assert J.tolist() == [[1j, 0], [0, 1j], [0, 0]]

    @pytest.mark.parametrize("name", ["set", "add", "multiply"])
    def test_a_complex_value_into_real_numbers(self, name: str) -> None:
        f = lambda x: getattr(x.at[[0, 2]], name)(np.array([1j, 2 + 1j]))  # noqa: E731
        factor = {"set": [0, 1, 0], "add": [1, 1, 1], "multiply": [1j, 1, 2 + 1j]}[name]
        value, tangent = jvp(f, self.x, np.ones(3))
        assert value.dtype == complex
        np.testing.assert_array_equal(tangent, factor)
        assert vjp(f, self.x)[1](np.ones(3, complex)).tolist() == np.real(factor).tolist()

    def test_types_that_do_not_hold_the_value(self) -> None:
        single = Tensor(self.x.astype(np.float32))
        assert single.at[0].set(np.complex128(1j)).dtype == np.complex128
        assert single.at[0].set(self.v[0]).dtype == np.float32
        assert Tensor([1, 2]).at[0].set(Tensor(1j)).tolist() == [1j, 2]
        assert Tensor([True, False]).at[1].set(3).tolist() == [1, 3]
        assert Tensor([1j, 2]).at[0].set(np.float32(2)).dtype == complex
        value, tangent = jvp(
            lambda v: Tensor(self.x.astype(np.float32)).at[1:].set(v), self.v, np.ones(2)
        )
        assert value.dtype == tangent.dtype == np.float32
        assert tangent.tolist() == [0, 1, 1]
