"""The recommender's ONNX models: product texts, support queries."""
