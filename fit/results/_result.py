"""What a fit found: parameters with errors, and how well they describe the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff import jacobian
from fit._data import Array, as_x
from fit._parameters import names_of_arguments
from fit._problem import Problem
from fit._robust import Sandwich, sandwich, typical_size
from fit.results._band import reaches
from fit.results._covariance import (
    Determined,
    covariance_of,
    from_hessian,
    from_triangle,
    variance_of,
)
from fit.results._further import deviations_of_further

LINEAR = "linear least squares"  # the method for models that are linear in all parameters
CALLED = {  # what lmfit, SciPy and iminuit call it: what it is called here
    **dict.fromkeys(("params", "best_values", "parameters"), "values"),
    **dict.fromkeys(("popt", "x"), "p, or by name values"),
    **dict.fromkeys(("pcov", "covar", "cov"), "covariance"),
    **dict.fromkeys(("stderr", "perr", "uncertainties"), "errors"),
    **dict.fromkeys(("chi2", "chisqr", "chisq", "fval"), "chi_squared"),
    **dict.fromkeys(("redchi", "rchi2", "reduced_chi2"), "reduced_chi_squared"),
    **dict.fromkeys(("nfree", "ndof", "df"), "dof"),
    **dict.fromkeys(("fit_report", "summary"), "report()"),
    **dict.fromkeys(("conf_interval", "ci_report", "minos"), "interval(name, level)"),
    **dict.fromkeys(("best_fit", "eval"), "predict(x)"),
    **dict.fromkeys(("eval_uncertainty", "confidence_band"), "band(x, level)"),
    **dict.fromkeys(("residual", "fvec"), "residuals"),
    **dict.fromkeys(("rsquared", "r2"), "r_squared"),
    **dict.fromkeys(("plot_fit", "visualize"), "plot()"),
}
UNDETERMINED = -2  # the status where other parameters fit as well

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fit.results._profile import Profile


class ByName(dict[str, float]):
    """Numbers by the names of parameters, which says so if asked otherwise."""

    def __missing__(self, key: Any) -> float:
        one = next(iter(self))
        also = f"; by its place, result.p[{key}] is a free one" if isinstance(key, int) else ""
        raise KeyError(f"no parameter {key!r}: there are {', '.join(self)}, as in [{one!r}]{also}")


@dataclass(frozen=True, repr=False, eq=False)
class FitResult:
    """The outcome of a fit.

    Attributes
    ----------
    problem : Problem
        The model, the data and the parameters.
    p : ndarray of shape (number of free parameters,)
        The free parameters where χ² is least, or the best that were found.
    triangle : ndarray of shape (k, number of free parameters)
        R of the QR factorisation of the weighted residuals' Jacobian there.
    weighted_residuals : ndarray of shape (n,)
        The model less the data there, in standard deviations.
    chi_squared : float
        χ², or the robust loss in its place.
    success : bool
        Whether this is a minimum, by the relative offset.
    status, message, nfev
        How the search ended, in numbers and in words, and after how many evaluations.
    method : str
        How the fit was done.
    refined : Determined, optional
        What the triangle says, where it is known to more digits than the triangle holds.
    """

    problem: Problem
    p: Array
    triangle: Array
    weighted_residuals: Array
    chi_squared: float
    success: bool
    status: int
    message: str
    nfev: int
    method: str = "least squares"
    path: Any = field(default=None, compare=False)
    refined: Determined | None = field(default=None, compare=False)

    # -- parameters --------------------------------------------------------------------------

    @cached_property
    def values(self) -> dict[str, float]:
        """All parameters by name."""
        return ByName((k, float(v)) for k, v in self.problem.parameters.by_name(self.p).items())

    @cached_property
    def errors(self) -> dict[str, float]:
        """Their standard errors by name: 0 of what is fixed, inf of what the data leave open.

        NaN where nothing tells how large they are: without sigma, and as many parameters as points.
        """
        errors = np.sqrt(np.diag(self.covariance))
        return ByName(zip(self.values, errors.tolist(), strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in the order of values, errors and covariance."""
        return self.problem.parameters.names

    @property
    def free(self) -> tuple[str, ...]:
        """Those that the fit varied."""
        return self.problem.parameters.free

    @cached_property
    def determined(self) -> Determined:
        """What the weighted residuals' Jacobian says of the free parameters."""
        if self.refined is not None:
            return self.refined
        return from_triangle(self.triangle, self.problem.directions(self.p))

    @cached_property
    def covariance(self) -> Array:
        """The covariance of all parameters, from JᵀJ: exact where the model is linear.

        Where the loss is robust it is Huber's, from what the loss makes of the residuals. It takes
        outliers to be alike at all points, and to both sides: those to one side shift parameters by
        more than the errors tell, "cauchy" and "arctan" the least. Where the scatter changes from
        point to point, give ``sigma``, of which ratios may do. It is an estimate, and rough where
        points are few: with 50, a tenth of them outliers, errors and bands cover 93 % for 95; from
        fewer than some 20 degrees of freedom, without ``sigma``, those by "cauchy" and "arctan" are
        too small.
        """
        return self._scaled(covariance_of(self._every, self.determined))

    @cached_property
    def hessian_covariance(self) -> Array | None:
        """Their covariance from the exact Hessian of χ².

        Where there are constraints, it is that of the Lagrangian along them. None where this is no
        minimum, and for robust losses.
        """
        problem = self.problem
        if problem.loss != "linear":
            return None
        determined = from_hessian(problem.hessian(self.p), problem.directions(self.p))
        if determined is None:
            return None
        return self._scaled(covariance_of(self._every, determined))

    @property
    def _every(self) -> Array:
        """The Jacobian of all parameters by the free ones."""
        J: Array = jacobian(self.problem.parameters.every)(self.p)
        return J

    def _scaled(self, variance: Array) -> Array:
        """Return (co)variances as they are with the data's errors; what is open stays so."""
        left_open = np.isinf(variance)
        scale = self.sandwich.variance
        return np.where(left_open, np.inf, scale * np.where(left_open, 0.0, variance))

    @cached_property
    def correlation(self) -> Array:
        """The correlations of all parameters; NaN where an error is 0 or inf."""
        errors = np.sqrt(np.diag(self.covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation: Array = self.covariance / np.outer(errors, errors)
        return correlation

    # -- quality -----------------------------------------------------------------------------

    @property
    def absolute(self) -> bool:
        """Whether the size of the data's errors was believed."""
        return self.problem.absolute

    @cached_property
    def dof(self) -> int:
        """Degrees of freedom: points less free parameters, and more by each constraint.

        Points of infinite standard deviation do not count.
        """
        return self.problem.n - int(self.problem.directions(self.p).shape[1])

    @property
    def reduced_chi_squared(self) -> float:
        """χ² per degree of freedom; NaN if there are none."""
        return self.chi_squared / self.dof if self.dof > 0 else np.nan

    @property
    def variance(self) -> float:
        """What the variances of the data are multiplied by: 1 where their size is believed.

        Else χ² per degree of freedom, or what the median residual tells where the loss is robust.
        """
        if self.absolute:
            return 1.0
        if self.problem.loss == "linear" or self.dof < 1:
            return self.reduced_chi_squared
        typical = typical_size(self.weighted_residuals[self.problem.counting], self.dof)
        return max(typical, self.problem.rounding) ** 2

    @cached_property
    def sandwich(self) -> Sandwich:
        """What the covariance and the rise of χ² are scaled by: both the variance of the data.

        Where the loss is robust they follow from how its outliers pull.
        """
        problem = self.problem
        if problem.loss == "linear" or self.dof < 1:
            return Sandwich(self.variance, self.variance)
        residuals = self.weighted_residuals[problem.counting]
        return sandwich(problem.loss, problem.loss_scale or 1.0, residuals, self.dof)

    @property
    def dof_of_errors(self) -> int | None:
        """From how many degrees of freedom the size of errors is estimated; None if it is known."""
        known = self.absolute and (self.problem.loss == "linear" or self.dof < 1)
        return None if known else self.dof

    @cached_property
    def rounding(self) -> dict[str, float] | None:
        """What of each parameter is rounding, where errors would be estimated from nothing else.

        None where they are not, or where the model does not meet the data to their last digits; of
        a robust loss, half of them.
        """
        problem = self.problem
        if self.absolute or self.dof < 1:
            return None
        weights = 1.0 if problem.sigma is None else 1 / problem.sigma
        variance = float(np.mean((np.finfo(float).eps * weights * problem.y) ** 2))
        if self.variance > (variance if problem.loss == "linear" else problem.rounding**2):
            return None
        each = np.sqrt(variance * variance_of(self._every, self.determined))
        return dict(zip(self.names, each.tolist(), strict=True))

    @cached_property
    def p_value(self) -> float | None:
        """The chance of a χ² as large as this or larger; None if the errors are not known."""
        if not self.absolute or self.problem.loss != "linear" or self.dof < 1:
            return None
        from scipy.special import chdtrc

        return float(chdtrc(self.dof, self.chi_squared))

    @property
    def _misfit(self) -> float:
        """-2 ln of the largest likelihood, up to a constant."""
        problem, n = self.problem, self.problem.n
        sizes = 0.0
        if problem.follows_model and problem.sigma is not None:
            # These errors are the model's own: larger ones make χ² small and data improbable.
            count = problem.counting
            unit = np.sqrt(np.mean(problem.y[count] ** 2))
            sizes = 2 * float(np.sum(np.log(problem.sigma[count] / unit)))
        if self.absolute:
            return self.chi_squared + sizes
        if problem.loss != "linear":
            return np.nan
        if not self.chi_squared > 0:
            return -np.inf
        return n * float(np.log(self.chi_squared / n)) + sizes

    @property
    def aic(self) -> float:
        """Akaike's criterion; χ² + 2k with known errors, n ln(χ²/n) + 2k with estimated ones.

        Of several models of the same data, with the same ``sigma``, that of the least `aic`
        predicts best; one that is larger by 10 is hardly worth keeping. With errors relative to the
        model 2 Σ ln σ is added, in units of the root mean square of y.

        NaN where the loss is robust and errors are estimated: each fit has a scale of its own then.
        """
        return self._misfit + 2 * (self.problem.n - self.dof)

    @property
    def bic(self) -> float:
        """The Bayesian criterion of Schwarz: as `aic`, with k ln n for 2k."""
        n = self.problem.n
        return self._misfit + float(np.log(n)) * (n - self.dof)

    @cached_property
    def r_squared(self) -> float:
        """The share of the data's weighted variance that the model describes; NaN if there is none.

        The weights are those of the standard deviations, whatever the correlations. NaN where the
        loss is robust, since outliers would count in full.
        """
        if self.problem.loss != "linear":
            return np.nan
        weights = 1 if self.problem.sigma is None else 1 / self.problem.sigma**2
        y = self.problem.y
        total = np.sum(weights * (y - np.average(y, weights=weights * np.ones(len(y)))) ** 2)
        return float(1 - np.sum(weights * self.residuals**2) / total) if total > 0 else np.nan

    @cached_property
    def residuals(self) -> Array:
        """The data less the model, in units of y: one for each point that was not left out."""
        residuals: Array = self.problem.y - self.predict(self.problem.x)
        return residuals

    @cached_property
    def pulls(self) -> Array:
        """The residuals in standard deviations, estimated ones if none are known.

        NaN for points that do not count.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            pulls = -self.weighted_residuals / self.variance**0.5
        return np.where(self.problem.counting, pulls, np.nan)

    # -- use ---------------------------------------------------------------------------------

    def predict(self, x: Any) -> Array:
        """Return the fitted model at ``x``.

        Examples
        --------
        >>> import fit
        >>> fit.line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0]).predict([3.0, 4.0]).round(12)
        array([7., 9.])
        """
        values: Array = np.asarray(self._model_at(as_x(x))(self.p), float)[()]
        return values

    def _model_at(self, x: Any) -> Callable[[Any], Any]:
        """Return the model at some x as a function of the free parameters."""

        def model(p: Any) -> Any:
            values = self.problem.predicted(x, p)
            return values if np.ndim(values) else values * np.ones(np.shape(x)[-1:])

        return model

    def band(
        self,
        x: Any,
        level: float = 0.6827,
        kind: str = "confidence",
        sigma: ArrayLike | None = None,
    ) -> tuple[Array, Array]:
        """Return the lower and upper edge of a band about the model at ``x``.

        They are the model with parameters moved, by as many standard errors as the level takes, on
        the way on which it changes most there. So the band is not symmetric where the model is
        curved in its parameters, as in the tails of a peak. Where the model's values depend on one
        another, as those of a convolution do, it is symmetric, and to first order.

        Parameters
        ----------
        x : array_like
        level : float
            How often the band covers the truth, for each x by itself.
        kind : {"confidence", "prediction"}
            Where the model is, or one further measurement at ``x``.
        sigma : array_like of the band's shape, or a number, optional
            The standard deviations of further measurements, on the scale of those of the data. By
            default those of the data, if these are alike; with `Relative` errors of one fraction,
            that fraction of the model. Where errors differ otherwise, they have to be given.

        Raises
        ------
        ValueError
            When the kind is another, the level is not between 0 and 1, or nothing tells the error
            of a further measurement.

        Examples
        --------
        >>> import fit
        >>> result = fit.line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], sigma=0.1)
        >>> low, high = result.band([1.0, 5.0], level=0.95)
        >>> low.round(3), high.round(3)
        (array([ 2.887, 10.434]), array([ 3.113, 11.566]))

        Of counts, which scatter by their roots:

        >>> counts = [105, 79, 66, 52, 38]
        >>> decay = fit.fit(fit.Exponential(), [0, 1, 2, 3, 4], counts, np.sqrt(counts))
        >>> low, high = decay.band(5.0, kind="prediction", sigma=np.sqrt(decay.predict(5.0)))
        >>> f"{low:.0f} to {high:.0f} counts"
        '24 to 38 counts'
        """
        if kind not in ("confidence", "prediction"):
            raise ValueError(f"expected the kind 'confidence' or 'prediction', got {kind!r}")
        if sigma is not None and kind == "confidence":
            raise ValueError("sigma is that of further measurements: give kind='prediction' too")
        factor = quantile(level, self.dof_of_errors)
        model, parameters = self._model_at(as_x(x)), self.problem.parameters
        J = jacobian(model)(self.p)
        spread = factor * np.sqrt(self.sandwich.variance) * self.determined.spread
        sides = reaches(model, self.p, J, spread, (parameters.lower, parameters.upper))
        below, above = np.where(np.isinf(variance_of(J, self.determined)), np.inf, sides)
        middle = self.predict(x)
        if kind == "prediction":
            own = deviations_of_further(self.problem, middle, sigma)
            scatter = factor * np.sqrt(self.variance) * own
            below, above = np.hypot(below, scatter), np.hypot(above, scatter)
        return middle - below, middle + above

    def propagate(self, f: Callable[..., Any]) -> tuple[Any, Any]:
        """Return a function of the parameters and its standard error, to first order.

        Parameters
        ----------
        f : callable
            Takes some of the parameters by the names in its signature; returns a number or an
            array, in plain NumPy.

        Returns
        -------
        value, error
            Of the shape of what ``f`` returns.

        Raises
        ------
        ValueError
            When the signature has a name that is no parameter.

        Examples
        --------
        >>> import fit
        >>> result = fit.line([0.0, 1.0, 2.0], [1.0, 3.1, 4.9], sigma=0.1)
        >>> value, error = result.propagate(lambda slope, intercept: -intercept / slope)
        >>> f"{value:.3f} ± {error:.3f}"
        '-0.538 ± 0.063'
        """
        needed = names_of_arguments(f, self.names, "propagate")

        def of_free(p: Any) -> Any:
            by_name = self.problem.parameters.by_name(p)
            return f(*(by_name[name] for name in needed))

        value = np.asarray(of_free(self.p))
        J = jacobian(of_free)(self.p)
        variance = self._scaled(variance_of(J, self.determined))
        return value[()], np.sqrt(variance)[()]

    @cached_property
    def warnings(self) -> list[str]:
        """What is to be said of the fit, each in a sentence: what is undetermined, at a bound, ...

        Examples
        --------
        >>> from fit import fit
        >>> x, y = np.arange(4.0), [3.0, 1.9, 1.1, 0.7]
        >>> for warning in fit(lambda x, a=1.0, b=1.0: a * b * np.exp(-x / 2), x, y, 0.1).warnings:
        ...     print(warning)
        a and b are undetermined: only a·b is; direction (0.71, −0.71) in their logarithms
        """
        from fit.results._verdict import warnings

        return warnings(self)

    def interval(self, name: str, level: float = 0.6827) -> tuple[float, float]:
        """Return the ends of the likelihood interval of one free parameter.

        They are where the least χ², all other parameters following, has risen by the quantile: of
        χ² with one degree of freedom where the errors of the data are known, and of s² F(1, dof)
        where they are estimated. A robust loss has risen by as much as makes its intervals cover
        alike. Where the model is linear these are the ends of the standard errors' interval;
        elsewhere they are not symmetric, and do not depend on how the model is parametrised. Where
        χ² never rises as much the end is infinite, and where a bound comes first it is the bound.
        Errors relative to the model are held at those of the fit.

        Parameters
        ----------
        name : str
        level : float
            How often the interval covers the truth.

        Raises
        ------
        ValueError
            When there is no such parameter, it is fixed or tied, the level is not between 0 and 1,
            or the constraints are not met.

        Warns
        -----
        RuntimeWarning
            When a lower minimum of χ² is met on the way, or the search for an end is given up, as
            where χ² goes up and down without an end: that end is infinite.

        References
        ----------
        D. M. Bates and D. G. Watts, "Nonlinear Regression Analysis and Its Applications" (1988),
        chapter 6.

        Examples
        --------
        >>> from fit import fit
        >>> t, y = [0.0, 1.0, 2.0, 3.0], [2.0, 1.2, 0.7, 0.4]
        >>> result = fit(lambda t, a=1.0, rate=1.0: a * np.exp(-rate * t), t, y, sigma=0.2)
        >>> low, high = result.interval("rate", level=0.95)
        >>> print(f"{result.values['rate']:.3f} ± {1.96 * result.errors['rate']:.3f}")
        0.526 ± 0.209
        >>> print(f"{low:.3f} ... {high:.3f}")
        0.339 ... 0.768
        """
        from fit.results._profile import interval

        return interval(self, name, level)

    def profile(self, name: str, points: int = 13, reach: float = 3.0) -> Profile:
        """Return the least χ² for values of one free parameter, all others following.

        Parameters
        ----------
        name : str
        points : int
            How many values, equally spaced.
        reach : float
            How many standard errors they reach to each side, as far as bounds let them.

        Returns
        -------
        Profile
            ``name``; ``values``; ``chi_squared``, by how much it has risen; ``parameters``, all of
            them where it is least, of shape ``(points, number of parameters)``.

        Raises
        ------
        ValueError
            When there is no such parameter, it is fixed or tied, the data leave it open, or the
            constraints are not met.

        Examples
        --------
        >>> import fit
        >>> result = fit.fit(lambda x, m=1.0: m * x, [1.0, 2.0], [2.1, 3.9], sigma=0.1)
        >>> result.profile("m", points=3, reach=1.0).chi_squared.round(12)
        array([1., 0., 1.])
        """
        from fit.results._profile import profile

        return profile(self, name, points, reach)

    # -- for people --------------------------------------------------------------------------

    def report(self) -> str:
        """Return all that is known about the fit, as a table for a terminal.

        Examples
        --------
        >>> import fit
        >>> x, y = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.2, 4.9, 7.1, 8.8, 11.2]
        >>> print(fit.line(x, y, sigma=0.15).report())
        Model   Line
        Data    6 points with errors in y
        Method  linear least squares
        Outcome converged (the minimum: the model is linear in its parameters, and was solved to
                rounding)
        <BLANKLINE>
        χ²                  5.9259      AIC              9.93
        degrees of freedom       4      BIC              9.51
        χ²/dof               1.481      R²           0.998099
        p-value              0.205      evaluations         2
        <BLANKLINE>
        parameter  value   error  relative
        ──────────────────────────────────
        slope      2.000 ± 0.036     1.8 %
        intercept  1.03  ± 0.11       11 %
        <BLANKLINE>
        Errors are absolute: they follow from the errors of the data as given.
        """
        from fit.results._report import report

        return report(self)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        from fit.results._report import short

        return short(self)

    def _repr_html_(self) -> str:
        from fit.results._report import as_html

        return as_html(self)

    def plot(self, level: float = 0.6827, kind: str = "confidence") -> Figure:
        """Draw the data, the model with a band, and the pulls below.

        Where x is not one number for each point, all is drawn against the points' index. What
        should look otherwise can be changed in the figure: ``figure.axes`` are the two panels, and
        ``figure.axes[0].set_yscale("log")`` finds its limits anew.

        Parameters
        ----------
        level : float
            How often the band covers the truth, for each x by itself.
        kind : {"confidence", "prediction"}
            Which `band` that is.

        Returns
        -------
        matplotlib.figure.Figure
            Notebooks show it; ``figure.savefig("fit.pdf")`` writes it.

        Raises
        ------
        ImportError
            When Matplotlib is not installed.
        ValueError
            As `band`.
        """
        from fit.results._plots import plot

        return plot(self, level, kind)

    def plot_profile(self, name: str) -> Figure:
        """Draw the least χ² against one parameter, and what the standard error makes of it.

        Parameters
        ----------
        name : str
            A free parameter.

        Returns
        -------
        matplotlib.figure.Figure
            Where the profile crosses a level is an end of the likelihood interval; where the
            dashed parabola does, one of the interval that the standard error gives.

        Raises
        ------
        ImportError
            When Matplotlib is not installed.
        ValueError
            As `profile`.
        """
        from fit.results._plots import plot_profile

        return plot_profile(self, name)

    if not TYPE_CHECKING:  # for which there is no attribute but those written down

        def __getattr__(self, name: str) -> Any:
            if name not in CALLED:
                return object.__getattribute__(self, name)
            raise AttributeError(f"a FitResult has no {name!r}: it is called {CALLED[name]}")

    # -- for keeping -------------------------------------------------------------------------

    def to_json(self) -> str:
        """Return data, parameters and all that was found as JSON, to the last bit.

        Functions cannot be kept: see `from_json` for what that means. A pickled result keeps them
        by their names, as pickle does, and so needs models, ties and constraints that are defined
        in a module: no lambda, and no function within a function.

        Raises
        ------
        TypeError
            When ``x`` is not an array of numbers.
        """
        from fit.results._json import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str, model: Callable[..., Any] | None = None) -> FitResult:
        """Return the result that `to_json` has written.

        Values, errors, covariance, χ², warnings and the report are what they were. Whatever has
        to evaluate the model, such as `predict`, needs the function: built-in models and
        combinations of them are known by their names, any other has to be given again. Ties and
        constraints are functions too, and are not kept: what needs them says so.

        Parameters
        ----------
        text : str
            What `to_json` has returned; of a file ``open(path).read()``.
        model : callable or Model, optional
            The model of the fit, which JSON cannot hold.

        Raises
        ------
        ValueError
            When the text is not such a result, or the model is another one.

        Examples
        --------
        >>> import fit
        >>> result = fit.line([0.0, 1.0, 2.0], [1.0, 3.1, 4.9], sigma=0.1)
        >>> again = fit.FitResult.from_json(result.to_json())
        >>> again.errors == result.errors, again.report() == result.report()
        (True, True)
        """
        from fit.results._json import from_json

        return from_json(text, model)


def quantile(level: float, dof: int | None) -> float:
    """Return how many standard errors a two-sided interval of this level reaches to each side."""
    from scipy.special import ndtri, stdtrit

    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    upper = (1 + level) / 2
    return float(ndtri(upper) if dof is None else stdtrit(dof, upper))
