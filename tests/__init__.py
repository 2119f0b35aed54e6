"""What is seen to happen, told as statements about the work."""
