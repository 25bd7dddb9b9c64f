"""Global tables: compacted topics that every worker reads whole, one module each.

A table knows its topic and applies its records in order on the state thread; tables are read anew
at every start and are in no checkpoint. Lists are made from them, counts are not.
"""
