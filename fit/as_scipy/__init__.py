"""SciPy's curve_fit, with exact derivatives."""
