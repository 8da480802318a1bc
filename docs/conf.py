"""Sphinx configuration of the manual: ``make docs`` builds it."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import mentra  # noqa: E402 - from this very checkout, whose path comes first

project = "mentra"
author = "the mentra authors"
version = release = mentra.__version__
language = "en"

extensions = ["sphinx.ext.autodoc", "pictures", "references", "said", "channels"]
exclude_patterns = ["_build"]
nitpicky = True
# names of other libraries, which have manuals of their own
nitpick_ignore_regex = [("py:.*", ".*")]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autoclass_content = "class"
highlight_language = "none"

html_theme = "alabaster"
html_theme_options = {
    "description": mentra.__doc__,
    "page_width": "1060px",
    "sidebar_width": "240px",
    "fixed_sidebar": True,
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_show_sourcelink = False
html_copy_source = False
