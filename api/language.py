"""Which of the two languages a caller is answered in."""

from typing import Literal

from domain.errors import Sentence

Language = Literal["zh", "en"]


def language_of(accept_language: str | None) -> Language:
    """Choose by `Accept-Language` (RFC 9110, 12.5.4): Chinese where it is preferred to English, else English."""
    wanted = {"zh": 0.0, "en": 0.0}
    for number, part in enumerate((accept_language or "").lower().split(",")):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().partition("-")[0]
        if primary in wanted:
            # Of equal weights the one named first is meant; the step is far below the three decimals of a weight.
            wanted[primary] = max(wanted[primary], _weight(parameters) - number * 1e-6)
    return "zh" if wanted["zh"] > wanted["en"] else "en"


def said_in(sentence: Sentence, language: Language) -> str:
    """Return a sentence in a language."""
    return sentence.zh if language == "zh" else sentence.en


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
