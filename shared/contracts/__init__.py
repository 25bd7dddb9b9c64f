"""What passes over topics: event types, outputs, topics, the decoder that checks what comes in."""
