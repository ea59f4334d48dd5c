"""The reference pages say what the code does now. `make fix` writes them anew."""

import pytest

from tests.house.reference_pages import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_as_the_code_has_it(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "stale: run make fix"
