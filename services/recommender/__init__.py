"""Clicks, adds and orders in; similar items, trending and lists per user out. See README.md."""
