"""What passes over topics: event types, outputs, topics, the door that checks what comes in."""
