"""A deterministic simulation of the runtime: one seed, one thread, virtual time."""
