"""Reviews in; the sentiment of each, and of each product over all its reviews, out."""
