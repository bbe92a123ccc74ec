"""ADBench's objectives by second ways, which fill nothing."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.special
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal, wishart

from autodiff import jacobian

from . import bundle_adjustment, gaussian_mixture, hand_tracking, lstm


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
    cameras, points, weights, seen, features = bundle_adjustment.example()
    derivative = jacobian(bundle_adjustment.residuals, argnums=(0, 1, 2))
    by_cameras, by_points, by_weights = derivative(cameras, points, weights, seen, features)
    for i, (camera, point) in enumerate(seen):
        others = np.arange(len(cameras)) != camera
        assert not np.any(by_cameras[i][:, others])
        assert np.count_nonzero(by_cameras[i, :2, camera]) == 2 * (11 - 1)  # one principal point
        others = np.arange(len(points)) != point
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
