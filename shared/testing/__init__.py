"""What tests and benchmarks stand on: brokers, real worker processes, readers of topics."""
