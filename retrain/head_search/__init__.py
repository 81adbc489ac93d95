"""Heads on features: many trained at once, the best of them chosen, and what is decided of it."""
