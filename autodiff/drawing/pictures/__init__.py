"""Views as DOT, SVG and images."""
