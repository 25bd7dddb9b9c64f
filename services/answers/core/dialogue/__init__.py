"""Conversations: what was said before, and what a question means because of it."""
