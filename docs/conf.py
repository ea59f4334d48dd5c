"""How the pages become a site: Sphinx and MyST, with nothing that is loaded from elsewhere."""

project = "hi_fhir"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "alabaster"
html_theme_options = {
    "description": "Health inequality measures for primary care networks, over FHIR",
    "fixed_sidebar": True,
    "page_width": "1200px",
}
html_sidebars = {"**": ["about.html", "searchbox.html", "navigation.html"]}
html_show_sourcelink = False
html_show_copyright = False
highlight_language = "none"
