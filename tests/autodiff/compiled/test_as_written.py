"""What a compiled function does is what the function does as it is written, whatever it asks."""

from __future__ import annotations

import argparse
import array
import collections
import contextvars
import numbers
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import compile
from tests.autodiff.compiled.agreement import assert_same

X = np.arange(1.0, 5.0)
A = np.arange(6.0).reshape(2, 3) + 1
F = np.asfortranarray(A)


def require_same(f: Callable[..., Any], *calls: tuple[Any, ...]) -> None:
    """Assert that each call gives, and leaves in its arguments, what the function does."""
    compiled = compile(f, eager_calls=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for args in (*calls, *calls):
            given = [x.copy("K") if isinstance(x, np.ndarray) else x for x in args]
            same = [x.copy("K") if isinstance(x, np.ndarray) else x for x in args]
            if len(args) == 2 and args[0] is args[1]:
                given[1], same[1] = given[0], same[0]
            assert_same(compiled(*given), f(*same))
            for x, y in zip(given, same, strict=True):
                assert_same(x, y)


@pytest.mark.parametrize(
    "f",
    [
        lambda y: y * 2 if isinstance(y, np.ndarray) else y * 3,
        lambda y: y * 2 if isinstance(np.sum(y), numbers.Number) else y * 3,
        lambda y: y * 2 if np.isscalar(y.sum()) else y * 3,
        lambda y: y * 2 if y.flags.c_contiguous else y * 3,
        lambda y: y * y.strides[-1],
        lambda y: y.ravel(order="K") * 2,
        lambda y: np.ravel(y, "A") * 2,
        lambda y: y.flatten("F") * 2,
    ],
)
def test_what_is_asked_of_types_and_memory(f: Callable[..., Any]) -> None:
    require_same(f, (A,), (F,), (A[:, ::-1],))


def test_whether_two_arguments_are_one() -> None:
    require_same(lambda a, b: a + 1 if a is b else a - b, (X, 2 * X), (X, X), (2 * X, X))
    require_same(lambda a, b: a * np.shares_memory(a, b), (X, 2 * X), (X, X))


def ravel_and_write(y: Any) -> Any:
    z = y * 2
    z.ravel()[0] = 50
    return z


def ravel_transposed_and_write(y: Any) -> Any:
    z = y.copy()
    z.T.ravel()[0] += 100
    return z


def clip_into_itself(y: Any) -> Any:
    z = y.copy()
    np.clip(z, 0.0, 2.0, out=z)
    return z


def mean_into(y: Any) -> Any:
    z = np.zeros_like(y[0])
    np.mean(y, axis=0, out=z)
    return z


def stack_into(y: Any) -> Any:
    z = np.zeros_like(y)
    np.stack([y[0], y[1]], out=z)
    return z


def median_overwriting(y: Any) -> Any:
    z = y * 2
    return np.median(z, overwrite_input=True) + z


def asarray_and_write(y: Any) -> Any:
    z = y * 2
    np.asarray(z)[0] = 5
    return z


def partition_in_place(y: Any) -> Any:
    z = y[0].copy()
    z.partition(1)
    return z


def diagonal_after_writing(y: Any) -> Any:
    z = y * 2
    d = np.diagonal(z)
    z[0, 0] = 77
    return d * 1


def broadcast_after_writing(y: Any) -> Any:
    z = y * 2
    d = np.broadcast_to(z, (2, *z.shape))
    z[0, 0] = 77
    return d * 1


def add_whole_and_half(y: Any) -> Any:
    z = y.astype(int)
    try:
        z += 1.5
    except TypeError:
        return z - 1
    return z


def swallow_what_is_refused(y: Any) -> Any:
    z = np.zeros(y.shape)
    try:
        np.add(y, 1, out=z)
    except TypeError:
        return y * 0
    return z


def one_entry_in_place(y: Any) -> Any:
    z = y[0].copy()
    part = z[1, ...]
    part += 1
    return z


WRITING = [
    *(ravel_and_write, ravel_transposed_and_write, clip_into_itself, mean_into, stack_into),
    *(median_overwriting, asarray_and_write, partition_in_place, diagonal_after_writing),
    *(broadcast_after_writing, add_whole_and_half, swallow_what_is_refused, one_entry_in_place),
]


@pytest.mark.parametrize("f", WRITING)
def test_what_is_written_in_place(f: Callable[..., Any]) -> None:
    require_same(f, (A,), (F,), (A[:, ::-1],))


def test_numbers_of_an_array_without_axes_are_written_in_place() -> None:
    def f(t: Any) -> Any:
        a = np.zeros_like(t)
        b = a
        b += 1
        return a + 0.0

    require_same(f, (np.array(2.0),), (np.array(3.0),))


@pytest.mark.parametrize("f", [lambda t: divmod(7.0, t), lambda t: round(t), lambda t: round(t, 1)])
def test_numbers_stay_pythons(f: Callable[..., Any]) -> None:
    require_same(f, (2.25,), (3.5,))


def test_keywords_have_an_order() -> None:
    def f(**named: Any) -> Any:
        return [x * (i + 1) for i, x in enumerate(named.values())]

    compiled = compile(f, eager_calls=0)
    for _ in range(3):
        assert_same(compiled(b=X, a=2 * X), f(b=X, a=2 * X))
        assert_same(compiled(a=X, b=2 * X), f(a=X, b=2 * X))


# -- what changes beside the arguments ---------------------------------------------------------


class WithDefault:
    scale = 2.0

    def loss(self, y: Any) -> Any:
        return y * self.scale


class Derived(WithDefault):
    pass


def _changes() -> dict[str, tuple[Callable[..., Any], Callable[[], Any]]]:
    """Return functions, and what changes something that they use."""
    namespace = argparse.Namespace(rate=2.0)
    mapping = collections.UserDict(rate=2.0)
    variable: contextvars.ContextVar[float] = contextvars.ContextVar("rate", default=2.0)
    packed = array.array("d", [2.0])
    held, derived, shadowed = WithDefault(), Derived(), WithDefault()

    class Numbers(list):
        pass

    listed = Numbers([2.0])
    return {
        "namespace": (lambda y: y * namespace.rate, lambda: setattr(namespace, "rate", 5.0)),
        "mapping": (lambda y: y * mapping["rate"], lambda: mapping.update(rate=5.0)),
        "variable": (lambda y: y * variable.get(), lambda: variable.set(5.0)),
        "packed": (lambda y: y * packed[0], lambda: packed.__setitem__(0, 5.0)),
        "default": (held.loss, lambda: setattr(held, "scale", 5.0)),
        "derived": (derived.loss, lambda: setattr(Derived, "scale", 5.0)),
        "method": (shadowed.loss, lambda: setattr(WithDefault, "scale", 5.0)),
        "listed": (lambda y: y * listed[0], lambda: listed.__setitem__(0, 5.0)),
    }


@pytest.mark.parametrize("name", _changes())
def test_what_has_changed_is_seen(name: str) -> None:
    f, change = _changes()[name]
    compiled = compile(f, eager_calls=0)
    for _ in range(3):
        assert_same(compiled(X), 2 * X)
    try:
        change()
        assert_same(compiled(X), 5 * X)
    finally:
        WithDefault.scale = 2.0
        vars(Derived).get("scale") and delattr(Derived, "scale")


def test_an_iterator_is_not_planned() -> None:
    following = iter([1.0, 1.0, 1.0, 1.0, 5.0])
    compiled = compile(lambda y: y * next(following), eager_calls=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [compiled(X)[0] for _ in range(5)] == [1.0, 1.0, 1.0, 1.0, 5.0]


def test_a_name_that_is_an_attribute_is_no_global(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile(lambda y: y.T * 2, eager_calls=0)
    for n in range(6):
        monkeypatch.setitem(globals(), "T", n)
        compiled(A)
    assert compiled.plans[0].runs == 5


def test_what_a_call_leaves_behind_is_an_array_afterwards() -> None:
    kept: dict[str, Any] = {}

    def f(y: Any) -> Any:
        kept["twice"] = y * 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compile(f, eager_calls=0)(X)
    assert_same(kept["twice"] + 1, 2 * X + 1)
