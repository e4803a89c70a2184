"""Erasing a member's personal data: the fact, the vault with it, kept uploads before it, the outside list after it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Refused
from domain.member.events import MemberRegistered
from domain.member.introduction import MemberIntroduced
from domain.member.privacy.commands import ERASURE
from domain.times import SHANGHAI, instant, rfc3339_utc
from infra.recording.drafts import Caller
from infra.recording.errors import NoSuchMember
from infra.vault.erasure_list import Erasure, ErasureList
from infra.vault.fields import IDENTITY_NUMBER, NAME
from infra.vault.upkeep import erase

if TYPE_CHECKING:
    from domain.fact import Fact
    from infra.recording.desk import Desk
    from infra.recording.import_archive import ImportArchive
    from infra.recording.keys import Key
    from infra.recording.procedures import Procedure
    from infra.recording.receipts import Receipt

_LOGGED: Final = """
SELECT position, originator_id, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
FROM log WHERE topic = 'personal_data_erased' AND position > %s ORDER BY position
"""
_STILL_KEPT: Final = "SELECT member_id FROM vault_key WHERE member_id = ANY (%s::uuid[])"
_AGAIN: Final = Caller("erasure-list", None, "SYSTEM")


class ErasureDesk:
    """Erases; uses the desk's log, vault and clock."""

    def __init__(self, desk: Desk, archive: ImportArchive, erasures: ErasureList) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._archive = archive
        self._list = erasures
        self._noted = 0

    def erasing(
        self, member_id: UUID, payload: dict[str, Any], caller: Caller, *, key: Key | None, if_match: int | None
    ) -> Procedure[Receipt]:
        """Erase a member's personal data; ids and facts stay.

        Without `occurred_at` it happens now. Kept uploads that name the person are forgotten first, since they cannot
        be found once the name is gone; the list outside the database is written before anybody is told that it is done.
        What is kept under records that were merged into this one goes as well.
        """
        merged = yield partial(self._merged_records, member_id)
        for record in (member_id, *merged):
            yield partial(self._forget_uploads, record)
        erase_it = [(ERASURE.name, self._now() | payload)]
        receipt = yield from self._desk.recording(member_id, erase_it, caller, key=key, if_match=if_match)
        yield self.note_down
        self._desk.vault.forget(member_id)
        if merged:
            yield partial(self._erase_records, merged, receipt.events[-1])
        return receipt

    def _merged_records(self, member_id: UUID) -> list[UUID]:
        kiteline = self._desk.kiteline
        facts = kiteline.members.load(member_id, kiteline.reference()).facts
        own = (one.stream for one in facts if isinstance(one.body, MemberRegistered | MemberIntroduced))
        return [stream for stream in dict.fromkeys(own) if stream != member_id]

    def _erase_records(self, records: list[UUID], erased: Fact) -> None:
        """Erase records that have no facts of their own any more: the one that has them tells of it in the log."""
        if not self._list.add(Erasure(erased.position, one, rfc3339_utc(erased.recorded_us)) for one in records):
            self._noted = 0
        for record in records:
            with self._desk.kiteline.log.reading() as connection:
                erase(connection, record)
            self._desk.vault.forget(record)

    def note_down(self) -> None:
        """Bring the list outside the database up to the log: what is new in either, however long both are."""
        fresh = self._logged(after=self._noted)
        if not self._list.add(fresh) and self._noted:
            fresh = self._logged()
            self._list.add(fresh)
        if fresh:
            self._noted = fresh[-1].position

    def apply_again(self) -> int:
        """Erase whoever is on the list and was brought back, by a restored backup say; return how many.

        Called before anything is served. Raises ErasureListFailure.
        """
        self.note_down()
        listed = {one.member_id for one in self._list.read()}
        logged = {one.member_id for one in self._logged()}
        with self._desk.kiteline.log.reading() as connection:
            kept = [row[0] for row in connection.execute(_STILL_KEPT, (list(listed),)).fetchall()]
            for member_id in logged.intersection(kept):
                erase(connection, member_id)
        again = sorted(set(kept) - logged)
        for member_id in again:
            try:
                self._desk.record(member_id, ERASURE.name, self._now(), _AGAIN)
            except (Refused, NoSuchMember):  # another process came first, or the vault is ahead of the log
                with self._desk.kiteline.log.reading() as connection:
                    erase(connection, member_id)
        self.note_down()
        return len(kept)

    def _now(self) -> dict[str, Any]:
        return {"occurred_at": instant(self._desk.now_us()).astimezone(SHANGHAI).isoformat()}

    def _logged(self, after: int = 0) -> list[Erasure]:
        with self._desk.kiteline.log.reading() as connection:
            return [Erasure(*row) for row in connection.execute(_LOGGED, (after,)).fetchall()]

    def _forget_uploads(self, member_id: UUID) -> None:
        with self._desk.kiteline.log.reading() as connection:
            person = self._desk.vault.open_fields(connection, member_id, [NAME, IDENTITY_NUMBER])
        if person:
            self._archive.forget_person(person.get(NAME), person.get(IDENTITY_NUMBER))
