"""The rules: one file for each family of NumPy functions. Importing it fills the table."""

from autodiff.rules import (
    constants,
    elementwise,
    fourier,
    indexing,
    linalg,
    neural,
    products,
    rearranging,
    reductions,
    shapes,
    statistics,
)

__all__ = [
    "constants",
    "elementwise",
    "fourier",
    "indexing",
    "linalg",
    "neural",
    "products",
    "rearranging",
    "reductions",
    "shapes",
    "statistics",
]
