"""Sphinx configuration; build with ``make docs``."""

from gradproof import __version__

project = "gradproof"
author = "The gradproof developers"
copyright = "2026, the gradproof developers"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
]
autosummary_generate = True
numpydoc_show_class_members = False
autodoc_typehints = "none"
myst_heading_anchors = 3
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = "gradproof"
html_theme_options = {"show_prev_next": False, "show_toc_level": 2}
html_sidebars = {"**": []}  # the pages are few, and all in the bar on top
html_show_sourcelink = False
