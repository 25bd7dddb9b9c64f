"""`shopkeeper train`: models of a user's own labels, judged against those that run."""
