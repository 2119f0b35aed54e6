"""What happens next: durable shells around `rules`, and the way to Temporal."""
