"""State of one partition: folded, deduplicated, checkpointed with its offset."""
