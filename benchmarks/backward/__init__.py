"""Backward passes written by hand, and the mistakes that people make in them."""
