"""The page that steps through the chain rule."""
