"""`shopkeeper erase`: has a user forgotten by every worker and removed from every topic of ours.

`traces` knows how a record names a user; `survey` looks for such records; `settling` waits until
workers have read something; `rewriting` takes records out of a partition; `erasing` has the order.
"""
