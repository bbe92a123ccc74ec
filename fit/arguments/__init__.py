"""What callers give: numbers, or a refusal that says what to write instead."""
