"""What the navigation tells of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.authorisation import MAY

if TYPE_CHECKING:
    from api.actions import Action
    from api.language import Language
    from infra.tokens.principal import Role


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it is, what it is called, and what a role must ever do to have it; nothing for everybody's."""

    path: str
    zh: str
    en: str
    action: Action | None = None

    def is_for(self, role: Role) -> bool:
        """Whether a role has the page."""
        return self.action is None or self.action in MAY[role]

    def called(self, language: Language) -> str:
        """Return its name."""
        return self.zh if language == "zh" else self.en

    def is_at(self, path: str) -> bool:
        """Whether an address is this page's, or below it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))
