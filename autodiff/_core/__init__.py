"""The engine: Tensors, ops, what records them, and the walks over what was recorded."""
