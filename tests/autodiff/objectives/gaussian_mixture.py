"""A mixture of Gaussians: the log-posterior of ADBench, in GradBench's corrected form."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import multigammaln


def log_posterior(weights: Any, means: Any, factors: Any, points: Any, gamma: float, m: int) -> Any:
    """Return the log-likelihood of the points and the logarithm of a Wishart prior.

    Each component has a weight, as a logarithm, a mean, and a row of d (d + 1) / 2 numbers that
    make the lower triangle Q of its precision matrix QᵀQ. The prior is over these matrices.
    """
    n, d = points.shape
    terms = np.zeros((n, len(means)), like=factors)
    prior = 0.0
    for k, row in enumerate(factors):
        Q = precision_factor(row, d)
        log_determinant = np.sum(row[:d])
        distances = np.sum(((points - means[k]) @ Q.T) ** 2, axis=1)
        terms[:, k] = weights[k] + log_determinant - 0.5 * distances
        prior = prior + m * log_determinant - 0.5 * gamma**2 * np.sum(Q**2)
    likelihood = np.sum(log_sum_exp(terms)) - n * log_sum_exp(weights[np.newaxis])[0]
    freedom = d + m + 1
    of_prior = freedom * d * np.log(gamma / np.sqrt(2)) - multigammaln(freedom / 2, d)
    return likelihood - n * d / 2 * np.log(2 * np.pi) + prior + len(means) * of_prior


def precision_factor(row: Any, d: int) -> Any:
    """Return the lower triangle of d logarithms of its diagonal and the columns below it."""
    Q = np.zeros((d, d), like=row)
    np.fill_diagonal(Q, np.exp(row[:d]))
    start = d
    for j in range(d - 1):
        end = start + d - j - 1
        Q[j + 1 :, j] = row[start:end]
        start = end
    return Q


def log_sum_exp(x: Any) -> Any:
    """Return the logarithm of the sum of exponentials of each row."""
    largest = np.max(x, axis=1)
    return largest + np.log(np.sum(np.exp(x - largest[:, np.newaxis]), axis=1))


def example(n: int = 20, d: int = 3, k: int = 4) -> tuple[Any, ...]:
    """Return n points of d coordinates, k components, and the parameters of the prior."""
    rng = np.random.default_rng(1)
    weights, means = rng.normal(size=k), rng.normal(size=(k, d))
    factors = 0.3 * rng.normal(size=(k, d * (d + 1) // 2))
    return weights, means, factors, rng.normal(size=(n, d)), 0.8, 2
