"""The `RecommendationService` of two well-known demo shops, over gRPC."""
