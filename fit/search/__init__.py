"""The search for the least χ²: from a problem to an estimate."""
