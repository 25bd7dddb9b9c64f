"""What is known of items and users before their first click."""
