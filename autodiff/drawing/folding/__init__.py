"""Views of large graphs, made smaller."""
