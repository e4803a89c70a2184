"""What is told of a code that was issued: made from the event alone, so that a lost answer is given again as it was."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import UUID

from domain.times import SECOND_US, SHANGHAI, instant, parse_occurred, rfc3339_utc
from domain.venue import CheckInCode, CheckInCodeIssued, Venue
from infra.check_in_codes.rotating_number import DIGITS, number_at
from infra.check_in_codes.signed_text import CodeSigner, CodeText

if TYPE_CHECKING:
    from domain.fact import Fact

_ISSUER: Final = "Kiteline"


def code_answer(signer: CodeSigner, fact: Fact) -> dict[str, Any]:
    """Return text, id, end and link of the code that an event issued; with the secret of its number, if it has one."""
    body = fact.body
    if not isinstance(body, CheckInCodeIssued):
        msg = f"not a code: {body.fact}"
        raise TypeError(msg)
    end_us = parse_occurred(body.expires_at).start_us
    code = CheckInCode(fact.event_id, fact.version, fact.when, end_us, body.key_version, body.rotates_every)
    return {**code_told(signer, fact.stream, code), "expires_at": body.expires_at}


def code_told(signer: CodeSigner, venue_id: UUID, code: CheckInCode) -> dict[str, Any]:
    """Return the same of a code as known. Raises KeyError for one whose key is no longer held."""
    text = signer.write(CodeText(venue_id, code.number, code.expires_us // SECOND_US), code.key_version)
    number = None
    if code.rotates_every is not None:
        secret = base64.b32encode(signer.secret(venue_id, code.number, code.key_version)).decode()
        number = {
            "secret": secret,
            "digits": DIGITS,
            "every_seconds": code.rotates_every,
            "uri": f"otpauth://totp/{quote(f'{_ISSUER}:{code.code_id}')}?secret={secret}&issuer={_ISSUER}"
            f"&algorithm=SHA1&digits={DIGITS}&period={code.rotates_every}",
        }
    return {
        "code": text,
        "code_id": code.code_id,
        "expires_at": instant(code.expires_us).astimezone(SHANGHAI).isoformat(),
        "link": f"/c/{text}",
        "number": number,
    }


def shown_now(signer: CodeSigner, venue_id: UUID, code: CheckInCode, now_us: int) -> dict[str, Any] | None:
    """Return the number that a screen shows at an instant, and when it changes; None for a code without one."""
    if code.rotates_every is None:
        return None
    step_us = code.rotates_every * SECOND_US
    secret = signer.secret(venue_id, code.number, code.key_version)
    return {
        "current": number_at(secret, code.rotates_every, now_us),
        "changes_at": rfc3339_utc((now_us // step_us + 1) * step_us),
    }


def code_of(text: CodeText, venue: Venue) -> CheckInCode | None:
    """Return the code of a venue that a text names; None when the two disagree."""
    code = venue.numbered(text.number)
    return code if code is not None and code.expires_us == text.expires_seconds * SECOND_US else None
