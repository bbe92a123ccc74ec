"""Where things stand: a layered layout."""
