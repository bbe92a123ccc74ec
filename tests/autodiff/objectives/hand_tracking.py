"""Hand tracking: how far the skin of a posed hand is from points that were measured, of ADBench.

The hand has a skeleton of bones, each with a parent, and a skin whose vertices follow several bones
by weights. Its pose is 26 numbers: a rotation vector, a translation, and for each of five fingers
the bend, the spread, and two more bends. ADBench's mirror and its scale of 1 are left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BONES = 22  # the wrist, five fingers of four bones each, and the forearm
FINGERS = 5


class Hand(NamedTuple):
    """A skeleton in its base pose, its skin, and which vertex or triangle each point belongs to."""

    parents: list[int]  # of each bone; -1: it has none
    relatives: Any  # of each bone to its parent, 4 × 4
    inverses: Any  # of the bones' absolute places, 4 × 4
    vertices: Any  # homogeneous coordinates
    weights: Any  # of each bone, for each vertex
    triangles: Any  # three vertices each
    belongs: Any  # of each point: a vertex, or a triangle
    points: Any


def to_vertices(theta: Any, hand: Hand) -> Any:
    """Return how far each measured point is from its vertex: ADBench's simple objective."""
    skin = posed_skin(theta, hand)
    errors = np.zeros((len(hand.points), 3), like=theta)
    for i, point in enumerate(hand.points):
        errors[i] = point - skin[hand.belongs[i]]
    return errors


def to_triangles(theta: Any, places: Any, hand: Hand) -> Any:
    """Return how far each measured point is from a place in its triangle.

    ADBench's complicated objective, in which the places are unknown too: of each point, the
    weights of the first two corners.
    """
    skin = posed_skin(theta, hand)
    errors = np.zeros((len(hand.points), 3), like=theta)
    for i, point in enumerate(hand.points):
        a, b, c = hand.triangles[hand.belongs[i]]
        u, v = places[i]
        errors[i] = point - (u * skin[a] + v * skin[b] + (1 - u - v) * skin[c])
    return errors


def posed_skin(theta: Any, hand: Hand) -> Any:
    """Return the vertices of the skin in a pose."""
    angles = bone_angles(theta)
    absolutes = np.zeros((BONES, 4, 4), like=theta)
    for bone, parent in enumerate(hand.parents):
        turn = np.eye(4, like=theta)
        turn[:3, :3] = rotation_by_angles(angles[bone])
        relative = hand.relatives[bone] @ turn
        absolutes[bone] = relative if parent < 0 else absolutes[parent] @ relative
    skin = np.zeros((len(hand.vertices), 3), like=theta)
    for bone in range(BONES):
        moved = hand.vertices @ (absolutes[bone] @ hand.inverses[bone]).T
        skin += hand.weights[bone][:, np.newaxis] * moved[:, :3]
    return skin @ rotation_by_vector(theta[:3]).T + theta[3:6]


def bone_angles(theta: Any) -> Any:
    """Return the angles of each bone about x, z and y."""
    angles = np.zeros((BONES, 3), like=theta)
    for finger in range(FINGERS):
        bone, own = 2 + 4 * finger, theta[6 + 4 * finger :]
        angles[bone, :2] = own[:2]
        angles[bone + 1 : bone + 3, 0] = own[2:4]
    return angles


def rotation_by_angles(xzy: Any) -> Any:
    """Return the rotation about the x-axis, then about y, then about z."""
    x, z, y = xzy
    about_x, about_y, about_z = (np.eye(3, like=xzy) for _ in range(3))
    for matrix, angle, (i, j) in [
        (about_x, x, (1, 2)),
        (about_y, y, (2, 0)),
        (about_z, z, (0, 1)),
    ]:
        matrix[i, i] = matrix[j, j] = np.cos(angle)
        matrix[j, i] = np.sin(angle)
        matrix[i, j] = -matrix[j, i]
    return about_z @ about_y @ about_x


def rotation_by_vector(vector: Any) -> Any:
    """Return the rotation about a vector by its length."""
    angle = np.sqrt(vector @ vector)
    if angle < 1e-4:
        return np.eye(3, like=vector)
    axis = vector / angle
    sine, cosine = np.sin(angle), np.cos(angle)
    R = np.zeros((3, 3), like=vector)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        R[i, i] = cosine + (1 - cosine) * axis[i] ** 2
        R[i, j] = (1 - cosine) * axis[i] * axis[j] - sine * axis[k]
        R[j, i] = (1 - cosine) * axis[i] * axis[j] + sine * axis[k]
    return R


def example(vertices: int = 12, points: int = 4) -> tuple[Any, Any, Hand]:
    """Return a pose, places in triangles, and a hand with so many vertices and points."""
    rng = np.random.default_rng(3)
    parents = [-1, *(0 if i % 4 == 0 else i for i in range(4 * FINGERS)), 0]
    relatives = np.zeros((BONES, 4, 4))
    absolutes = np.zeros((BONES, 4, 4))
    for bone, parent in enumerate(parents):
        relatives[bone, :3, :3] = rotation_by_vector(rng.normal(size=3))
        relatives[bone, :3, 3] = rng.normal(size=3)
        relatives[bone, 3, 3] = 1
        place = relatives[bone]
        absolutes[bone] = place if parent < 0 else absolutes[parent] @ place
    weights = rng.random((BONES, vertices))
    hand = Hand(
        parents,
        relatives,
        np.linalg.inv(absolutes),
        np.concatenate([rng.normal(size=(vertices, 3)), np.ones((vertices, 1))], axis=1),
        weights / weights.sum(axis=0),
        np.stack([(np.arange(vertices) + i) % vertices for i in range(3)], axis=1),
        rng.integers(0, vertices, points),
        rng.normal(size=(points, 3)),
    )
    return 0.3 * rng.normal(size=26), rng.uniform(0.1, 0.4, (points, 2)), hand
