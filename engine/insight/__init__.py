"""Reads arenas and explains them; changes nothing."""
