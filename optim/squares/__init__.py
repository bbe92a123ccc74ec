"""Least squares: Levenberg and Marquardt, inside bounds and with robust losses."""
