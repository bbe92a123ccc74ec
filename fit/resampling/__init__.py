"""A fit made again with other data like its own: bootstrap and jackknife."""
