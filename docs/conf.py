"""Sphinx configuration; build with ``make docs``."""

import sys
from pathlib import Path

from gradproof import __version__

sys.path.insert(0, str(Path(__file__).parents[1]))  # for our own extensions

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
    "docs.extensions.causes",
    "docs.extensions.code_links",
    "docs.extensions.command_line",
    "docs.extensions.json_fields",
]
autosummary_generate = True
numpydoc_show_class_members = False
autodoc_typehints = "none"
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
nitpicky = True  # with -W a link to nothing ends the build
exclude_patterns = ["_build", "_templates", "tables"]  # tables are included by pages
templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = "gradproof"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    # What a report prints needs the width, and pages of causes all have the same headings.
    "secondary_sidebar_items": {"**": ["page-toc"], "reference/causes/*": []},
}
# Sections have a bar with their pages; what is a page alone has none.
html_sidebars = {
    page: []
    for page in (
        "index",
        "comparison",
        "limits",
        "found_in_the_wild",
        "textbook",
        "architecture",
    )
}
html_show_sourcelink = False
