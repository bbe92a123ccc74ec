"""What a fit found: errors, profiles, a verdict, and how they are shown and kept."""
