"""What runs the lessons and makes a site of them."""
