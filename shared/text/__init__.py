"""Text to numbers: language, hashed n-grams, and ONNX models that are checked before use."""
