"""Models that are linear in their parameters: solved at once, to the last digits."""
