"""Sphinx configuration; build with ``make docs``."""

import os
import sys
from pathlib import Path

from gradproof import __version__

sys.path.insert(0, str(Path(__file__).parent))  # where `pictures` is
os.environ["NO_COLOR"] = "1"  # what the examples print is no terminal

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
    "sphinx_gallery.gen_gallery",
]
autosummary_generate = True
numpydoc_show_class_members = False
autodoc_typehints = "none"
myst_heading_anchors = 3
exclude_patterns = ["_build", "_templates", "gallery/*.ipynb", "gallery/*.py"]
templates_path = ["_templates"]

html_theme = "pydata_sphinx_theme"
html_title = "gradproof"
html_theme_options = {"show_prev_next": False, "show_toc_level": 2}
html_sidebars: dict[str, list[str]] = {"**": []}  # the pages are few, and all in the bar on top
html_show_sourcelink = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "within_subsection_order": "FileNameSortKey",
    "reset_modules": ("matplotlib", "pictures.reset"),
    "abort_on_example_error": True,
    "run_stale_examples": True,  # gradproof may have changed where an example has not
    "capture_repr": (),
    "backreferences_dir": "generated/examples",
    "doc_module": ("gradproof",),
    "reference_url": {"gradproof": None},
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,  # every page has its own
}
