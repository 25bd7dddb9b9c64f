"""`shopkeeper backup` and `shopkeeper restore`: every topic of ours in files, and back on brokers.

`files` is the format; `saving` reads topics in an order in which no checkpoint is ahead of its log;
`restoring` writes them to empty topics; `offsets` has each record come to stand where it stood.
"""
