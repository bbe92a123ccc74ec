"""SciPy's methods with exact derivatives, and their claims checked."""
