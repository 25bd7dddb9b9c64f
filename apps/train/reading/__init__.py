"""The reader, trained further: torch for training alone, ONNX for serving."""
