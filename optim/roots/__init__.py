"""Roots of equations and of systems: Newton-Raphson, Halley, and a bracket for safety."""
