"""Weighted products of a matrix with itself in plans, which Hessians of regressions are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from recorded import calls, evaluate, program_of

from autodiff import compile, hessian, logsumexp
from autodiff.compiled._functions import weighted_gram
from autodiff.compiled.passes import PASSES, _gram, improve

rng = np.random.default_rng(0)
N, D = 30, 4
X = rng.normal(size=(N, D))
SIGNS = rng.choice([-1.0, 1.0], N)
B = rng.normal(size=D)
TOO_LARGE = 1 << 40


def logistic(b: Any, x: Any, signs: Any) -> Any:
    return np.sum(np.log(1 + np.exp(-signs * (x @ b))))


def softplus(b: Any, x: Any, signs: Any) -> Any:
    z = x @ b
    return np.sum(np.logaddexp(0, z) - (signs + 1) / 2 * z)


def poisson(b: Any, x: Any, signs: Any) -> Any:
    return np.sum(np.exp(x @ b) - (signs + 1) * (x @ b))


def likelihood(b: Any, x: Any, signs: Any) -> Any:
    return -logistic(b, x, signs)


def cauchy(b: Any, x: Any, signs: Any) -> Any:
    return np.sum(np.log1p((x @ b - signs) ** 2))


def squares(b: Any, x: Any, signs: Any) -> Any:
    return np.mean((x @ b - signs) ** 2)


def ridge(b: Any, x: Any, signs: Any) -> Any:
    return logistic(b, x, signs) + 0.5 * np.sum(b**2)


REGRESSIONS = [logistic, softplus, poisson, likelihood, cauchy, squares, ridge]


def weights_by_hand(f: Any, b: Any, x: Any, signs: Any) -> Any:
    """Return the second derivatives by x @ b."""
    z = x @ b
    p = 1 / (1 + np.exp(-z))
    r = z - signs
    return {
        likelihood: -p * (1 - p),
        poisson: np.exp(z),
        cauchy: 2 * (1 - r**2) / (1 + r**2) ** 2,
        squares: np.full(len(z), 2 / len(z)),
    }.get(f, p * (1 - p))


def by_hand(f: Any, b: Any, x: Any, signs: Any) -> Any:
    H = x.T @ (x * weights_by_hand(f, b, x, signs)[:, None])
    return H + np.eye(len(b)) * (f is ridge)


def improved(f: Callable[..., Any], *arrays: Any) -> list[str]:
    """Return the calls of a program, having compared its values."""
    program = program_of(f, *arrays)
    expected = evaluate(program, *arrays)
    improve(program)
    for a, b in zip(evaluate(program, *arrays), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    return calls(program)


def shapes(f: Callable[..., Any], *arrays: Any) -> set[Any]:
    """Return the shapes of what the improved program computes, of views too."""
    program = program_of(f, *arrays)
    improve(program)
    return {node.shape for node in program.nodes}


# -- the function ------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("block", [1, 7 * D, N * D, 1 << 20])
def test_weights_may_have_any_signs(
    share: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autodiff.compiled._functions.RANK_UPDATE_BLOCK", block)
    weights = rng.random(N) * np.where(np.arange(N) < share * N, -1, 1)
    G = weighted_gram(X, weights)
    np.testing.assert_allclose(G, X.T @ np.diag(weights) @ X, rtol=1e-13, atol=1e-13)
    assert (G == G.T).all()


def test_the_opposite_weights_give_the_opposite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodiff.compiled._functions.RANK_UPDATE_BLOCK", 7 * D)
    weights = np.linspace(0.1, 2.0, N)
    assert (weighted_gram(X, -weights) == -weighted_gram(X, weights)).all()


def test_numbers_are_exact_where_roots_are() -> None:
    x = rng.integers(-9, 9, (50, 3)).astype(float)
    weights = rng.choice([-4.0, -1.0, 0.0, -0.0, 9.0], 50)
    assert (weighted_gram(x, weights) == x.T @ np.diag(weights) @ x).all()


def test_types_memory_and_empty_arrays() -> None:
    single = X.astype(np.float32)
    assert weighted_gram(single, np.ones(N, np.float32)).dtype == np.float32
    assert weighted_gram(np.zeros((0, 3)), np.zeros(0)).tolist() == np.zeros((3, 3)).tolist()
    assert weighted_gram(np.zeros((3, 0)), np.ones(3)).shape == (0, 0)
    for x in (np.asfortranarray(X), X[::-1], np.repeat(X, 2, axis=1)[:, ::2]):
        weights = np.linspace(0, 1, N)
        np.testing.assert_allclose(weighted_gram(x, weights), x.T @ (x * weights[:, None]), 1e-12)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_shows(special: float) -> None:
    for sign in (1.0, -1.0, 0.0):
        x = X.copy()
        x[3, 1] = special
        with np.errstate(invalid="ignore"):
            assert not np.isfinite(weighted_gram(x, np.full(N, sign))[1, 1])
    weights = np.ones(N)
    weights[7] = special
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(weighted_gram(X, weights)).any()


# -- the pass ----------------------------------------------------------------------------------


@pytest.mark.parametrize("f", REGRESSIONS)
@pytest.mark.parametrize("least", [0, TOO_LARGE])
def test_hessians_of_regressions(f: Any, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", least)
    compiled = compile(hessian(f), eager_calls=0)
    for b in (B, B, -B, 0 * B, 3 * B):
        H = compiled(b, X, SIGNS)
        np.testing.assert_allclose(H, by_hand(f, b, X, SIGNS), rtol=1e-11, atol=1e-11)
        assert (H == H.T).all()
    assert [plan.runs for plan in compiled.plans] == [4]
    found = improved(hessian(f), B, X, SIGNS)
    assert ("weighted_gram" in found) == (least == 0 and f is not squares)
    # The vectors of the model, and at most one matrix as large as the data besides their transpose.
    assert found.count("matmul") + found.count("weighted_gram") <= 2
    arrays = [node.shape for node in _computed(hessian(f), B, X, SIGNS)]
    assert arrays.count((D, N)) <= (least > 0)


def _computed(f: Any, *arrays: Any) -> list[Any]:
    program = program_of(f, *arrays)
    improve(program)
    return [n for n in program.nodes if n.function.__name__ not in ("transpose", "reshape")]


@pytest.mark.parametrize("f", REGRESSIONS)
def test_of_captured_data(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", 0)
    x, signs = X.copy(), SIGNS.copy()
    of_b = hessian(lambda b: f(b, x, signs))
    compiled = compile(of_b, eager_calls=0)
    for b in (B, -B):
        np.testing.assert_allclose(compiled(b), by_hand(f, b, x, signs), rtol=1e-11, atol=1e-11)
    x *= 2  # is seen, as every captured array that changes
    np.testing.assert_allclose(compiled(B), by_hand(f, B, x, signs), rtol=1e-11, atol=1e-11)
    if f is not squares:
        assert "weighted_gram" in improved(of_b, B)


class Shifted:
    """A matrix that adds the last of its factors to the product with the others."""

    def __init__(self, x: Any, sign: int) -> None:
        self.x, self.sign = x, sign

    def __matmul__(self, p: Any) -> Any:
        if self.sign > 0:
            return self.x @ p[:-1] + p[-1]
        return self.x @ p[:-1] - -p[-1] if self.sign else -(-p[-1] - self.x @ p[:-1])


@pytest.mark.parametrize("f", [logistic, likelihood, softplus, poisson, squares, cauchy])
@pytest.mark.parametrize("least", [0, TOO_LARGE])
@pytest.mark.parametrize("sign", [1, 0, -1])
def test_with_an_intercept(f: Any, least: int, sign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", least)
    ones = np.column_stack([X, np.ones(N)])

    def of_all(p: Any, x: Any, signs: Any) -> Any:
        return f(p, Shifted(x, sign), signs)

    compiled = compile(hessian(of_all), eager_calls=0)
    for p in (np.append(B, 0.3), np.append(B, 0.3), np.append(-B, -0.5)):
        H = compiled(p, X, SIGNS)
        np.testing.assert_allclose(H, by_hand(f, p, ones, SIGNS), rtol=1e-10, atol=1e-10)
        assert (H == H.T).all()
    assert [plan.runs for plan in compiled.plans] == [2]
    found = [node.shape for node in _computed(hessian(of_all), np.append(B, 0.3), X, SIGNS)]
    assert (D + 1, N) not in found
    assert found.count((D, N)) <= (least > 0)


def _separate(w: Any, b: Any, x: Any, signs: Any) -> Any:
    return np.sum(np.log(1 + np.exp(-signs * (x @ w + b))))


@pytest.mark.parametrize("least", [0, TOO_LARGE])
def test_with_the_intercept_as_an_argument(least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", least)

    def f(p: Any, x: Any, signs: Any) -> Any:
        return _separate(p["w"], p["b"], x, signs)

    ones = np.column_stack([X, np.ones(N)])
    compiled = compile(hessian(f), eager_calls=0)
    for b in (0.3, 0.3, -0.5):
        H = compiled({"w": B, "b": np.float64(b)}, X, SIGNS)
        expected = by_hand(logistic, np.append(B, b), ones, SIGNS)
        np.testing.assert_allclose(H["w"]["w"], expected[:-1, :-1], rtol=1e-10)
        np.testing.assert_allclose(H["w"]["b"], expected[:-1, -1], rtol=1e-10)
        np.testing.assert_allclose(H["b"]["w"], expected[-1, :-1], rtol=1e-10)
        np.testing.assert_allclose(H["b"]["b"], expected[-1, -1], rtol=1e-10)
    assert [plan.runs for plan in compiled.plans] == [2]
    found = _computed(
        lambda *args: list(hessian(_separate, (0, 1))(*args)[0]), B, np.float64(0.3), X, SIGNS
    )
    assert not [node for node in found if node.shape == (D + 1, N)]


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_data_that_are_not_finite_with_an_intercept(special: float) -> None:
    def of_all(p: Any, x: Any, signs: Any) -> Any:
        return logistic(p, Shifted(x, 1), signs)

    compiled = compile(hessian(of_all), eager_calls=0)
    p = np.append(abs(B), 0.3)
    for _ in range(2):
        compiled(p, X, SIGNS)
    for i in range(D):
        x = X.copy()
        x[2, i] = special
        with np.errstate(all="ignore"):
            expected = hessian(of_all)(p, x, SIGNS)
            np.testing.assert_array_equal(compiled(p, x, SIGNS), expected)


def test_columns_in_chunks_share_one_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", 0)
    of_b = hessian(logistic, chunk=2)
    found = improved(of_b, B, X, SIGNS)
    assert found.count("weighted_gram") == 1
    compiled = compile(of_b, eager_calls=0)
    for b in (B, -B):
        H = compiled(b, X, SIGNS)
        np.testing.assert_allclose(H, by_hand(logistic, b, X, SIGNS), rtol=1e-11)


@pytest.mark.parametrize("f", REGRESSIONS)
def test_in_single_precision(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = [a.astype(np.float32) for a in (B, X, SIGNS)]
    for least in (0, TOO_LARGE):
        monkeypatch.setattr(_gram, "RANK_UPDATE", least)
        compiled = compile(hessian(f), eager_calls=0)
        for _ in range(3):
            H = compiled(*arrays)
            assert H.dtype == np.float32
            np.testing.assert_allclose(H, by_hand(f, B, X, SIGNS), rtol=1e-3, atol=1e-4)
    monkeypatch.setattr(_gram, "RANK_UPDATE", 0)
    program = program_of(hessian(f), *arrays)
    improve(program)
    assert ("weighted_gram" in calls(program)) == (f is not squares)


def test_numbers_keep_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", 0)
    eye = np.eye(D, dtype=np.float32)

    def f(x: Any, w: Any) -> Any:
        product = (-(3.0 * (eye @ x.T)) * w) @ x
        assert np.isfinite(np.sum(product))
        return product

    program = program_of(f, X.astype(np.float32), np.ones(N, np.float32))
    for name in ("finiteness", "unused", "gram"):
        PASSES[name](program)
    assert "weighted_gram" in calls(program)
    assert {node.dtype for node in program.nodes} == {np.dtype(np.float32)}


def test_weights_of_mixed_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", 0)
    compiled = compile(hessian(logistic), eager_calls=0)
    arrays = (B.astype(np.float32), X.astype(np.float32), SIGNS.astype(np.int32))
    for _ in range(3):
        H = compiled(*arrays)
        assert H.dtype == hessian(logistic)(*arrays).dtype
        np.testing.assert_allclose(H, hessian(logistic)(*arrays), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("least", [0, TOO_LARGE])
def test_data_that_are_not_finite_are_left_to_the_call_as_it_is_written(
    special: float, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", least)
    for f in REGRESSIONS:
        compiled = compile(hessian(f), eager_calls=0)
        compiled(B, X, SIGNS)
        x = X.copy()
        x[2, 1] = special
        b = B.copy()
        b[1] = abs(b[1])  # so that exp(-z) is 0 where z is infinite, and the weight 0
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(compiled(b, x, SIGNS), hessian(f)(b, x, SIGNS))


def test_a_part_of_a_product_is_not_taken_for_all_of_it() -> None:
    def part(b: Any, x: Any, signs: Any) -> Any:
        return hessian(logistic)(b, x, signs)[:2, :2]

    x = X.copy()
    x[0, 3] = np.inf
    compiled = compile(part, eager_calls=0)
    with np.errstate(all="ignore"):
        for data in (X, X, x):
            np.testing.assert_array_equal(
                np.isfinite(compiled(B, data, SIGNS)), np.isfinite(part(B, data, SIGNS))
            )


def test_other_products_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", 0)
    Y = rng.normal(size=(N, D))
    w = rng.random(N)
    eye = np.eye(D)

    def checked(f: Callable[..., Any]) -> Callable[..., Any]:
        def g(*arrays: Any) -> Any:
            out = f(*arrays)
            assert np.all(np.isfinite(out))
            return out

        return g

    several = rng.normal(size=(5, D, D))
    others: list[Callable[..., Any]] = [
        lambda x, y, w: ((eye @ x.T) * w) @ y,
        lambda x, y, w: ((eye @ x.T) * w * w[::-1]) @ y,
        lambda x, y, w: ((eye @ x.T) + w) @ x,
        lambda x, y, w: ((eye @ x.T) * y.T) @ x,
        lambda x, y, w: (w / (eye @ x.T)) @ x,
        lambda x, y, w: ((eye @ x.T) * w - (eye @ y.T) * w) @ x,
        lambda x, y, w: ((eye @ x.T) * w[:D, None]) @ x,
        lambda x, y, w: (((eye @ x.T) * w) @ x)[:2, :2],
        lambda x, y, w: ((Y.T * w) @ X) * x[0, 0],
        lambda x, y, w: (lambda z: ((np.eye(2 * D)[:2] @ z.T) * w) @ z)(np.hstack([x, y])),
        lambda x, y, w: (sum((E @ x.T) * w for E in several)) @ x,
        lambda x, y, w: ((x[:D] @ x.T) * w) @ x,
        lambda x, y, w: np.sum((eye @ x.T) * w, axis=0),
        lambda x, y, w: ((eye @ x.T) * w + x[:D, :1]) @ x,
        lambda x, y, w: ((eye @ x[:1].T) * w) @ x,
        lambda x, y, w: ((eye @ x[:1].T) + w) @ x,
        lambda x, y, w: np.sum((eye @ x[:1].T) * w, axis=1),
        lambda x, y, w: ((Y[:1, :2] @ x[:, :2].T) * w + Y[:D, :1]) @ x[:, :2],
    ]
    for f in others:
        found = improved(checked(f), X, Y, w)
        program = program_of(checked(f), X, Y, w)
        for name in ("finiteness", "unused"):
            PASSES[name](program)
        before = calls(program)
        PASSES["gram"](program)
        assert calls(program) == before
        improve(program, without=["gram"])
        assert found == calls(program)
    products: list[Callable[..., Any]] = [
        lambda x, y, w: ((eye @ x.T) * w) @ x,
        lambda x, y, w: ((2 * eye @ x.T) * w) @ x,
        lambda x, y, w: ((eye[::-1] @ x.T) * w) @ x,
        lambda x, y, w: ((Y[:D] @ x.T) * w) @ x,
        lambda x, y, w: (((Y[:D] @ x.T) + Y[:D, :1]) * w - (eye @ x.T) / w) @ x,
        lambda x, y, w: ((eye @ x.T) * w - (eye[::-1] @ x.T) * w * 2) @ x,
        lambda x, y, w: (eye @ x.T * w[None]) @ x,
        lambda x, y, w: (eye @ x.T * np.broadcast_to(w, (D, N))) @ x,
        lambda x, y, w: (sum((E @ x.T) * w for E in several[:4])) @ x,
        lambda x, y, w: ((eye[1:] @ x.T) * w) @ x,
    ]
    for f in products:
        assert "weighted_gram" in improved(checked(f), X, Y, w)
        found = _computed(checked(f), X, Y, w)
        assert not [node for node in found if node.shape[-1:] == (N,) and node.ndim > 1]
    # As no one looks whether it is finite, what is infinite in x may not spread.
    program = program_of(lambda x, w: [((eye @ x.T) * w) @ x], X, w)
    program.guards = []
    improve(program)
    assert "weighted_gram" not in calls(program)


def test_what_python_asked_of_a_scaled_transpose_is_asked_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", 0)
    eye = np.eye(D)

    def f(x: Any, w: Any) -> Any:
        scaled = (eye @ x.T) * w
        product = scaled @ x
        assert np.isfinite(np.sum(scaled))
        assert np.isfinite(np.sum(product))
        return product

    def g(x: Any, w: Any) -> Any:
        assert np.isfinite(np.sum((eye @ x.T) * w))
        return x + 1

    def h(x: Any, w: Any) -> Any:
        scaled = (eye @ x.T) * w
        product = scaled @ x
        assert np.isfinite(np.sum(scaled))
        assert np.isfinite(np.sum(product))
        return [product, scaled + 1]

    for function, guards in ((f, 1), (g, 1), (h, 2)):
        program = program_of(function, X, np.ones(N))
        improve(program)
        assert len(program.guards) == guards
        compiled = compile(function, eager_calls=0)
        for _ in range(2):
            compiled(X, np.ones(N))
        with pytest.raises(AssertionError), np.errstate(all="ignore"):
            compiled(X, np.full(N, np.inf))


def test_weights_are_multiplied_before_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", TOO_LARGE)
    found = _computed(hessian(logistic), B, X, SIGNS)
    assert [n.function.__name__ for n in found if n.shape == (D, N)] == ["multiply"]


def test_many_terms_take_no_recursion() -> None:
    x = rng.normal(size=(5, 2))

    def f(b: Any) -> Any:
        z = x @ b
        total = np.sum(z**2)
        for k in range(400):
            total = total + np.sum(z**2) * (k + 1)
        return total

    compiled = compile(hessian(f), eager_calls=0)
    np.testing.assert_allclose(compiled(B[:2]), hessian(f)(B[:2]), rtol=1e-10)


def test_several_classes_are_right_too() -> None:
    labels = rng.integers(0, 3, N)

    def cross_entropy(w: Any, x: Any) -> Any:
        scores = x @ w
        return np.sum(logsumexp(scores, axis=1)) - np.sum(scores[np.arange(N), labels])

    W = rng.normal(size=(D, 3))
    compiled = compile(hessian(cross_entropy), eager_calls=0)
    for w in (W, -W):
        expected = hessian(cross_entropy)(w, X)
        np.testing.assert_allclose(compiled(w, X), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.float32, np.float16])
@pytest.mark.parametrize("update", [0, 1 << 30])
def test_weights_of_other_types_are_numbers(
    dtype: Any, update: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_gram, "RANK_UPDATE", update)

    def f(w: Any, x: Any, m: Any) -> Any:
        z = x @ w[1:] + w[0]
        return np.sum(m * z * z)

    x, w = rng.normal(size=(40, 3)), rng.normal(size=4)
    compiled = compile(hessian(f), eager_calls=0)
    for largest in (1, 100):
        m = rng.integers(0, largest + 1, 40).astype(dtype)
        compiled(w, x, m)
        with_ones = np.column_stack([np.ones(40), x])
        expected = 2 * (with_ones.T * m.astype(float)) @ with_ones
        np.testing.assert_allclose(compiled(w, x, m), expected, rtol=1e-12, atol=1e-12)
