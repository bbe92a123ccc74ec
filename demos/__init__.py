"""Lessons, one a file: ``python -m demos`` runs them all, ``python -m demos NAME`` one."""
