"""`shopkeeper case-study`: a shop's events through the real workers, and what they make, drawn."""
