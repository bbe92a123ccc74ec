"""Reading graphs: from Tensors, functions and plans to a view."""
