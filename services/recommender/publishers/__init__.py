"""What the recommender publishes: one module per topic out, and the metrics of an experiment."""
