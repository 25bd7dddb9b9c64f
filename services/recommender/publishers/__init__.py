"""One module per topic, or group of gauges, that the recommender publishes."""
