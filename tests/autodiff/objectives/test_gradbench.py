"""GradBench's objectives and their derivatives by closed forms, and its searches by its results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
from oracles import complex_step

from autodiff import grad, hessian, hessian_diagonal, value_and_grad

from . import descent, determinant, kmeans, least_squares, logsumexp, ode, particle, saddle


def test_determinant_and_its_derivatives() -> None:
    """They are det A, det A A⁻ᵀ, and products of two entries of the inverse."""
    (A,) = determinant.example()
    det, B = np.linalg.det(A), np.linalg.inv(A)
    value, gradient = value_and_grad(determinant.by_minors)(A)
    np.testing.assert_allclose(value, det, rtol=1e-12)
    np.testing.assert_allclose(gradient, det * B.T, rtol=1e-11)
    expected = np.einsum("ji,lk->ijkl", B, B) - np.einsum("jk,li->ijkl", B, B)
    np.testing.assert_allclose(
        hessian(determinant.by_minors)(A), det * expected, rtol=1e-10, atol=1e-12
    )


def test_newtons_step_leads_to_the_means_of_the_clusters() -> None:
    centroids, points = kmeans.example()
    distances = np.linalg.norm(points[:, None] - centroids, axis=2)
    nearest = np.argmin(distances, axis=1)
    sizes = np.bincount(nearest)
    means = np.stack([points[nearest == j].mean(axis=0) for j in range(len(centroids))])

    def cost(centroids: Any) -> Any:
        return kmeans.cost(centroids, points)

    np.testing.assert_allclose(cost(centroids), np.sum(distances.min(axis=1) ** 2), rtol=1e-13)
    gradient, diagonal = grad(cost)(centroids), hessian_diagonal(cost)(centroids)
    np.testing.assert_array_equal(diagonal, np.repeat(2.0 * sizes[:, None], 2, axis=1))
    np.testing.assert_allclose(centroids - gradient / diagonal, means, rtol=1e-12)


def test_derivatives_of_logsumexp() -> None:
    (x,) = logsumexp.example()
    shares = scipy.special.softmax(x)
    value, gradient = value_and_grad(logsumexp.log_sum_exp)(x)
    np.testing.assert_allclose(value, scipy.special.logsumexp(x), rtol=1e-15)
    np.testing.assert_allclose(gradient, shares, rtol=1e-12)
    expected = np.diag(shares) - np.outer(shares, shares)
    np.testing.assert_allclose(hessian(logsumexp.log_sum_exp)(x), expected, rtol=1e-11, atol=1e-15)


def test_ode_by_its_solution() -> None:
    """It is yᵢ = x₀ ⋯ xᵢ tⁱ⁺¹ / (i + 1)!, of which Runge's method makes no error up to t⁴."""
    x, steps = ode.example()
    powers = np.arange(1, len(x) + 1)
    expected = np.cumprod(x) * ode.END**powers / scipy.special.factorial(powers)
    np.testing.assert_allclose(ode.trajectory(x, steps)[-1], expected, rtol=1e-13)
    gradient = grad(lambda x: ode.last(x, steps))(x)
    np.testing.assert_allclose(gradient, expected[-1] / x, rtol=1e-12)


def test_ode_by_powers_of_a_matrix() -> None:
    """A step is a polynomial of the matrix of the equation, also where it makes an error."""
    x, steps = ode.example(7, steps=5)
    M = ode.END / steps * np.diag(x, -1)  # of 1, y₀, y₁, …
    step = sum(np.linalg.matrix_power(M, k) / scipy.special.factorial(k) for k in range(5))
    expected = np.linalg.matrix_power(step, steps)[1:, 0]
    np.testing.assert_allclose(ode.trajectory(x, steps)[-1], expected, rtol=1e-13)


def miss_by_hand(w: Any) -> Any:
    """Return the square of where the particle meets the axis, with the force as a formula."""
    charges = np.array([[10, 10 - w], [10, 0]])
    place, velocity = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        way = place - charges
        there = place + 0.1 * velocity
        if there[1].real <= 0:
            return (place[0] - place[1] / velocity[1] * velocity[0]) ** 2
        velocity = velocity + 0.1 * np.sum(way / np.sum(way**2, 1, keepdims=True) ** 1.5, axis=0)
        place = there


def grad_by_hand(f: Any) -> Callable[[Any], Any]:
    """Return the gradient of a function of one number, by complex steps."""
    return lambda w: np.array([complex_step(f, [w], [np.ones(1)])])


@pytest.mark.parametrize("w", [-0.3, 0.0, 0.2, 0.5])
def test_particle_by_the_formula_of_its_force(w: float) -> None:
    value, gradient = value_and_grad(particle.miss)(np.array([w]))
    np.testing.assert_allclose(value, miss_by_hand(w), rtol=1e-11)
    expected = complex_step(miss_by_hand, [w], [1.0])
    np.testing.assert_allclose(gradient, [expected], rtol=1e-9)


def test_particle_is_led_to_the_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the formula the search ends where GradBench's does; a coarser one goes the same way."""
    (start,) = particle.example()
    found = descent.argmin(particle.miss, start, 3e-3)

    def by_hand(w: Any) -> Any:
        return miss_by_hand(w[0])

    monkeypatch.setattr(descent, "grad", grad_by_hand)
    expected = descent.argmin(by_hand, start, 3e-3)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    expected = descent.argmin(by_hand, start)
    np.testing.assert_allclose(expected, [0.2071918746486116], rtol=1e-9)


def test_gradient_of_a_maximum() -> None:
    """The search is recorded, and the place where it ends does not matter: it is 2 x."""
    x, start = np.array([0.5, -1.5]), np.array([1e-3, 2e-3])
    found = grad(saddle.ridge)(x, start)
    np.testing.assert_allclose(found, 2 * x, rtol=1e-12)


def test_saddle_by_one_search_after_the_other() -> None:
    """The results are GradBench's; x does not matter for y, nor y for x."""
    x, start = saddle.example()
    expected = [8.246324826140356e-06] * 2
    found = descent.argmin(lambda x: saddle.height(x, start), x)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(saddle.highest(found, start), expected, rtol=1e-9)


def test_saddle_by_searches_inside_of_a_search() -> None:
    """The way is that down a parabola, for what is highest lies as high everywhere."""
    x, start = saddle.example()
    found = descent.argmin(lambda x: saddle.ridge(x, start, 1e-2), x, 1e-2)
    expected = descent.argmin(lambda x: x @ x, x, 1e-2)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_least_squares_by_a_matrix() -> None:
    x, n = least_squares.example()
    t = np.linspace(-1, 1, n)
    A, s = np.vander(t, len(x), increasing=True), np.sign(t)

    def f(x: Any) -> Any:
        return least_squares.half_squares(x, n)

    value, gradient = value_and_grad(f)(x)
    np.testing.assert_allclose(value, np.sum((s - A @ x) ** 2) / 2, rtol=1e-13)
    np.testing.assert_allclose(gradient, A.T @ (A @ x - s), rtol=1e-12)
    np.testing.assert_allclose(hessian(f)(x), A.T @ A, rtol=1e-12, atol=1e-13)
    least = np.linalg.lstsq(A, s)[0]
    np.testing.assert_allclose(grad(f)(least), np.zeros_like(x), atol=1e-13)
