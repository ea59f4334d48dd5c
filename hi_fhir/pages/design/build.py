"""Makes hi_fhir/pages/static from the NHS design system: one stylesheet, and the icons that it names.

Its font is the NHS's own and comes from another host, so it is left out: browsers show the next of its list. Its logos
are left out too, since hi_fhir is not the NHS.
"""

import re
import shutil
import sys
from pathlib import Path

_FONT = re.compile(r"@font-face\{[^}]*\}")
_MAP = re.compile(r"/\*# sourceMappingURL=.*?\*/")
_ICON = re.compile(r"url\(/assets/images/([^)]+)\)")
_REMOTE = re.compile(r"""(?:https?:)?//[a-z]|@import""")


def build(package: Path, into: Path) -> None:
    """package: `dist/nhsuk` of nhsuk-frontend."""
    style = _MAP.sub("", _FONT.sub("", (package / "nhsuk-frontend.min.css").read_text()))
    icons = sorted({*_ICON.findall(style)})
    style = _ICON.sub(r"url(\1)", style)
    if found := _REMOTE.search(style):
        raise SystemExit(f"the stylesheet asks another host: {style[found.start() - 40 : found.end() + 40]}")
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for icon in icons:
        shutil.copy(package / "assets" / "images" / icon, into)
    shutil.copy(Path(__file__).parent / "icon.svg", into)
    own = (Path(__file__).parent / "pages.css").read_text()
    (into / "pages.css").write_text(f"{style.strip()}\n{own}")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
