"""Every page in both sizes and languages, as pictures for people to look at: `make screenshots`."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.tokens.principal import Role
from tests.console.test_pages import addresses_of

_FOLDER = Path(__file__).parent.parent.parent / "screenshots"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_are_taken(role, language, visit, window, console):
    one = visit(role.value, window, language)
    for name, address in addresses_of(role, console).items():
        one.open(address)
        _FOLDER.mkdir(exist_ok=True)
        one.page.screenshot(path=_FOLDER / f"{name}.{role.value}.{window.name}.{language}.png", full_page=True)
