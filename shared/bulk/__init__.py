"""Compiled loops over bytes: record batches taken apart, and clicks decoded, many at a time.

Only for what is certain: whatever a loop finds unusual is left to the code that takes one record at
a time, which decides what it means (docs/decisions/0075). Imports numba, so import it only where a
service asks for it (`Source.bulk`).
"""
