"""Ways down to a minimum: along the gradient, by learnt curvature, and by the exact one."""
