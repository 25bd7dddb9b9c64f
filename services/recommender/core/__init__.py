"""The recommender's algorithms: pure, no broker, no clock."""
