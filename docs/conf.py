"""Sphinx configuration; build with ``make docs``."""

import os
import sys
from pathlib import Path

from gradproof import __version__

sys.path.insert(0, str(Path(__file__).parent))  # where `pictures` is
sys.path.insert(0, str(Path(__file__).parents[1]))  # for our own extensions
os.environ["NO_COLOR"] = "1"  # what the examples print is no terminal

project = "gradproof"
author = "The gradproof developers"
copyright = "2026, the gradproof developers"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
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
# Tables are included by pages.
exclude_patterns = ["_build", "_templates", "tables", "gallery/*.ipynb", "gallery/*.py"]
templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = "gradproof"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Sections have a bar with their pages on the left; what a page is alone has its contents on the
# right. With both there would be no room for the 100 columns of a report.
_ALONE = ("index", "comparison", "limits", "found_in_the_wild", "textbook", "architecture")
html_sidebars: dict[str, list[str]] = {page: [] for page in _ALONE}
html_theme_options = {
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {page: ["page-toc"] for page in _ALONE},
}
html_show_sourcelink = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "ignore_pattern": r"regression\.py",  # what the pictures of the README show
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": ("matplotlib", "pictures.reset"),
    "abort_on_example_error": True,
    "run_stale_examples": True,  # gradproof may have changed where an example has not
    "capture_repr": (),
    "backreferences_dir": "reference/generated/examples",
    "doc_module": ("gradproof",),
    "reference_url": {"gradproof": None},
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,  # every page has its own
}
