"""What an operator can ask for: checkpoints given up, partitions added."""
