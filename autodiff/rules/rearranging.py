"""Functions that repeat, rearrange, join, split, sort and pad entries."""
