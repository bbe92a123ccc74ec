"""The rules: one file for each family of NumPy functions. Importing it fills the table."""

from autodiff.rules import constants, elementwise, indexing, neural, products, reductions, shapes

__all__ = [
    "constants",
    "elementwise",
    "indexing",
    "neural",
    "products",
    "reductions",
    "shapes",
]
