"""The worker: one service, from the first connection to the last commit."""
