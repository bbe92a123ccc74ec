"""Bundle adjustment: how far cameras see points from where they were seen, of ADBench."""

from __future__ import annotations

from typing import Any

import numpy as np

ROTATION, CENTRE, FOCAL, PRINCIPAL, RADIAL = slice(3), slice(3, 6), 6, slice(7, 9), slice(9, 11)


def residuals(cameras: Any, points: Any, weights: Any, seen: Any, features: Any) -> Any:
    """Return the weighted errors of each observation in the image, and what its weight costs.

    A camera is its rotation vector, its centre, the focal length, the principal point and two
    coefficients of radial distortion. An observation is the numbers of a camera and of a point.
    """
    errors = np.zeros((len(seen), 3), like=cameras)
    for i, (camera, point) in enumerate(seen):
        errors[i, :2] = weights[i] * (image(cameras[camera], points[point]) - features[i])
        errors[i, 2] = 1 - weights[i] ** 2
    return errors


def image(camera: Any, point: Any) -> Any:
    """Return where a camera sees a point."""
    x = rotation_matrix(camera[ROTATION]) @ (point - camera[CENTRE])
    projected = x[:2] / x[2]
    square = projected @ projected
    a, b = camera[RADIAL]
    distortion = 1 + a * square + b * square**2
    return camera[FOCAL] * distortion * projected + camera[PRINCIPAL]


def rotation_matrix(vector: Any) -> Any:
    """Return the rotation about a vector by its length, as Rodrigues gives it."""
    square = vector @ vector
    x, y, z = vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], like=vector)
    R = np.eye(3, like=vector)
    if square == 0:
        R += cross
        return R
    angle = np.sqrt(square)
    R += np.sin(angle) / angle * cross
    R += (1 - np.cos(angle)) / square * (cross @ cross)
    return R


def example(n: int = 3, m: int = 5, p: int = 8) -> tuple[Any, ...]:
    """Return n cameras, m points, and p observations with their weights."""
    rng = np.random.default_rng(2)
    cameras = np.concatenate(
        [
            0.3 * rng.normal(size=(n, 3)),
            rng.normal(size=(n, 3)) - [0, 0, 8],
            rng.uniform(1, 2, size=(n, 1)),
            rng.normal(size=(n, 2)),
            0.1 * rng.normal(size=(n, 2)),
        ],
        axis=1,
    )
    seen = np.stack([np.arange(p) % n, np.arange(p) * 3 % m], axis=1)
    features = rng.normal(size=(p, 2))
    return cameras, rng.normal(size=(m, 3)), rng.uniform(0.5, 1.5, p), seen, features
