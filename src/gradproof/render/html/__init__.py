"""The report as one HTML file that needs nothing else, and as a fragment for notebooks."""

from gradproof.render.html.page import render

__all__ = ["render"]
