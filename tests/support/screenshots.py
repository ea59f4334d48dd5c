"""Pictures of the pages for the docs, taken of what `make demo` made.

Run: python -m tests.support.screenshots [data folder] [folder for the pictures]
"""

import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from hi_fhir.core.audiences import Audience
from hi_fhir.pages.reading import Shelf
from hi_fhir.store.criteria import Reader
from hi_fhir.store.session import Store, open_store
from tests.support.paging import site_of

READER = Reader(Audience.ICB)
MEASURE = "smoking-status-recorded"
WIDE, NARROW = 1000, 320
HEIGHT = 720


def main(data_dir: str = "demo-data/data", into: str = "build/screenshots") -> None:
    """Write a picture of each page, as much as fits a window."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    file = Path(data_dir) / "hi_fhir.sqlite"
    if chromium is None or not file.exists():
        raise SystemExit(f"Chromium (tests/chromium/install.sh) and {file} (make demo) are needed.")
    Path(into).mkdir(parents=True, exist_ok=True)
    store = open_store(file)
    with serving(store) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path in shown(store).items():
            for width in (WIDE, NARROW):
                take(browser, f"{base}{path}", width, Path(into) / f"{name}-{width}.png")
        browser.close()
    store.close()


def shown(store: Store) -> Mapping[str, str]:
    """Name of a picture to the page that it is of: of the first board that there is."""
    with Shelf(store).opened(READER) as shelf:
        code = shelf.areas()[0].code
    own = f"/areas/{code}"
    return {
        "start": "/",
        "area": own,
        "recorded": f"{own}/completeness",
        "people": f"{own}/population",
        "about": f"{own}/about",
        "measure": f"{own}/measures/{MEASURE}",
    }


@contextmanager
def serving(store: Store) -> Iterator[str]:
    """The pages on loopback; their address."""
    server = make_server("127.0.0.1", 0, site_of(store, READER), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def take(browser: Any, address: str, width: int, file: Path) -> None:
    tab = browser.new_page(viewport={"width": width, "height": HEIGHT})
    tab.goto(address, wait_until="networkidle")
    tab.screenshot(path=str(file))
    tab.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
