"""Questions in, answers out, each with the passages or the product that it comes from."""
