"""Fitting models to data by χ², with exact derivatives."""

from fit._chi_squared import chi_squared
from fit._curve_fit import curve_fit

__all__ = ["chi_squared", "curve_fit"]
