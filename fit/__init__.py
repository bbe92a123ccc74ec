"""Fitting models to data by χ², with exact derivatives."""

from fit._chi_squared import chi_squared
from fit._curve_fit import curve_fit
from fit._data import Cholesky, Relative
from fit._fit import fit
from fit._linear import line, linear, polynomial
from fit._model import Model
from fit._peaks import Gaussian, Lorentzian, PseudoVoigt, Voigt
from fit._result import FitResult
from fit._shapes import (
    Exponential,
    Line,
    Logistic,
    Polynomial,
    PowerLaw,
    Sine,
    Step,
)

__all__ = [
    "Cholesky",
    "Exponential",
    "FitResult",
    "Gaussian",
    "Line",
    "Logistic",
    "Lorentzian",
    "Model",
    "Polynomial",
    "PowerLaw",
    "PseudoVoigt",
    "Relative",
    "Sine",
    "Step",
    "Voigt",
    "chi_squared",
    "curve_fit",
    "fit",
    "line",
    "linear",
    "polynomial",
]
