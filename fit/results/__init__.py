"""What a fit found, as its user meets it: the result, its report, its pictures, its JSON."""
