"""Where a fit ended, and what the data say of it: covariance, bands, profiles."""
