"""Plans: a call recorded once, and replayed as straight-line NumPy."""
