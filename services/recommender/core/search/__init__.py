"""Product search: words and vectors, exact."""
