"""What all reviews of a category say together, over partitions and workers."""
