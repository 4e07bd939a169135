"""How Sphinx builds the documentation: `make docs`.

The source is the repository, so that links between its pages are as in the repository.
"""

import importlib.metadata

project = "oumi-scaffold"
release = importlib.metadata.version(project)
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "tests/*/RESULTS.md"]
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]

default_role = "code"
smartquotes = False
html_theme = "furo"
html_title = project
html_show_sourcelink = False
html_show_copyright = False

myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_include_init_with_doc = False
python_maximum_signature_line_length = 70
