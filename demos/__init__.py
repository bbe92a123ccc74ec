"""Lessons, one a file: ``python -m demos`` runs them all."""
