"""Why a save was not stored, as errors of the library's kinds that also tell what stands in the way."""

from uuid import UUID

from eventsourcing.persistence import IntegrityError, OperationalError

from infra.event_store.save import StoredKey


class VersionConflict(IntegrityError):
    """Another save of the same stream came first, or the versions of this one do not follow each other."""


class TrackingConflict(IntegrityError):
    """The position of the tracked application is not ahead of the stored one."""


class KeyAlreadyUsed(IntegrityError):
    """The idempotency key was stored before; `stored` is its row, None when it has been removed since."""

    def __init__(self, stored: StoredKey | None) -> None:
        """Keep the row from which the first answer is given again."""
        super().__init__("the idempotency key was used before")
        self.stored = stored


class IdentityKnown(IntegrityError):
    """The blind index holds this identity already; `member_id` is whose, None when it has been erased since."""

    def __init__(self, member_id: UUID | None) -> None:
        """Keep the member who is known by the identity."""
        super().__init__("the identity is known already")
        self.member_id = member_id


class StoreUnavailable(OperationalError):
    """The database cannot store now; try again later.

    When `outcome_unknown` the answer was lost and could not be asked for: the save may be stored or not, wholly. The
    same idempotency key finds out. Otherwise nothing was stored.
    """

    def __init__(self, reason: str, *, outcome_unknown: bool = False) -> None:
        """Say what is wrong and whether something may have been stored."""
        super().__init__(reason)
        self.outcome_unknown = outcome_unknown
