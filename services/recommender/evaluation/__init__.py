"""Offline evaluation: protocols, metrics, and a cluster in one process."""
