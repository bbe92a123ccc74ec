"""The objectives have the right values, derivatives and plans, although they fill their arrays.

Values are compared with a second way, which fills nothing; derivatives with differences of the
values on plain arrays, and with closed forms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.special
from oracles import complex_step, richardson
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal, wishart

import autodiff
from autodiff import grad, hessian, hessian_diagonal, hvp, jacobian, jvp, value_and_grad

from . import (
    bundle_adjustment,
    descent,
    determinant,
    gaussian_mixture,
    hand_tracking,
    kmeans,
    least_squares,
    logsumexp,
    lstm,
    ode,
    particle,
    saddle,
)


class Case(NamedTuple):
    """An objective of the first of its arguments, which are arrays of real numbers."""

    function: Callable[..., Any]
    example: tuple[Any, ...]
    unknowns: int = 1  # how many arguments are differentiated by
    scalar: bool = True

    def of_unknowns(self) -> Callable[..., Any]:
        return lambda *unknowns: self.function(*unknowns, *self.example[self.unknowns :])

    def derivative(self) -> Callable[..., Any]:
        differentiated = grad if self.scalar else jacobian
        return differentiated(self.of_unknowns(), argnums=tuple(range(self.unknowns)))

    def point(self) -> tuple[Any, ...]:
        return self.example[: self.unknowns]


CASES = {
    "mixture": Case(gaussian_mixture.log_posterior, gaussian_mixture.example(), 3),
    "bundle": Case(bundle_adjustment.residuals, bundle_adjustment.example(), 3, scalar=False),
    "hand": Case(hand_tracking.to_vertices, hand_tracking.example()[::2], scalar=False),
    "hand, complicated": Case(hand_tracking.to_triangles, hand_tracking.example(), 2, scalar=False),
    "lstm": Case(lstm.loss, lstm.example(), 2),
    "determinant": Case(determinant.by_minors, determinant.example()),
    "kmeans": Case(kmeans.cost, kmeans.example()),
    "logsumexp": Case(logsumexp.log_sum_exp, logsumexp.example()),
    "ode": Case(ode.last, ode.example()),
    "trajectory": Case(ode.trajectory, ode.example(), scalar=False),
    "particle": Case(particle.miss, (np.array([0.1]),)),
    "saddle": Case(saddle.height, (np.array([0.3, -0.4]), np.array([0.7, 0.2])), 2),
    "least squares": Case(least_squares.half_squares, least_squares.example()),
}
every_case = pytest.mark.parametrize("name", CASES)
# A plan of the particle's way is some 10 000 calls long, and takes seconds to make.
every_planned_case = pytest.mark.parametrize("name", [n for n in CASES if n != "particle"])


@every_case
def test_plain_arrays_stay_plain_and_unchanged(name: str) -> None:
    case = CASES[name]
    before = [np.copy(x) for x in case.point()]
    value = case.of_unknowns()(*case.point())
    assert type(value) in {np.ndarray, np.float64}
    for x, old in zip(case.point(), before, strict=True):
        np.testing.assert_array_equal(x, old)


@every_case
def test_value_of_tensors_is_that_of_arrays(name: str) -> None:
    case = CASES[name]
    tensors = [autodiff.Tensor(x) for x in case.point()]
    value = case.of_unknowns()(*tensors)
    assert isinstance(value, autodiff.Tensor)
    np.testing.assert_array_max_ulp(value.data, case.of_unknowns()(*case.point()), 8)


@every_case
def test_derivatives_by_differences(name: str) -> None:
    case = CASES[name]
    derivatives = case.derivative()(*case.point())
    rng = np.random.default_rng(0)
    for _ in range(3):
        directions = [rng.normal(size=x.shape) for x in case.point()]
        along = sum(
            np.tensordot(J, d, axes=d.ndim) for J, d in zip(derivatives, directions, strict=True)
        )
        expected = richardson(case.of_unknowns(), case.point(), directions)
        np.testing.assert_allclose(along, expected, rtol=1e-7, atol=1e-7)


@every_case
def test_forward_agrees_with_backward(name: str) -> None:
    case = CASES[name]
    derivatives = case.derivative()(*case.point())
    rng = np.random.default_rng(1)
    directions = tuple(rng.normal(size=x.shape) for x in case.point())
    _, along = jvp(case.of_unknowns(), case.point(), directions)
    expected = sum(
        np.tensordot(J, d, axes=d.ndim) for J, d in zip(derivatives, directions, strict=True)
    )
    np.testing.assert_allclose(along, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].scalar])
def test_second_derivatives_by_differences(name: str) -> None:
    case = CASES[name]
    rng = np.random.default_rng(2)
    directions = tuple(rng.normal(size=x.shape) for x in case.point())
    curved = hvp(case.of_unknowns(), case.point(), directions)
    for i, found in enumerate(curved):
        expected = richardson(
            lambda *point, i=i: case.derivative()(*point)[i], case.point(), directions
        )
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


@every_planned_case
def test_plans_agree_with_calls_as_written(name: str) -> None:
    case = CASES[name]
    derivative = case.derivative()
    planned = autodiff.compile(derivative, eager_calls=0)
    for shift in [0.0, 0.01, 0.02]:
        point = [x + shift for x in case.point()]
        for found, expected in zip(planned(*point), derivative(*point), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert sum(plan.runs for plan in planned.plans) >= 2


@every_planned_case
def test_planned_values_agree_with_calls_as_written(name: str) -> None:
    """Stand-ins for the arguments are filled in, not Tensors."""
    case = CASES[name]
    f = case.of_unknowns()
    planned = autodiff.compile(f, eager_calls=0)
    for shift in [0.0, 0.01, 0.02]:
        point = [x + shift for x in case.point()]
        np.testing.assert_allclose(planned(*point), f(*point), rtol=1e-12)
    assert sum(plan.runs for plan in planned.plans) >= 2


# -- ADBench -----------------------------------------------------------------------------------


def test_mixture_by_scipys_densities() -> None:
    weights, means, factors, points, gamma, m = gaussian_mixture.example()
    d = points.shape[1]
    density, prior = 0.0, 0.0
    shares = np.exp(weights) / np.sum(np.exp(weights))
    for share, mean, row in zip(shares, means, factors, strict=True):
        Q = np.diag(np.exp(row[:d]))
        columns, rows = np.triu_indices(d, 1)
        Q[rows, columns] = row[d:]
        precision = Q.T @ Q
        density += share * multivariate_normal(mean, np.linalg.inv(precision)).pdf(points)
        prior += wishart(d + m + 1, np.eye(d) / gamma**2).logpdf(precision)
    expected = np.sum(np.log(density)) + prior
    found = gaussian_mixture.log_posterior(*gaussian_mixture.example())
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_bundle_by_scipys_rotations() -> None:
    cameras, points, weights, seen, features = bundle_adjustment.example()
    cameras, points = cameras[seen[:, 0]], points[seen[:, 1]]
    x = Rotation.from_rotvec(cameras[:, :3]).apply(points - cameras[:, 3:6])
    projected = x[:, :2] / x[:, 2:]
    square = np.sum(projected**2, axis=1, keepdims=True)
    distortion = 1 + cameras[:, 9:10] * square + cameras[:, 10:] * square**2
    images = cameras[:, 6:7] * distortion * projected + cameras[:, 7:9]
    found = bundle_adjustment.residuals(*bundle_adjustment.example())
    np.testing.assert_allclose(found[:, :2], weights[:, None] * (images - features), rtol=1e-12)
    np.testing.assert_allclose(found[:, 2], 1 - weights**2, rtol=1e-12)


def test_a_residual_depends_on_its_own_camera_point_and_weight() -> None:
    """Each row of ADBench's sparse Jacobian has 11 + 3 + 1 entries at most."""
    case = CASES["bundle"]
    by_cameras, by_points, by_weights = case.derivative()(*case.point())
    for i, (camera, point) in enumerate(case.example[3]):
        others = np.arange(len(case.example[0])) != camera
        assert not np.any(by_cameras[i][:, others])
        assert np.count_nonzero(by_cameras[i, :2, camera]) == 2 * (11 - 1)  # one principal point
        others = np.arange(len(case.example[1])) != point
        assert not np.any(by_points[i][:, others])
        assert np.flatnonzero(by_weights[i, 2]).tolist() == [i]


def test_rotation_about_no_axis() -> None:
    """The derivative by the vector is the cross product, in the other branch."""
    x = np.array([1.0, 2.0, 3.0])
    found = jacobian(lambda v: bundle_adjustment.rotation_matrix(v) @ x)(np.zeros(3))
    np.testing.assert_array_equal(found, np.cross(np.eye(3), x).T)


def skin_by_einsum(theta: Any, hand: hand_tracking.Hand) -> Any:
    """Return the vertices of the skin in a pose, by SciPy's rotations and a walk to the root."""
    angles = np.zeros((5, 4, 3))
    angles[:, 0, :2] = theta[6:].reshape(5, 4)[:, :2]
    angles[:, 1:3, 0] = theta[6:].reshape(5, 4)[:, 2:]
    angles = np.concatenate([np.zeros((2, 3)), angles.reshape(20, 3)])
    turns = np.tile(np.eye(4), (22, 1, 1))
    turns[:, :3, :3] = Rotation.from_euler("xyz", angles[:22][:, [0, 2, 1]]).as_matrix()

    def absolute(bone: int) -> Any:
        way = [bone]
        while hand.parents[way[-1]] >= 0:
            way.append(hand.parents[way[-1]])
        return reduce(np.matmul, [hand.relatives[b] @ turns[b] for b in reversed(way)])

    moves = np.stack([absolute(bone) @ hand.inverses[bone] for bone in range(22)])
    skin = np.einsum("bv,bij,vj->vi", hand.weights, moves, hand.vertices)[:, :3]
    return Rotation.from_rotvec(theta[:3]).apply(skin) + theta[3:6]


def test_hand_by_scipys_rotations() -> None:
    theta, places, hand = hand_tracking.example()
    skin = skin_by_einsum(theta, hand)
    found = hand_tracking.to_vertices(theta, hand)
    np.testing.assert_allclose(found, hand.points - skin[hand.belongs], rtol=1e-12)
    corners = np.concatenate([places, 1 - places.sum(axis=1, keepdims=True)], axis=1)
    expected = hand.points - np.einsum("pc,pci->pi", corners, skin[hand.triangles[hand.belongs]])
    found = hand_tracking.to_triangles(theta, places, hand)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_hand_that_is_not_turned() -> None:
    """Its rotation is the constant one, as ADBench has it."""
    theta, _, hand = hand_tracking.example()
    theta[:3] = 0
    found = jacobian(lambda theta: hand_tracking.to_vertices(theta, hand))(theta)
    assert not np.any(found[..., :3])
    np.testing.assert_array_equal(found[..., 3:6], np.broadcast_to(-np.eye(3), (4, 3, 3)))


def test_lstm_by_lists() -> None:
    parameters, around, start, sequence = lstm.example()
    layers = parameters.reshape(2, 2, 4, 3)
    states = [list(pair) for pair in start.reshape(2, 2, 3)]
    total = 0.0
    for x, following in pairwise(sequence):
        x = x * around[0]
        for (weights, biases), state in zip(layers, states, strict=True):
            output, cell = state
            gates = np.stack([x, output, x, output]) * weights + biases
            forget, entry, release = scipy.special.expit(gates[:3])
            state[1] = cell * forget + entry * np.tanh(gates[3])
            state[0] = x = release * np.tanh(state[1])
        scores = x * around[1] + around[2]
        total += following @ (scores - scipy.special.logsumexp([*scores, np.log(2)]))
    expected = -total / sequence[1:].size
    np.testing.assert_allclose(lstm.loss(*lstm.example()), expected, rtol=1e-13)


# -- GradBench ---------------------------------------------------------------------------------


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
