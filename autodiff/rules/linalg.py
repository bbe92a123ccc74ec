"""numpy.linalg: determinants, inverses, decompositions and norms."""
