"""Health, and what keeps the service running."""
