"""Where a customer's own orders are: kept, recognised in questions, and told."""
