"""Reading: the words of a passage that answer a question, found by a span model."""
