"""What is to be fitted, and to what: data, their errors, parameters, and χ² of them."""
