"""Random programs that make arrays, write into them, view them, and read them again.

`generate` makes a program of plain NumPy code, `failure` compares its values and derivatives with
those of NumPy, `smallest` shrinks what fails.
"""
