"""Random programs: composed from the whole table of ops, every walk is checked against the others.

`generate` makes a program from a seed, `failure` runs the checks, `minimise` shrinks what fails.
``python -m tests.autodiff.programs`` goes on until it is stopped.
"""
