"""Topics out: one publisher per topic or group of gauges.

A publisher decides which keys are due, what their records hold and that nothing is published
twice without a change; when its records are confirmed it is told.
"""
