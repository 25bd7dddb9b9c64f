"""The batched Faust runtime: batches in, confirmed outputs out, state that holds its own offset."""
