"""Fitting models to data by χ², with exact derivatives.

| wanted                           | call                                                |
|----------------------------------|-----------------------------------------------------|
| parameters, errors and a verdict | `fit`, which returns a `FitResult`                  |
| the same without a search        | `line`, `polynomial`, `linear`                      |
| a model of one's own             | a function of x and of parameters, or `Model` of it |
| a peak                           | `Gaussian`, `Lorentzian`, `Voigt`, `PseudoVoigt`    |
| a background                     | `Line`, `Polynomial`, `Exponential`, `PowerLaw`     |
| a wave, a growth, an edge        | `Sine`, `Logistic`, `Step`                          |
| errors relative to values        | `Relative`                                          |
| errors that are correlated       | a covariance matrix, or its factor as `Cholesky`    |
| many data sets of one model      | `fit_many`                                          |
| a fit made again and again       | `Replicates`, by ``result.bootstrap()``             |
| χ² as a function                 | `chi_squared`                                       |
| SciPy's call and answer          | `curve_fit`                                         |

Minima and roots of other functions are in `optim`, derivatives in `autodiff`.

Examples
--------
>>> import numpy as np
>>> def decay(x, height, rate):
...     return height * np.exp(-rate * x)
>>> x = np.array([0.0, 1.0, 2.0, 3.0])
>>> y = np.array([5.1, 3.3, 2.2, 1.5])
>>> result = fit(decay, x, y, 0.1, p0={"height": 4, "rate": 0.5})
>>> print(f"{result.values['rate']:.2f} ± {result.errors['rate']:.2f}")
0.42 ± 0.02
"""

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
