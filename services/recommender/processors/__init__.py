"""One module per topic that the recommender consumes."""
