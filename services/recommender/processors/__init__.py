"""Topics in: one processor per topic that the recommender consumes, partition by partition.

A processor folds decoded events into state and says what is to be ranked and published; it calls
the core and touches neither the broker nor the clock.
"""
