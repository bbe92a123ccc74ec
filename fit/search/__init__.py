"""The fit itself: from data and a model, by a search for the least χ², to a result."""
