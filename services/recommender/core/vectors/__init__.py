"""Learned item vectors."""
