"""Formulas of local derivatives, from the rules themselves."""
