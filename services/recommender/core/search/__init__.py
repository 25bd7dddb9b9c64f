"""Product search: BM25 over words and n-grams plus the cosine of vectors, exact.

The index follows the catalogue product by product. What a user's last search found counts in the
lists that follow, for half an hour of event time.
"""
