"""Searches and questions in, their intents out."""
