"""Questions for opinions and experience, answered from reviews with counts and quotes."""
