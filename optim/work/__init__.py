"""Work that is done many times over, here or by an executor, with the same results."""
