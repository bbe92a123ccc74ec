"""Built-in peaks, with starting values guessed from the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from fit.arguments._numbers import Array
from fit.models._candidates import places
from fit.models._shapes import TINY, Shape

FWHM = 2 * np.sqrt(2 * np.log(2))  # of a Gaussian, over its standard deviation


class Gaussian(Shape):
    """height · exp(-(x - center)² / 2σ²).

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: height, center, sigma.

    Examples
    --------
    >>> f"{Gaussian()(3.0, 10.0, 1.0, 2.0):.3f}"
    '6.065'
    >>> (Gaussian(prefix="a_") + Gaussian(prefix="b_")).names
    ('a_height', 'a_center', 'a_sigma', 'b_height', 'b_center', 'b_sigma')
    """

    own_names = ("height", "center", "sigma")
    local = True

    def __call__(self, x: Any, height: Any, center: Any, sigma: Any) -> Any:
        return height * np.exp(-0.5 * (x - center) ** 2 / (sigma**2 + TINY))

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return centres and standard deviations."""
        centers, widths = places(x, y)
        return centers, widths / FWHM


class Lorentzian(Shape):
    """height · γ² / ((x - center)² + γ²), whose full width at half maximum is 2γ.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: height, center, gamma.

    Examples
    --------
    >>> Lorentzian()(3.0, 10.0, 1.0, 2.0)
    5.0
    """

    own_names = ("height", "center", "gamma")
    local = True

    def __call__(self, x: Any, height: Any, center: Any, gamma: Any) -> Any:
        square = gamma**2 + TINY
        return height * square / ((x - center) ** 2 + square)

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return centres and half widths."""
        centers, widths = places(x, y)
        return centers, widths / 2


class Voigt(Shape):
    """height · V(x - center) / V(0), where V convolves a Gaussian of σ with a Lorentzian of γ.

    A γ a little below 0 is what a peak with tails shorter than a Gaussian's gives; the model is
    smooth there, so that a γ compatible with 0 has a symmetric error.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: height, center, sigma, gamma.

    Examples
    --------
    >>> Voigt()(np.array([1.0, 3.0]), 10.0, 1.0, 2.0, 0.5).round(3)
    array([10.   ,  6.671])
    """

    own_names = ("height", "center", "sigma", "gamma")
    local = True

    def __call__(self, x: Any, height: Any, center: Any, sigma: Any, gamma: Any) -> Any:
        from scipy.special import voigt_profile

        width = np.sqrt(sigma**2 + TINY)
        top = voigt_profile(0.0, width, gamma)
        return height * voigt_profile(x - center, width, gamma) / top

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return centres, standard deviations and half widths."""
        centers, widths = places(x, y)
        return centers, 0.3 * widths, 0.25 * widths


class PseudoVoigt(Shape):
    """A Gaussian and a Lorentzian of the same full width at half maximum, mixed.

    height · (fraction · Lorentzian + (1 - fraction) · Gaussian), each 1 at the center.

    Parameters
    ----------
    prefix : str
        What the names of the parameters begin with: height, center, width, fraction.

    Examples
    --------
    >>> f"{PseudoVoigt()(2.0, 10.0, 1.0, 2.0, 0.3):.3f}"
    '5.000'
    """

    own_names = ("height", "center", "width", "fraction")
    local = True

    def __call__(self, x: Any, height: Any, center: Any, width: Any, fraction: Any) -> Any:
        z = 4 * (x - center) ** 2 / (width**2 + TINY)
        return height * (fraction / (1 + z) + (1 - fraction) * np.exp(-np.log(2) * z))

    def candidates(self, x: Array, y: Array) -> tuple[Array, ...]:
        """Return centres, full widths and fractions."""
        centers, widths = places(x, y)
        return centers, widths, np.full(centers.size, 0.5)
