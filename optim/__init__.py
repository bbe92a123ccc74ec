"""Optimisation: training steps, steepest descent and least squares, with exact derivatives."""

from optim._gradient_descent import gradient_descent
from optim._least_squares import least_squares
from optim._training import SGD, Adam

__all__ = ["SGD", "Adam", "gradient_descent", "least_squares"]
