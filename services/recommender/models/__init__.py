"""The recommender's ONNX models: vectors of product texts, and a filter for support questions.

Only here does the recommender touch the ONNX runtime; its core gets these as arguments.
"""
