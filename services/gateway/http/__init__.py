"""The gateway as an ASGI application."""
