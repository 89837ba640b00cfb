"""Settings of the documentation; `python -m docs` builds it in both languages."""

import sys
from pathlib import Path

from gizwits_async.version import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "gizwits_async"
author = "The gizwits_async team"
copyright = author  # noqa: A001 - Sphinx's own name for it
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated"]
exclude_patterns = ["_build", "_ext", "locale", "screens"]
root_doc = "index"

language = "en"
locale_dirs = ["locale"]
gettext_compact = False
gettext_uuid = False
gettext_location = False  # a moved line is no change of a text

nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!gizwits_async\b).*"),  # names of other packages: their docs are not loaded
    ("py:.*", r"gizwits_async\.(.*\.)?_?[A-Z]{1,2}"),  # type variables
]
suppress_warnings = ["ref.python"]  # `type` in an annotation is no attribute of that name

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "code"  # docstrings write code between single backticks
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_class_signature = "separated"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"gizwits_async {release}"
html_extra_path = [
    "../gizwits_async/simulator/openapi.json",
    "../gizwits_async/simulator/openapi.zh.json",
]
html_static_path = ["screens"]
html_show_sphinx = False
html_copy_source = False
