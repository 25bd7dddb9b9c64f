"""The batched Faust runtime: spans in, confirmed outputs out, state that holds its own offset."""
