"""The rules: one file for each family of NumPy functions. Importing it fills the table."""

from importlib import import_module

from autodiff._core.ndarray import awaited
from autodiff.rules import (  # noqa: F401
    _choices,
    _complex_numbers,
    _constants,
    _creating,
    _einsum,
    _elementwise,
    _elementwise_longer,
    _fourier,
    _indexing,
    _joining,
    _lengths,
    _linalg,
    _neural,
    _padding,
    _polynomials,
    _products,
    _quantiles,
    _rearranging,
    _reductions,
    _shapes,
    _spectra,
    _statistics,
    _steps,
    _ufunc_methods,
    _writing,
)

awaited["scipy.special"] = lambda: import_module("autodiff.rules._special")  # slow to import
