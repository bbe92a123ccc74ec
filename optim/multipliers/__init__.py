"""Lagrange multipliers: stationary points where equality constraints hold."""
