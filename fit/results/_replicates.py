"""The replicates of a fit: what came out when it was made again, and the errors that this shows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fit.arguments._numbers import Array
from fit.arguments._words import failures_in_words, quantity, reason
from fit.results._facts import value_and_error
from fit.results._report import WIDTH, first_of
from fit.uncertainties._covariance import correlation_of
from fit.uncertainties._estimate import ByName, Estimate, quantile
from optim import Outcomes

HEADER = ("parameter", "value", "error", "error of the fit", "bias", "68 % interval")
WORDS = {
    "points": "to points drawn again",
    "parametric": "to data drawn about the model",
    "jackknife": "without one point each",
}
FEW = 0.05  # the share of fits to data drawn that may fail without a word


@dataclass(frozen=True, repr=False, eq=False)
class Replicates:
    """A fit made again and again: where each ended, and how they scatter.

    Attributes
    ----------
    result : Estimate
        The fit itself.
    p : ndarray of shape (n, number of free parameters)
        Where each fit ended; NaN where it did not.
    failures : dict
        Why, by the number of the fit, as exceptions.
    kind : {"points", "parametric", "jackknife"}
    """

    result: Estimate
    p: Array
    failures: dict[int, Exception]
    kind: str

    def __len__(self) -> int:
        return len(self.p)

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in the order of errors and covariance."""
        return self.result.names

    @cached_property
    def _every(self) -> Array:
        """All parameters of the fits that succeeded, of shape (fits, parameters)."""
        every = self.result.problem.parameters.every
        good = [every(p) for k, p in enumerate(self.p) if k not in self.failures]
        return np.array(good, float).reshape(len(good), len(self.names))

    @cached_property
    def _off(self) -> Array:
        """By how much they are off those of the fit itself."""
        values: Array = self._every - list(self.result.values.values())
        return values

    @property
    def _is_incomplete(self) -> bool:
        """Whether a jackknife lacks a fit: mostly without the point on which the others hang."""
        return self.kind == "jackknife" and bool(self.failures)

    @cached_property
    def values(self) -> dict[str, Array]:
        """The values of each parameter, by name, in the fits that succeeded."""
        return dict(zip(self.names, self._every.T, strict=True))

    @cached_property
    def covariance(self) -> Array:
        """The covariance of all parameters, as the fits scatter.

        Those of the jackknife scatter little, since all but one of n points are the same: their
        mean square is multiplied by n - 1. It is NaN where one of them failed.
        """
        n = len(self._every)
        if n < 2 or self._is_incomplete:
            return np.full((len(self.names),) * 2, np.nan)
        off = self._off - np.mean(self._off, axis=0)
        scale = (n - 1) / n if self.kind == "jackknife" else 1 / (n - 1)
        covariance: Array = scale * (off.T @ off)
        return covariance

    @cached_property
    def errors(self) -> dict[str, float]:
        """The standard errors by name."""
        return ByName(zip(self.names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    @cached_property
    def correlation(self) -> Array:
        """The correlations of all parameters; NaN where one does not vary."""
        return correlation_of(self.covariance)

    @cached_property
    def bias(self) -> dict[str, float]:
        """By how much the fit is off on average, by name: what to subtract from its values.

        It is known to the error over the root of the number of fits, and mostly not worth it: what
        is subtracted adds its own scatter.
        """
        scale = len(self) - 1 if self.kind == "jackknife" else 1
        if not len(self._every) or self._is_incomplete:
            return ByName.fromkeys(self.names, np.nan)
        off = scale * np.mean(self._off, axis=0)
        return ByName(zip(self.names, off.tolist(), strict=True))

    def interval(self, name: str, level: float = 0.6827) -> tuple[float, float]:
        """Return the ends of the interval of one parameter.

        Of a bootstrap they are percentiles of the fits: as often as the level says a fit lies
        between them, and as many below as above. Of a jackknife they are as many of its errors to
        each side as Student's distribution takes for the level.

        Raises
        ------
        ValueError
            When there is no such parameter, or the level is not between 0 and 1.

        References
        ----------
        B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 11 and
        13.

        Examples
        --------
        >>> import fit
        >>> result = fit.line([0, 1, 2, 3, 4, 5], [1.0, 3.2, 4.9, 7.1, 8.8, 11.2])
        >>> low, high = result.bootstrap(200, seed=0).interval("slope", level=0.95)
        >>> low < 2.0 < high
        True
        """
        if name not in self.names:
            raise ValueError(f"no parameter {name!r}; there are {', '.join(self.names)}")
        reach = quantile(level, max(self.result.dof, 1))
        if not len(self._every):
            return np.nan, np.nan
        if self.kind == "jackknife":
            middle, half = self.result.values[name], reach * self.errors[name]
            return middle - half, middle + half
        low, high = np.quantile(self.values[name], [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    # -- for people --------------------------------------------------------------------------

    def report(self) -> str:
        """Return what the fits say of each parameter, beside the error of the fit itself.

        Examples
        --------
        >>> import fit
        >>> x, y = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.2, 4.9, 7.1, 8.8, 11.2]
        >>> print(fit.line(x, y).jackknife().report())
        6 fits without one point each
        <BLANKLINE>
        parameter  value  error  error of the fit    bias  68 % interval
        ────────────────────────────────────────────────────────────────
        slope      2.000  0.056             0.044  -0.015  1.936 … 2.064
        intercept   1.03   0.11              0.13    0.02    0.90 … 1.16
        """
        rows = [HEADER, *self._rows()]
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        name, *others = widths
        lines = [
            "  ".join([f"{row[0]:<{name}}", *map("{:>{}}".format, row[1:], others)]) for row in rows
        ]
        return "\n".join([self._heading(), "", lines[0], "─" * len(lines[0]), *lines[1:]])

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        shown = [f"{name} = {value} ± {error}" for name, value, error, *_ in self._rows()]
        return f"<Replicates: {self._heading()}; {first_of(shown, WIDTH - len(self._heading()))}>"

    def _repr_html_(self) -> str:
        from fit.results._html import table_with_heading

        return table_with_heading(self._heading(), [HEADER, *self._rows()])

    def _heading(self) -> str:
        words = f"{quantity(len(self), 'fit')} {WORDS[self.kind]}"
        return words + (f", {len(self.failures)} of which failed" if self.failures else "")

    def _rows(self) -> list[tuple[str, ...]]:
        """Return of each free or tied parameter what is shown, rounded to two digits of errors."""
        result = self.result
        rows: list[tuple[str, ...]] = []
        for name, value in result.values.items():
            if name in result.problem.parameters.fixed:
                continue
            middle, of_fit = value_and_error(value, result.errors[name])
            row = [name, middle, "unknown", of_fit, "unknown", "unknown"]
            error = self.errors[name]
            if not np.isnan(error):
                shown = (value, self.bias[name], *self.interval(name))
                middle, bias, low, high = (value_and_error(number, error)[0] for number in shown)
                _, error_shown = value_and_error(value, error)
                row = [name, middle, error_shown, of_fit, bias, f"{low} … {high}"]
            rows.append(tuple(row))
        return rows


def replicates_of(result: Estimate, outcomes: Outcomes, kind: str) -> Replicates:
    """Return the replicates of a fit; warn where those that failed make the others mislead.

    Raises
    ------
    RuntimeError
        When all of them failed.
    """
    values, failures = outcomes
    if len(failures) == len(values):
        error = failures[0]
        words = f"all {len(failures)} fits failed, the first of them: {reason(error)}"
        raise RuntimeError(words) from error
    nowhere = np.full(result.p.size, np.nan)
    p = np.array([nowhere if k in failures else value for k, value in enumerate(values)])
    if failures and (kind == "jackknife" or len(failures) > FEW * len(values)):
        so = (
            "so that no errors are known"
            if kind == "jackknife"
            else "and the others may scatter less than all would"
        )
        said = failures_in_words(failures, len(values), so)
        warnings.warn(said, RuntimeWarning, stacklevel=3)
    return Replicates(result, p, failures, kind)
