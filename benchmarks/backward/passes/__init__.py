"""Pieces of networks, each with its loss and its gradient in plain NumPy."""
