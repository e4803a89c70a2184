"""Why a recording was not made, beside what the domain refuses."""

from __future__ import annotations

from uuid import UUID


class RecordingError(Exception):
    """Nothing was recorded."""


class NoSuchMember(RecordingError):
    """There is no member with this id (HTTP 404)."""

    def __init__(self, member_id: UUID) -> None:
        """Keep which id was asked for."""
        super().__init__(f"no member {member_id}")
        self.member_id = member_id


class VersionMismatch(RecordingError):
    """The stream is not at the version that the caller named in If-Match (HTTP 412)."""

    def __init__(self, expected: int, actual: int) -> None:
        """Keep both versions."""
        super().__init__(f"version {actual}, not {expected}")
        self.expected = expected
        self.actual = actual


class KeyReused(RecordingError):
    """The idempotency key was used with another body (HTTP 422)."""


class KeyInFlight(RecordingError):
    """The first request with this idempotency key is still being recorded (HTTP 409)."""


class TooContended(RecordingError):
    """Others kept changing the same stream first; nothing was recorded, try again (HTTP 503)."""


class NoSuchPost(RecordingError):
    """There is no post with this id (HTTP 404)."""


class NoSuchActivity(RecordingError):
    """There is no activity with this id, or it is not the caller's (HTTP 404)."""


class NoSuchVenue(RecordingError):
    """There is no venue with this id, no such code of it, or it is not the caller's to use (HTTP 404)."""


class NoSuchMerge(RecordingError):
    """There is no merge with this id, or it is not the caller's to know of (HTTP 404)."""


class MergedInto(RecordingError):
    """The record was merged into another: a question finds its answer there (HTTP 308)."""

    def __init__(self, kept: UUID) -> None:
        """Keep whose record it is now."""
        super().__init__(f"merged into {kept}")
        self.kept = kept


class NoSuchAgreement(RecordingError):
    """There is no agreement with this id, or it is not the caller's to know of (HTTP 404)."""
