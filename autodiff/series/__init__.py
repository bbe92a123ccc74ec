"""Power series: the Taylor walk, and the polynomials that it gives."""
