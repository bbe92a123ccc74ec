"""Data in chunks, as Dask's arrays hold them: one pass over them, and what is kept of it."""
