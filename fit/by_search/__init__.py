"""Fits by a search: from data and a model to a result."""
