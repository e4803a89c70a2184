"""The README opens with pictures of the console that `make screenshots` takes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from api.console.pages import PAGES
from tests.console.screenshots import README_FOLDER, README_PICTURES

_README = README_FOLDER.parent.parent / "README.md"
_MOST_BYTES = 150_000


def test_the_readme_opens_with_pictures_of_pages_that_there_are():
    opening = _README.read_text(encoding="utf-8").split("\n## ", 1)[0]
    shown = re.findall(r"!\[[^\]]+\]\(docs/screenshots/([a-z-]+)\.png\)", opening)
    assert shown == list(README_PICTURES)
    assert "http://127.0.0.1:8080" in opening
    paths = {module.PAGE.path for module in PAGES}
    assert {urlsplit(address).path for _, address in README_PICTURES.values()} <= paths


def test_the_pictures_are_small_pngs_and_nothing_else_lies_beside_them():
    assert {one.name for one in README_FOLDER.iterdir()} == {f"{name}.png" for name in README_PICTURES}
    for name in README_PICTURES:
        content = (README_FOLDER / f"{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n"), name
        assert len(content) < _MOST_BYTES, name
        width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))
        assert (width, height) == (1200, 720), name
