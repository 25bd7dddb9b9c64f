"""A grounded answer said in other words by a large model: what it is asked, and what it may say."""
