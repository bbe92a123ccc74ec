"""Fitting models to data by χ², with exact derivatives."""

from fit.as_scipy._curve_fit import curve_fit
from fit.by_search._fit import fit
from fit.by_search._many import fit_many
from fit.closed_form._linear import line, linear, polynomial
from fit.models._model import Model
from fit.models._peaks import Gaussian, Lorentzian, PseudoVoigt, Voigt
from fit.models._shapes import Exponential, Line, Logistic, Polynomial, PowerLaw, Sine, Step
from fit.problem._chi_squared import chi_squared
from fit.problem._sigma import Cholesky, Relative
from fit.results._replicates import Replicates
from fit.results._result import FitResult

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
    "Replicates",
    "Sine",
    "Step",
    "Voigt",
    "chi_squared",
    "curve_fit",
    "fit",
    "fit_many",
    "line",
    "linear",
    "polynomial",
]
