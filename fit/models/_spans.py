"""What functions of x span: how much of the data candidates remove, and which are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fit.arguments._numbers import Array

ALIKE = 0.7  # the squared cosine of an angle between shapes that count as one
PARALLEL = 1e-5  # the square of the sine of an angle between shapes that cannot be told apart


def squares_removed(new: list[Array], rest: Array) -> Array:
    """Return how much of the squares each candidate removes, or each pair of two shapes'."""
    along = [functions @ rest for functions in new]
    alone: Array = np.sum(along[0] ** 2, axis=-1)
    if len(new) == 1:
        return alone
    (a, b), (of_a, of_b) = new, along
    k, n = b.shape[1:]
    across = (a.reshape(-1, n) @ b.reshape(-1, n).T).reshape(*a.shape[:2], *b.shape[:2])
    left = of_b - np.einsum("iajb,ia->ijb", across, of_a)  # for the second beside the first
    own = np.eye(k) - np.einsum("iajb,iajc->ijbc", across, across)
    usable = np.einsum("ijbb->ijb", own).min(axis=-1) > PARALLEL
    own = np.where(usable[..., None, None], own, np.eye(k)) + PARALLEL / 10 * np.eye(k)
    solved = left / own[..., 0] if k == 1 else np.linalg.solve(own, left[..., None])[..., 0]
    more = np.where(usable, np.sum(left * solved, axis=-1), 0)
    return alone[:, None] + np.maximum(more, 0)


def nearly_same(functions: Array, one: Array) -> NDArray[np.bool_]:
    """Return which candidates span nearly the same as one of them."""
    shared = np.sum((functions @ one.T) ** 2, axis=(-1, -2))
    alike: NDArray[np.bool_] = shared > ALIKE * min(len(one), functions.shape[1])
    return alike


def independent_parts(functions: Array, others: Array) -> Array:
    """Return functions that span what is new in each candidate, of length 1; 0 where nothing is."""
    functions = functions / np.max(np.abs(functions), axis=-1, keepdims=True)
    m, k, n = functions.shape
    functions = np.where(np.isfinite(functions).all(axis=(-1, -2), keepdims=True), functions, 0)
    whole = np.sum(functions**2, axis=-1)
    flat = functions.reshape(m * k, n)
    functions = (flat - (flat @ others) @ others.T).reshape(m, k, n)
    for j in range(k):  # Gram and Schmidt
        for i in range(j):
            functions[:, j] -= (
                np.sum(functions[:, i] * functions[:, j], -1)[:, None] * functions[:, i]
            )
        square = np.sum(functions[:, j] ** 2, axis=-1)
        length = np.where(square > PARALLEL * whole[:, j], np.sqrt(square), np.inf)
        functions[:, j] /= length[:, None]
    return functions


def orthonormal_basis(columns: Array) -> Array:
    """Return an orthonormal basis of what the columns span."""
    if not columns.size:
        return columns
    norms = np.linalg.norm(columns, axis=0)
    U, s, _ = np.linalg.svd(columns / np.where(norms > 0, norms, 1), full_matrices=False)
    basis: Array = U[:, s > 1e-13 * s[0]]
    return basis
