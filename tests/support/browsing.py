"""Pages in a real browser: a tab that notes what its console says and whom it asks, and a site for it to look at."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

AXE = Path(__file__).parents[2] / "build" / "chromium" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (320, 640, 1280)  # 320 is also what 1280 has at 400 % zoom


@dataclass
class Visitor:
    """A browser's tab at the site. told: what its console said; asked: addresses that it asked for."""

    tab: Any
    base: str
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def go(self, path: str, width: int = 1280) -> None:
        self.tab.set_viewport_size({"width": width, "height": 900})
        self.tab.goto(f"{self.base}{path}", wait_until="networkidle")

    def axe(self) -> list[str]:
        """Each violation, with where it is. Run from outside the page, whose policy lets no script in."""
        self.tab.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.tab.evaluate("axe.run()")
        return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found["violations"]]

    def overflows(self) -> bool:
        """Whether something lies beside the window, which axe does not see."""
        measured = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        wide, there = self.tab.evaluate(measured)
        return bool(wide > there)


def chromium() -> Iterator[Any]:
    """Debian's Chromium, headless; a test that asks for it is skipped where it, or what drives it, is not installed."""
    reason = "tests/chromium/install.sh"
    sync_api = pytest.importorskip("playwright.sync_api", reason=f"playwright is not installed: {reason}")
    path = shutil.which("chromium")
    if path is None or not AXE.is_file():
        pytest.skip(f"Chromium or axe is not installed: {reason}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


def visitor_of(tab: Any, base: str) -> Visitor:
    visiting = Visitor(tab, base)
    tab.on("console", lambda message: visiting.told.append(message.text))
    tab.on("request", lambda request: visiting.asked.append(request.url))
    return visiting


@dataclass
class Shown:
    """A server on loopback whose application may be put in once its address is known."""

    server: Any

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def show(self, app: Flask) -> None:
        self.server.app = app


@contextmanager
def shown() -> Iterator[Shown]:
    server = make_server("127.0.0.1", 0, Flask("nothing yet"), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Shown(server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
