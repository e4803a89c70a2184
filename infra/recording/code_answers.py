"""What is told of a code that was issued: made from the event alone, so that a lost answer is given again as it was."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from domain.times import SECOND_US, parse_occurred
from domain.venue import CheckInCode, CheckInCodeIssued, Venue
from infra.check_in_codes.rotating_number import DIGITS
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
    code = CodeText(fact.stream, fact.version, parse_occurred(body.expires_at).start_us // SECOND_US)
    text = signer.write(code, body.key_version)
    number = None
    if body.rotates_every is not None:
        secret = base64.b32encode(signer.secret(code.venue_id, code.number, body.key_version)).decode()
        number = {
            "secret": secret,
            "digits": DIGITS,
            "every_seconds": body.rotates_every,
            "uri": f"otpauth://totp/{quote(f'{_ISSUER}:{fact.event_id}')}?secret={secret}&issuer={_ISSUER}"
            f"&algorithm=SHA1&digits={DIGITS}&period={body.rotates_every}",
        }
    return {
        "code": text,
        "code_id": fact.event_id,
        "expires_at": body.expires_at,
        "link": f"/c/{text}",
        "number": number,
    }


def code_of(text: CodeText, venue: Venue) -> CheckInCode | None:
    """Return the code of a venue that a text names; None when the two disagree."""
    code = venue.numbered(text.number)
    return code if code is not None and code.expires_us == text.expires_seconds * SECOND_US else None
