"""A/B tests: assignment, counts, and confidence sequences."""
