"""K-means groups of users by what they do."""
