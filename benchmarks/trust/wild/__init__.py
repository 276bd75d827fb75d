"""Gradients of well-known libraries that are wrong: a script for each, described in the docs."""
