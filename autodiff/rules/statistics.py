"""Statistics, running sums and products, differences and integrals."""
