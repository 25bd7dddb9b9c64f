"""Text understanding without a vocabulary: languages, hashed n-grams, ONNX models."""
