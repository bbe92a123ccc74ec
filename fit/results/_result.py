"""The outcome of a fit, as its user meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from autodiff import jacobian, replaying
from fit.arguments._numbers import Array, refuse_lazy
from fit.arguments._suggestions import OUR_RESULTS
from fit.problem._parameters import names_of_arguments
from fit.results._replicates import Replicates, replicates_of
from fit.uncertainties._covariance import variance_of
from fit.uncertainties._estimate import Estimate
from optim import Executor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fit.uncertainties._contour import Contour
    from fit.uncertainties._profile import Profile


@dataclass(frozen=True, repr=False, eq=False)
class FitResult(Estimate):
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
        How the search ended, as an `optim.Status` and in words, and after how many evaluations.
    method : str
        How the fit was done: one of the methods of `fit.fit`, never "auto", or
        "linear-least-squares".
    refined : Determined, optional
        What the triangle says, where it is known to more digits than the triangle holds.
    starts : pair of int
        How many starts led here, and of how many.
    """

    @classmethod
    def of(cls, estimate: Estimate) -> FitResult:
        """Return an estimate with all that a result can do."""
        return cls(*(getattr(estimate, field.name) for field in fields(estimate)))

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
        from fit.uncertainties._band import band

        return band(self, x, level, kind, sigma)

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
            When the signature has a name that is no parameter, or ``f`` returns a Dask array.

        Examples
        --------
        >>> import fit
        >>> result = fit.line([0.0, 1.0, 2.0], [1.0, 3.1, 4.9], sigma=0.1)
        >>> value, error = result.propagate(lambda slope, intercept: -intercept / slope)
        >>> f"{value:.3f} ± {error:.3f}"
        '-0.538 ± 0.063'
        """
        needed = names_of_arguments(f, self.names, "propagate")
        by_name = self.problem.parameters.by_name

        def of_free(p: Any) -> Any:
            values = by_name(p)
            return f(*(values[name] for name in needed))

        value = of_free(self.p)
        refuse_lazy("f(...)", value)
        value = np.asarray(value)
        J = replaying(jacobian(of_free))(self.p)
        variance = self._scaled_variance(variance_of(J, self.determined))
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
        from fit.verdict._warnings import warnings

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
        from fit.uncertainties._profile import interval

        return interval(self, name, level)

    def profile(
        self,
        name: str,
        points: int = 13,
        reach: float = 3.0,
        *,
        executor: Executor | None = None,
    ) -> Profile:
        """Return the least χ² for values of one free parameter, all others following.

        Parameters
        ----------
        name : str
        points : int
            How many values, equally spaced.
        reach : float
            How many standard errors they reach to each side, as far as bounds let them.
        executor : concurrent.futures.Executor or alike, optional
            Takes the two sides. Each is followed outwards from the minimum. Not for data in chunks,
            of which Dask shares out each evaluation.

        Returns
        -------
        Profile
            ``name``; ``values``; ``chi_squared``, by how much it has risen; ``parameters``, all of
            them where it is least, of shape ``(points, number of parameters)``.

        Raises
        ------
        ValueError
            When there is no such parameter, it is fixed or tied, the data leave it open, or the
            constraints are not met; when an executor is given of data in chunks.
        BrokenExecutor
            When a worker of the executor dies.

        Examples
        --------
        >>> import fit
        >>> result = fit.fit(lambda x, m=1.0: m * x, [1.0, 2.0], [2.1, 3.9], sigma=0.1)
        >>> result.profile("m", points=3, reach=1.0).chi_squared.round(12)
        array([1., 0., 1.])
        """
        from fit.uncertainties._profile import profile

        return profile(self, name, points, reach, executor)

    def contour(
        self,
        x: str,
        y: str,
        level: float = 0.6827,
        points: int = 40,
        *,
        executor: Executor | None = None,
    ) -> Contour:
        """Return the edge of the joint likelihood region of two free parameters.

        It is where the least χ², all other parameters following, has risen by the quantile: of χ²
        with two degrees of freedom where the errors of the data are known, and of 2 s² F(2, dof)
        where they are estimated. It covers both parameters at once as often as the level says, and
        so reaches farther than the intervals of each, 1.52 standard errors for 68.27 %. Where the
        model is linear it is the ellipse of the covariance.

        It is found on rays from the minimum, that go round in the metric of the covariance: of a
        region that bends so much that a ray leaves it and enters it again, the near part is found.
        `plot_contour` draws it.

        Parameters
        ----------
        x, y : str
        level : float
        points : int
            How many rays.
        executor : concurrent.futures.Executor or alike, optional
            Takes the rays in batches. Not for data in chunks, of which Dask shares out each
            evaluation.

        Returns
        -------
        Contour
            ``names``; ``level``; ``chi_squared``, by how much it has risen; ``x`` and ``y``, of
            shape (points,), where a bound comes first those at the bound, and NaN where χ² never
            rises as much; ``open``, why, by the number of such a point.

        Raises
        ------
        ValueError
            When there is no such parameter, it is fixed or tied, the data leave it open, or the
            constraints are not met; when an executor is given of data in chunks.
        BrokenExecutor
            When a worker of the executor dies.

        Warns
        -----
        RuntimeWarning
            When a lower minimum of χ² is met on the way.

        Examples
        --------
        >>> import fit
        >>> result = fit.line([-1.0, 0.0, 1.0], [1.0, 3.1, 4.9], sigma=0.1)
        >>> edge = result.contour("slope", "intercept", points=4)
        >>> (edge.x - result.values["slope"]).round(4) + 0.0
        array([ 0.1071,  0.    , -0.1071,  0.    ])
        """
        from fit.uncertainties._contour import contour

        return contour(self, (x, y), level, points, executor)

    # -- by making the fit again -------------------------------------------------------------

    def bootstrap(
        self,
        n: int = 1000,
        *,
        kind: str = "points",
        seed: int | np.random.Generator | np.random.SeedSequence | None = None,
        executor: Executor | None = None,
    ) -> Replicates:
        """Fit again and again to other data like these, and return how the parameters scatter.

        "points" draws as many points as there are, with replacement, each with its error. It takes
        points to be independent, and to have been drawn themselves, x and y, out of all that there
        could be; so it holds where errors are unlike what sigma says, or change along x, but for
        few points it is rough: the errors of means of n points come out too small by
        √((n - 1)/n), and others by more where few points fix a parameter. Of correlated data the
        independent combinations are drawn.

        "parametric" measures y anew about the fitted model, and x where it has errors, with normal
        errors as large as sigma or, where its size is not believed, as the residuals say. It takes
        the model and the errors to be right, and shows what is not linear in the parameters: bias,
        and intervals that are not symmetric.

        Both begin each search where the fit ended, and so stay in its minimum; what the fit varied
        stays free, and bounds, ties, constraints, losses and relative errors hold, the scale of a
        robust loss as it was found.

        Parameters
        ----------
        n : int
            How many fits: some 200 for errors, 1000 and more for intervals.
        kind : {"points", "parametric"}
        seed : int, Generator or SeedSequence, optional
            An int for the same draws again, whatever the executor.
        executor : concurrent.futures.Executor or alike, optional
            Takes the fits in batches, as `optim.parallel_map` hands them out.

        Returns
        -------
        Replicates
            ``p`` of shape (n, free parameters); ``values``, ``errors``, ``bias`` by name;
            ``covariance``, ``correlation``; ``interval(name, level)``; ``failures``, the fits that
            found no minimum, by their number; ``report()``.

        Raises
        ------
        ValueError
            When the fit itself is none, ``n`` is less than 2, or points cannot be drawn one by one,
            or are no more than the parameters.
        RuntimeError
            When all fits fail, as where the workers of the executor die.

        Warns
        -----
        RuntimeWarning
            When more than 5 % of the fits fail.

        References
        ----------
        B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 9.

        Examples
        --------
        >>> import fit
        >>> t = np.linspace(0, 4, 30)
        >>> y = 3 * np.exp(-t) + np.random.default_rng(0).normal(0, 0.1, 30)
        >>> result = fit.fit(lambda t, a=1.0, rate=1.0: a * np.exp(-rate * t), t, y, 0.1)
        >>> print(result.bootstrap(200, seed=1).report())
        200 fits to points drawn again
        <BLANKLINE>
        parameter  value  error  error of the fit   bias  68 % interval
        ───────────────────────────────────────────────────────────────
        a          3.047  0.048             0.066  0.009  3.019 … 3.086
        rate       1.038  0.032             0.034  0.002  1.010 … 1.069
        """
        from fit.resampling._refits import bootstrap

        return replicates_of(self, bootstrap(self, n, kind, seed, executor), kind)

    def jackknife(self, *, executor: Executor | None = None) -> Replicates:
        """Fit again without each of the points in turn, and return what this says of the errors.

        Like the bootstrap of points it takes these to be independent, and believes no sigma; it
        draws nothing, and is the same each time. It is to first order what the bootstrap is, and
        is sure for smooth functions of the data only, as fits of one minimum are. A row of ``p``
        that is far from the others is of a point to look at.

        Parameters
        ----------
        executor : concurrent.futures.Executor or alike, optional
            Takes the fits in batches.

        Returns
        -------
        Replicates
            As of `bootstrap`; a fit for each point that counts.

        Raises
        ------
        ValueError, RuntimeError
            As `bootstrap`.

        Warns
        -----
        RuntimeWarning
            When a fit fails, as without a point that alone decides on a parameter: the errors are
            then NaN.

        References
        ----------
        B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 11.

        Examples
        --------
        >>> import fit
        >>> result = fit.polynomial([0, 1, 2, 3], [1.0, 3.0, 2.0, 6.0], degree=0)
        >>> error = result.jackknife().errors["c0"]
        >>> bool(np.isclose(error, np.std([1, 3, 2, 6], ddof=1) / np.sqrt(4)))
        True
        """
        from fit.resampling._refits import jackknife

        return replicates_of(self, jackknife(self, executor), "jackknife")

    # -- for people --------------------------------------------------------------------------

    def report(self) -> str:
        """Return all that is known about the fit, as a table for a terminal.

        What warns of a minimum that is none needs the exact Hessian of χ², once: for n parameters
        it takes as long as n evaluations or so, which is noticed where data are in chunks.

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
        from fit.results._report import report, warnings_below

        # In this order, so that the checks behind the warnings find what the report has computed.
        return report(self) + warnings_below(self.warnings)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        from fit.results._report import short

        return short(self)

    def _repr_html_(self) -> str:
        from fit.results._html import as_html

        return as_html(self, self.warnings)

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

    def plot_contour(
        self,
        x: str,
        y: str,
        level: float | None = None,
        *,
        executor: Executor | None = None,
    ) -> Figure:
        """Draw the joint regions of two parameters, and what the covariance makes of them.

        Parameters
        ----------
        x, y : str
            Free parameters.
        level : float, optional
            How often the region covers both; by default there are two, of 68.27 % and 95.45 %.
        executor : concurrent.futures.Executor or alike, optional
            As of `contour`.

        Returns
        -------
        matplotlib.figure.Figure
            The edges of the regions, each a line; the ellipses of the covariance, dashed.

        Raises
        ------
        ImportError
            When Matplotlib is not installed.
        ValueError
            As `contour`.
        """
        from fit.results._plots import plot_contour

        return plot_contour(self, x, y, level, executor)

    if not TYPE_CHECKING:  # for which there is no attribute but those written down

        def __getattr__(self, name: str) -> Any:
            if name not in OUR_RESULTS:
                return object.__getattribute__(self, name)
            raise AttributeError(f"a FitResult has no {name!r}: it is called {OUR_RESULTS[name]}")

    # -- for keeping -------------------------------------------------------------------------

    def to_json(self) -> str:
        """Return data, parameters and all that was found as JSON, to the last bit.

        Functions cannot be kept: see `from_json` for what that means. A pickled result keeps them
        by their names, as pickle does, and so needs models, losses, ties and constraints that are
        defined in a module: no lambda, and no function within a function.

        Raises
        ------
        TypeError
            When ``x`` is not an array of numbers, or the loss is a function.
        """
        from fit.results._json import to_json

        return to_json(self, self.warnings)

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

        return from_json(text, model, cls)
