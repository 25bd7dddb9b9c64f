"""User groups: behaviour vectors, online PCA and K-means, and what each group clicks.

One worker learns the model from samples of all partitions and publishes it; ids of groups never
change their meaning. A group's trending items fill the lists of users of whom little is known.
"""
