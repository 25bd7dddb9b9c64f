"""What the runtime does with Kafka: fetching, assignment, delivery, topics."""
