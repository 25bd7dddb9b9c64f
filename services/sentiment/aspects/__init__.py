"""Aspects of a review: what it praises and criticises, with the words that show it."""
