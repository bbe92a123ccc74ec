"""What is to be said of a fit, in words: the warnings."""
