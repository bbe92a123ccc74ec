"""Every op in a plan: a replay gives what a call gives, for other numbers of one shape too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autodiff import (
    checkpoint,
    custom,
    divergence,
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    implicit,
    jacobian,
    jvp,
    laplacian,
    linearize,
    log_softmax,
    logsumexp,
    quadratic_approximation,
    softmax_cross_entropy,
    taylor,
    value_and_grad,
    vjp,
)
from autodiff import compile as compiled
from autodiff._core.tensor import Tensor
from autodiff.compiled._program import FINITE
from tests.autodiff.cases.case import Case
from tests.autodiff.programs.tail import BY_NAME

Arrays = tuple[np.ndarray, ...]

# -- all ops ---------------------------------------------------------------------------------


def leaves(x: Any) -> list[Any]:
    return [leaf for part in x for leaf in leaves(part)] if isinstance(x, tuple | list) else [x]


def require_equal(actual: Any, expected: Any) -> None:
    pairs = list(zip(leaves(actual), leaves(expected), strict=True))
    for a, b in pairs:
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        scale = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
        assert_allclose(a, b, rtol=1e-9, atol=1e-9 * scale)


def outcome(f: Callable[..., Any], args: Arrays) -> Any:
    """Return what a call gives, or None where it raises or meets infinities."""
    try:
        result = f(*args)
    except (ValueError, TypeError):  # among them LinAlgError
        return None
    return result if all(np.all(np.isfinite(x)) for x in leaves(result)) else None


def scaled(args: Arrays) -> Arrays:
    return tuple(np.asarray(1.01 * x) for x in args)


def reversed_entries(args: Arrays) -> Arrays:
    return tuple(np.asarray(np.flip(x).copy()) for x in args)


def require_replays(f: Callable[..., Any], args: Arrays) -> None:
    args = tuple(map(np.asarray, args))  # 0-d arrays are others than numbers
    with np.errstate(all="ignore"):
        first = outcome(f, args)
        g = compiled(f, eager_calls=0)
        if first is None:  # not finite: the eager walk decides, and no plan is made
            require_equal(g(*args), f(*args))
            assert not g.plans
            return
        require_equal(g(*args), first)
        require_equal(g(*args), first)
        (plan,) = g.plans
        assert plan.runs == 1
        expected = outcome(f, scaled(args))
        if expected is not None:
            require_equal(g(*scaled(args)), expected)
            assert plan.runs == 2
        expected = outcome(f, reversed_entries(args))
        if expected is not None:
            require_equal(g(*reversed_entries(args)), expected)


@pytest.mark.parametrize("name", BY_NAME)
def test_gradients_are_replayed(name: str) -> None:
    f = BY_NAME[name].f

    def total(*args: Any) -> Any:
        return np.sum(np.real(f(*args)))

    args = tuple([x.copy() for x in BY_NAME[name].args])
    require_replays(value_and_grad(total, tuple(range(len(args)))), args)


def _one_of_each(cases: dict[str, Case]) -> list[str]:
    """Return the names of the first cases of each function."""
    first: dict[str, str] = {}
    for name, c in cases.items():
        first.setdefault(c.name.split("-")[0].split(" ")[0], name)
    return list(first.values())


@pytest.mark.parametrize("name", _one_of_each(BY_NAME))
def test_jacobians_and_second_derivatives_are_replayed(name: str) -> None:
    c = BY_NAME[name]
    x, *rest = c.args

    def total(x: Any) -> Any:
        return np.sum(np.real(c.f(x, *rest)))

    def both(x: Any, tangent: Any) -> Any:
        return jacobian(lambda x: np.real(c.f(x, *rest)))(x), hvp(total, x, tangent)

    require_replays(both, (x, np.cos(np.arange(x.size)).reshape(x.shape)))


@pytest.mark.parametrize("name", [name for name in _one_of_each(BY_NAME) if "at-" not in name])
def test_values_are_replayed(name: str) -> None:
    require_replays(BY_NAME[name].f, tuple([x.copy() for x in BY_NAME[name].args]))


# -- masks, orders, ties and indices that change -----------------------------------------------

rng = np.random.default_rng()  # each test seeds it


def normal(*shape: int) -> Callable[[], Any]:
    return lambda: rng.normal(size=shape)


def positive(*shape: int) -> Callable[[], Any]:
    return lambda: rng.uniform(0.1, 0.9, shape)


def integers(high: int, *shape: int) -> Callable[[], Any]:
    return lambda: rng.integers(0, high, shape)


def with_ties(*shape: int) -> Callable[[], Any]:
    return lambda: rng.integers(-1, 2, shape).astype(float)


def order(n: int, length: int) -> Callable[[], Any]:
    return lambda: rng.permutation(n)[:length]


def mask(n: int, count: int) -> Callable[[], Any]:
    return lambda: rng.permutation(n) < count


def squares(x: Any) -> Any:
    return np.sum(np.arange(1.0, x.size + 1).reshape(x.shape) * x**2)


def by_first(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the gradient of a function's weighted squares by its first argument."""
    return lambda x, *rest: grad(lambda x: squares(f(x, *rest)))(x)


def newton(a: Any) -> Any:
    y = 1.0
    while abs(y * y - a) > 1e-14:
        y = y - (y * y - a) / (2 * y)
    return y


@custom(vjp=lambda g, out, x: g * np.where(x > 0, 1, 0.1))
def leaky(x: Any) -> Any:
    out = np.zeros(x.shape)
    for i in range(len(x)):
        out[i] = x[i] if x[i] > 0 else 0.1 * x[i]
    return out


def wave(x: Any) -> Any:
    return np.sum(np.sin(x) * x**2)


constants = Tensor(np.arange(6.0), requires_grad=False)
i5, x5, A = integers(5, 4), normal(5), normal(4, 3)

NEEDS_ONE_PLAN: dict[str, tuple[Callable[..., Any], tuple[Callable[[], Any], ...]]] = {
    "indices": (by_first(lambda x, i: x[i]), (x5, i5)),
    "pairs of indices": (by_first(lambda x, i, j: x[i, j]), (A, integers(4, 5), integers(3, 5))),
    "indices that stand apart": (
        by_first(lambda x, i, j: x[i, :, j]),
        (normal(4, 2, 3), integers(4, 5), integers(3, 5)),
    ),
    "an integer": (by_first(lambda x, i: x[i]), (A, lambda: int(rng.integers(4)))),
    "an array without axes": (by_first(lambda x, i: x[i]), (A, integers(4))),
    "an integer beside indices": (
        by_first(lambda x, i, j: x[i, :, j]),
        (normal(4, 2, 3), integers(4), integers(3, 5)),
    ),
    "entries of a constant": (by_first(lambda x, i: x * constants[i]), (normal(4), i5)),
    "a mask of as many": (by_first(lambda x, m: x[m]), (x5, mask(5, 2))),
    "a condition": (by_first(lambda x: np.where(x > 0, x**2, -x)), (x5,)),
    "set": (by_first(lambda x, i: x.at[i].set(3.0)), (x5, order(5, 3))),
    "set by an integer": (
        by_first(lambda x, i: x.at[i].set(3.0)),
        (x5, lambda: int(rng.integers(5))),
    ),
    "set by a mask": (by_first(lambda x, m: x.at[m].set(3.0)), (x5, mask(5, 2))),
    "set in a constant": (
        by_first(lambda v, i: Tensor(np.ones(5)).at[i].set(v)),
        (normal(3), order(5, 3)),
    ),
    "add at repeated places": (
        by_first(lambda v, i: Tensor(np.ones(5)).at[i].add(v)),
        (normal(3), integers(5, 3)),
    ),
    "multiply at repeated places": (
        by_first(lambda v, x, i: Tensor(x).at[i].multiply(v)),
        (normal(3), x5, lambda: np.array([1, 1, 2]) + rng.integers(2)),
    ),
    "add.at": (lambda x, i: added(np.zeros_like(x), i, x), (x5, integers(5, 5))),
    "add.at by a tuple": (
        lambda x, i, j: added(np.zeros_like(x), (i, j), 2.0),
        (A, integers(4, 5), integers(3, 5)),
    ),
    "sort": (by_first(np.sort), (x5,)),
    "sort with ties": (by_first(lambda x: np.sort(x) * 1.0), (with_ties(6),)),
    "partition": (by_first(lambda x: np.partition(x, 2)), (x5,)),
    "argsort": (by_first(lambda x: x[np.argsort(x)]), (x5,)),
    "argmax": (by_first(lambda x: x[np.argmax(x)]), (x5,)),
    "argmax of rows": (by_first(lambda x: x[np.arange(4), np.argmax(x, axis=1)]), (A,)),
    "unravel_index": (by_first(lambda x: x[np.unravel_index(np.argmax(x), x.shape)]), (A,)),
    "max with ties": (by_first(np.max), (with_ties(6),)),
    "maximum with ties": (by_first(lambda x: np.maximum(x, 0)), (with_ties(6),)),
    "maximum.accumulate": (by_first(lambda x: np.maximum.accumulate(x)), (x5,)),
    "sinc at its middle": (by_first(np.sinc), (with_ties(6),)),
    "norm": (by_first(np.linalg.norm), (with_ties(3),)),
    "take": (by_first(lambda x, i: np.take(x, i, axis=1)), (A, integers(3, 5))),
    "take around": (by_first(lambda x, i: np.take(x, i, mode="wrap")), (x5, integers(40, 5))),
    "take_along_axis": (by_first(lambda x: np.take_along_axis(x, np.argsort(x, 1), 1)), (A,)),
    "repeat": (
        by_first(lambda x, n: np.repeat(x, n)),
        (x5, lambda: rng.permutation([0, 1, 2, 3, 1])),
    ),
    "bincount": (by_first(lambda w, i: np.bincount(i, w, 6)), (x5, integers(5, 5))),
    "histogram": (
        by_first(lambda w, x: np.histogram(x, 4, (-3, 3), weights=w)[0]),
        (x5, x5),
    ),
    "digitize": (by_first(lambda x: x * np.digitize(x, [-1, 0, 1])), (x5,)),
    "searchsorted": (
        by_first(lambda x, y: x * y[np.searchsorted(np.arange(4.0) - 2, x)]),
        (x5, x5),
    ),
    "choose": (by_first(lambda x, i, y: np.choose(i, [x, y, x * x])), (x5, integers(3, 5), x5)),
    "select": (by_first(lambda x: np.select([x < -0.5, x < 0.5], [x**2, x**3], np.sin(x))), (x5,)),
    "interp": (by_first(lambda x, y: np.interp(x, np.arange(-2.0, 3), y)), (x5, x5)),
    "interp by values": (by_first(lambda y, x: np.interp(x, np.arange(-2.0, 3), y)), (x5, x5)),
    "interp with a period": (
        by_first(lambda x, p, y: np.interp(x, p, y, period=1.7)),
        (x5, positive(5), x5),
    ),
    "quantile": (by_first(lambda x, q: np.quantile(x, q)), (x5, lambda: float(rng.uniform()))),
    "quantiles": (by_first(lambda x, q: np.quantile(x, q)), (x5, positive(3))),
    "quantile by weights": (
        by_first(lambda x, w: np.quantile(x, 0.4, weights=w, method="inverted_cdf")),
        (x5, positive(5)),
    ),
    "median": (by_first(lambda x: np.median(x, axis=0)), (A,)),
    "nanmedian": (
        by_first(lambda x, m: np.nanmedian(np.where(m, np.nan, x))),
        (x5, lambda: rng.permutation(5) < rng.integers(1, 4)),
    ),
    "roll": (by_first(np.roll), (x5, lambda: 2)),
    "an exponent": (by_first(lambda x, p: np.abs(x) ** p), (x5, lambda: float(rng.uniform(1, 3)))),
    "labels": (
        lambda x, labels: value_and_grad(lambda x: softmax_cross_entropy(x, labels))(x),
        (normal(6, 3), integers(3, 6)),
    ),
    "log_softmax": (by_first(lambda x: log_softmax(x)), (lambda: rng.normal(size=(6, 3)) * 9,)),
    "logsumexp": (by_first(lambda x: logsumexp(x, 1)), (lambda: rng.normal(size=(6, 3)) * 9,)),
    "an op with a loop": (by_first(leaky), (x5,)),
    "checkpoint": (by_first(lambda x: checkpoint(lambda y: np.sin(y) * y)(x)), (x5,)),
    "implicit": (
        lambda a: grad(implicit(lambda y, a: y * y - a, newton))(a),
        (lambda: float(rng.uniform(1, 3)),),
    ),
    "implicit, twice": (
        lambda a: grad(grad(implicit(lambda y, a: y * y - a, newton)))(a),
        (lambda: float(rng.uniform(1, 3)),),
    ),
    "Taylor coefficients": (
        lambda x: taylor(lambda t: np.sin(t) * t, x, 4).coefficients,
        (lambda: float(rng.uniform(1, 3)),),
    ),
    "a Taylor polynomial": (
        lambda x: taylor(lambda t: np.sin(t) * t, x, 4)(x + 0.1),
        (lambda: float(rng.uniform(1, 3)),),
    ),
    "laplacian": (laplacian(wave), (x5,)),
    "divergence": (divergence(lambda x: x**3), (x5,)),
    "hessian": (hessian(wave), (x5,)),
    "hessian_diagonal": (hessian_diagonal(wave), (x5,)),
    "jvp": (lambda x, t: jvp(np.sin, (x,), (t,)), (x5, x5)),
    "vjp": (lambda x, t: vjp(np.sin, x)[1](t), (x5, x5)),
    "linearize": (lambda x, t: linearize(np.sin, x)[1](t), (x5, x5)),
    "quadratic_approximation": (lambda x, y: quadratic_approximation(wave, x)(y), (x5, x5)),
    "a gradient of a gradient": (by_first(lambda x: grad(wave)(x)), (x5,)),
}


def added(out: Any, key: Any, v: Any) -> Any:
    np.add.at(out, key, v)
    return out


@pytest.mark.parametrize("name", NEEDS_ONE_PLAN)
def test_one_plan_is_right_for_other(name: str) -> None:
    rng.bit_generator.state = np.random.default_rng(5).bit_generator.state
    f, draws = NEEDS_ONE_PLAN[name]
    g = compiled(f, eager_calls=0)
    for _ in range(6):
        args = [draw() for draw in draws]
        require_equal(g(*args), f(*args))
    (plan,) = g.plans
    assert plan.runs == 5


def test_what_is_read_of_labels_is_whether_all_are_classes() -> None:
    f = compiled(softmax_cross_entropy, eager_calls=0)
    logits = np.arange(12.0).reshape(4, 3) % 5
    f(logits, np.array([0, 1, 2, 1]))
    f(logits, np.array([2, 2, 2, 2]))
    with pytest.raises(ValueError, match="labels run from -1 to 2"):
        f(logits, np.array([0, -1, 2, 1]))
    assert f.plans[0].runs == 1
    read = [guard.expected for guard in f.plans[0].program.guards if guard.expected is not FINITE]
    assert all(type(np.asarray(x).item()) is bool for x in read)


# -- writing through views ---------------------------------------------------------------------


def to_a_row(x: Any, i: Any) -> Any:
    y = x.copy()
    row = y[i]
    row += 1
    y[i] *= 2
    y[i, 1] = 7
    return y


def after_a_view(x: Any, i: Any) -> Any:
    y = x.copy()
    row = y[i]
    y[0] = 0.0
    return row * 2


def to_pieces(x: Any, i: Any) -> Any:
    y = x.copy()
    a, b = np.split(y, 2)
    a += 1
    b[...] = a * x[i]
    return y


def both_ways(x: Any, i: Any) -> Any:
    y = x.copy()
    turned = np.flip(y, 0)
    turned[0] = 5
    y[1] = x[i]
    return y + turned


def flat(x: Any, i: Any) -> Any:
    y = np.zeros_like(x)
    y.ravel()[2] = 4
    y.T[0, 1] = 9
    y.reshape(-1)[:2] += x[i, 0]
    return y


def to_a_number(x: Any, i: Any) -> Any:
    y = x[i, 0] * np.ones_like(x[0, 0])
    y = np.copy(y)
    return Tensor(y, requires_grad=False).at[()].set(2.0) + x[0, 0]


@pytest.mark.parametrize("f", [to_a_row, after_a_view, to_pieces, both_ways, flat, to_a_number])
def test_what_is_written_shows_in_views(f: Callable[..., Any]) -> None:
    g = compiled(f, eager_calls=0)
    x = np.arange(16.0).reshape(4, 4)
    for i in (1, 0, 3, 2):
        before = x.copy()
        require_equal(g(x, i), np.asarray(f(x, i)))
        assert np.array_equal(x, before)
        x = x + 1
    (plan,) = g.plans
    assert plan.runs == 3


def test_a_view_that_no_plan_follows_may_not_be_written_to() -> None:
    def f(x: Any) -> Any:
        z = x + 0j
        z.real[...] = 3
        return z

    g = compiled(f, eager_calls=0)
    with pytest.warns(UserWarning, match="stays eager"):
        require_equal(g(np.ones(2)), np.full(2, 3 + 0j))


# -- where the shape or the type depends on values, another is another way ----------------------

SEVERAL_WAYS: dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]] = {
    "a mask of fewer": (
        by_first(lambda x, m: x[m]),
        [(np.arange(4.0), np.arange(4) < n) for n in (2, 3, 2, 1)],
    ),
    "a slice": (by_first(lambda x, i: x[i:]), [(np.arange(4.0), n) for n in (2, 3, 2, 1)]),
    "unique": (by_first(np.unique), [(np.array([1.0, 2, n]),) for n in (1, 2, 3, 4)]),
    "eigenvalues": (
        np.linalg.eigvals,
        [(np.array([[0.0, 1], [n, 0]]),) for n in (1, 2, -1, -2, 3)],
    ),
    "roots": (np.roots, [(np.array([1.0, 0, n]),) for n in (-1, -2, 1, 2, -3)]),
    "emath.sqrt": (np.emath.sqrt, [(np.array([1.0, n]),) for n in (1, 2, -1, -2, 3)]),
    "real_if_close": (
        lambda x, y: np.real_if_close(x + 1j * y),
        [(np.ones(2), np.full(2, n)) for n in (0.0, 1.0, 0.0, 2.0)],
    ),
    "piecewise": (
        by_first(lambda x: np.piecewise(x, [x < 0], [np.sin, np.cos])),
        [(np.array([-1.0, 2, n]),) for n in (1.0, -2, 3, -4)],
    ),
    "pivots": (
        by_first(lambda x: np.linalg.det(x)),
        [(np.array([[1.0, 2], [2, n]]),) for n in (1.0, 4, 3, 4)],
    ),
}


@pytest.mark.parametrize("name", SEVERAL_WAYS)
def test_another_shape_or_type_is_another_way(name: str) -> None:
    f, calls = SEVERAL_WAYS[name]
    g = compiled(f, eager_calls=0)
    for args in [*calls, *calls, *calls]:
        require_equal(g(*args), f(*args))
    assert g.plans
