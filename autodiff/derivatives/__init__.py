"""Derivatives of functions: gradients, Jacobians, Hessians, their products and diagonals."""
