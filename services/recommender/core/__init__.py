"""The recommender's algorithms, pure: numpy, event structs and each other.

A module here imports no client of Kafka, no ONNX runtime, no clock and no chance of its own: time
and random numbers are arguments, so that the same log gives the same counts and lists. Each room
has one subject; `knowledge.py` holds what all of them know together.
"""
