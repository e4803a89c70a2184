"""Domain errors: a refused rule, or unreadable input, each with a stable code and a sentence in two languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence for a person, in Chinese and in English."""

    zh: str
    en: str

    def filled(self, **values: object) -> Sentence:
        """Return the sentence with its `{placeholders}` filled in."""
        return Sentence(self.zh.format(**values), self.en.format(**values))


class DomainError(Exception):
    """Something the domain will not take; nothing has been recorded."""

    def __init__(self, code: str, sentence: Sentence) -> None:
        super().__init__(f"{code}: {sentence.en}")
        self.code = code
        self.sentence = sentence


class Refused(DomainError):
    """A rule refused a command: it was already impossible when it is said to have happened (HTTP 409).

    Where the command names many, `faults` says which of them were refused.
    """

    def __init__(self, code: str, sentence: Sentence, faults: Sequence[Fault] = ()) -> None:
        super().__init__(code, sentence)
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of the input: where (JSON pointer), which rule, and what would be right."""

    pointer: str
    code: str
    sentence: Sentence
    expected: str | list[str] | None = None


class Invalid(DomainError):
    """Input that cannot be read or is not in its list (HTTP 422); carries every fault found."""

    def __init__(self, faults: list[Fault]) -> None:
        first = faults[0]
        super().__init__(first.code, first.sentence)
        self.faults = faults
