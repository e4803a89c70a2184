"""Every page in both sizes and languages, as pictures for people to look at: `make screenshots`."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.tokens.principal import Role
from tests.console.browsing import Window
from tests.console.test_pages import addresses_of

_ROOT = Path(__file__).parent.parent.parent
_FOLDER = _ROOT / "screenshots"
README_FOLDER = _ROOT / "docs" / "screenshots"
README_PICTURES = {
    "loop": ("organisation_department", "/loop?view=in_transit&stage=settled"),
    "flows": ("organisation_department", "/flows#figures"),
}
"""What the README opens with: by a name, whose page it is and where."""
_README_WINDOW = Window("readme", 1200, 720)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_are_taken(role, language, visit, window, console):
    one = visit(role.value, window, language)
    for name, address in addresses_of(role, console).items():
        one.open(address)
        _FOLDER.mkdir(exist_ok=True)
        one.page.screenshot(path=_FOLDER / f"{name}.{role.value}.{window.name}.{language}.png", full_page=True)


def test_pictures_of_the_readme_are_taken(visit):
    for name, (role, address) in README_PICTURES.items():
        one = visit(role, _README_WINDOW)
        one.open(address)
        README_FOLDER.mkdir(exist_ok=True)
        one.page.screenshot(path=README_FOLDER / f"{name}.png")
