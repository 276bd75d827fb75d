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
    "numpydoc",
    "myst_parser",
    "docs.extensions.causes",
    "docs.extensions.code_links",
    "docs.extensions.command_line",
    "docs.extensions.json_fields",
    "docs.extensions.mathml",
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
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Sections have a bar with their pages on the left; what a page is alone has its contents on the
# right. With both there would be no room for the 100 columns of a report.
_ALONE = ("index", "comparison", "limits", "found_in_the_wild", "textbook", "architecture")
html_sidebars = {page: [] for page in _ALONE}
html_theme_options = {
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {page: ["page-toc"] for page in _ALONE},
}
html_show_sourcelink = False
