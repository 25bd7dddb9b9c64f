"""What a service author reads: processors, and the specification of a service."""
