"""Constraints: read, kept as orders and preferences, and applied to actions and tables."""
