"""What the API works with: settings, the desk, the vault, the verifier and the pools, put together once a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from anyio import CapacityLimiter

from api import problem_list as kinds
from api.console.offline_seal import OfflineSeal
from api.console.sessions import Sessions
from api.cosigning import Cosigning
from api.cursors import Cursors
from api.feed_reading import FeedReading
from api.feed_watching import FeedWatch
from api.feed_writing import FeedWriting
from api.housekeeping import Housekeeping
from api.importing import Importing
from api.log_keeping import LogKeeping
from api.operator_acts import OperatorActs
from api.problems import Problem, unavailable
from api.projecting import Projecting
from api.rebuilding import Rebuilding
from infra.check_in_codes.signed_text import CodeSigner
from infra.database.connections import connect_pool
from infra.database.reader_login import embedded_reader_url
from infra.notes.witness_keys import own_witness, witnessed_logs, witnesses
from infra.recording.activities import ActivityDesk
from infra.recording.agreements import AgreementDesk
from infra.recording.application import Kiteline
from infra.recording.check_ins import CheckInDesk
from infra.recording.code_issues import CodeIssues
from infra.recording.desk import Desk
from infra.recording.erasure import ErasureDesk
from infra.recording.import_archive import ImportArchive
from infra.recording.import_runs import ImportRuns
from infra.recording.imports import Importer
from infra.recording.known_venues import KnownVenues
from infra.recording.liaisons import LiaisonCeiling
from infra.recording.merges import MergeDesk
from infra.recording.organisations import ReferenceDesk
from infra.recording.post_list import PostList
from infra.recording.posts import PostDesk
from infra.recording.registration import Registration
from infra.recording.reorganisations import Reorganisations
from infra.recording.venue_list import VenueList
from infra.recording.venues import VenueDesk
from infra.sisters.introducing import Introductions
from infra.sisters.known import configured_sisters
from infra.sisters.recording import SisterRecording
from infra.sisters.taking import Inbox
from infra.tokens.configured import token_verifier
from infra.vault.configured import configured_vault
from infra.vault.erasure_list import ErasureList
from infra.vault.master_key import load_master_key
from infra.vault.upkeep import confirm_master_key
from infra.vault.vault import Vault
from infra.webhooks.desk import SubscriptionDesk
from infra.webhooks.sealed_keys import configured_seal
from infra.webhooks.targets import AllowedTargets
from projections.liaisons import members_of_liaison

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from infra.settings import Settings
    from infra.tokens.verifier import TokenVerifier


def clock_us() -> int:
    """Read the edge's clock: microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Service:
    """One process's parts; made by `open_service`, closed by it."""

    settings: Settings
    kiteline: Kiteline
    vault: Vault
    desk: Desk
    references: ReferenceDesk
    reorganisations: Reorganisations
    registration: Registration
    merges: MergeDesk
    agreements: AgreementDesk
    known_venues: KnownVenues
    venues: VenueDesk
    venue_list: VenueList
    code_issues: CodeIssues
    check_ins: CheckInDesk
    liaisons: LiaisonCeiling
    posts: PostDesk
    post_list: PostList
    activities: ActivityDesk
    imports: ImportArchive
    importing: Importing
    erasures: ErasureDesk
    inbox: Inbox
    subscriptions: SubscriptionDesk
    verifier: TokenVerifier
    sessions: Sessions
    offline_seal: OfflineSeal
    readers: ConnectionPool[Connection[TupleRow]]
    cursors: Cursors
    log_keeping: LogKeeping
    cosigning: Cosigning | None
    feeds: FeedReading
    feed_watch: FeedWatch
    operator_acts: OperatorActs
    rebuilding: Rebuilding
    projecting: Projecting | None = None
    feed_writing: FeedWriting | None = None
    attached: dict[str, Callable[[], str]] = field(default_factory=dict)
    """Parts that the composition root runs beside these, and how each is doing."""
    questions: CapacityLimiter = field(init=False)
    stopping: bool = False

    def __post_init__(self) -> None:
        # No more questions at once than connections: the others wait in the event loop, not in threads.
        self.questions = CapacityLimiter(self.settings.database_pool_size)

    def parts(self) -> dict[str, str]:
        """Tell how the parts beside the database are: ok, off, or what is wrong."""
        projections = "off" if self.projecting is None else self.projecting.state
        cosigned = "off" if self.cosigning is None else self.cosigning.state
        feeds = "off" if self.feed_writing is None else self.feed_writing.state
        attached = {name: state() for name, state in self.attached.items()}
        own = {"projections": projections, "feeds": feeds, "log": self.log_keeping.state, "witnesses": cosigned}
        return {**own, **attached}

    def refusal(self) -> Problem | None:
        """Say why nothing is served at all: the log is not the one that was signed."""
        unsound = self.log_keeping.unsound
        return None if unsound is None else unavailable(kinds.LOG_UNSOUND, unsound.sentence)

    @property
    def importer(self) -> Importer:
        """What imports registers."""
        return self.importing.importer

    @property
    def now_us(self) -> int:
        """The edge's clock."""
        return self.desk.now_us()


@contextmanager
def open_service(settings: Settings, database_url: str, *, projecting: bool = True) -> Iterator[Service]:
    """Open the parts on a migrated database; what is queued is stored before they close.

    With `projecting` this process keeps the read models, unless another one does already.

    Raises OperatorFailure where a key cannot be read, or is not the one that this database was written with.
    """
    master_key = load_master_key(settings)
    vault, signer = configured_vault(settings, master_key), CodeSigner(master_key)
    verifier = token_verifier(settings, lambda subject: vault.keyed_hash("subject", subject.encode()).hex()[:32])
    kiteline = Kiteline(database_url, readers=settings.database_pool_size)
    readers = _readers(settings, database_url)
    keeping: Projecting | None = None
    feed_writing: FeedWriting | None = None
    log_keeping: LogKeeping | None = None
    cosigning: Cosigning | None = None
    try:
        with kiteline.log.reading() as connection:
            confirm_master_key(connection, master_key)
        own_witness(settings)
        witnessed_logs(settings)
        asked = witnesses(settings) if projecting else {}
        cosigning = Cosigning(database_url, asked) if asked else None
        told = cosigning.signed if cosigning is not None else None
        log_keeping = LogKeeping(kiteline, database_url, settings, writing=projecting, signed=told)
        keeping = Projecting(kiteline, database_url) if projecting else None
        feed_writing = FeedWriting(kiteline, database_url) if projecting else None
        sisters = configured_sisters(settings, database_url)
        desk = Desk(kiteline, vault, clock_us, sisters.introducer.write)
        references = ReferenceDesk(desk)
        inbox = Inbox(SisterRecording(desk, references, sisters), kiteline.log)
        registration = Registration(desk)
        known_venues = KnownVenues(kiteline, clock_us)
        venues = VenueDesk(desk, signer, known_venues)
        kiteline.refresh_reference()
        imports = ImportArchive(kiteline.log, vault)
        erasures = ErasureDesk(desk, imports, ErasureList(settings.erasure_list or settings.home / "erasures"))
        log_keeping.before_serving(erasures.apply_again)
        operator_acts = OperatorActs(kiteline.log)
        rebuilding = Rebuilding(operator_acts, database_url)
        service = Service(
            settings=settings,
            kiteline=kiteline,
            vault=vault,
            desk=desk,
            references=references,
            reorganisations=Reorganisations(desk),
            registration=registration,
            merges=MergeDesk(desk),
            agreements=AgreementDesk(desk),
            known_venues=known_venues,
            venues=venues,
            venue_list=VenueList(kiteline, known_venues),
            code_issues=CodeIssues(desk, venues, signer, known_venues),
            check_ins=CheckInDesk(desk, registration, references, signer, known_venues, Introductions(desk, inbox)),
            posts=PostDesk(desk),
            post_list=PostList(kiteline),
            activities=ActivityDesk(desk),
            liaisons=LiaisonCeiling(kiteline.log, kiteline.reference, partial(_assigned, readers)),
            imports=imports,
            importing=Importing(ImportRuns(kiteline.log, imports), imports, Importer(desk, references)),
            erasures=erasures,
            inbox=inbox,
            subscriptions=SubscriptionDesk(
                kiteline.log,
                configured_seal(settings, master_key),
                AllowedTargets.read(settings.webhook_allowed_targets),
                clock_us,
            ),
            verifier=verifier,
            sessions=Sessions(kiteline.log, master_key, vault.keyed_hash, settings.console_session_seconds),
            offline_seal=OfflineSeal(master_key),
            readers=readers,
            cursors=Cursors(vault.keyed_hash, clock_us),
            log_keeping=log_keeping,
            cosigning=cosigning,
            projecting=keeping,
            feeds=FeedReading(kiteline),
            feed_watch=FeedWatch(database_url),
            operator_acts=operator_acts,
            rebuilding=rebuilding,
            feed_writing=feed_writing,
        )
        keeping_house = closing(Housekeeping(service)) if projecting else nullcontext()
        with closing(service.importing), closing(rebuilding), keeping_house:
            yield service
    finally:
        for part in (keeping, feed_writing, log_keeping, cosigning, readers, kiteline):
            if part is not None:
                part.close()


def _readers(settings: Settings, database_url: str) -> ConnectionPool[Connection[TupleRow]]:
    """Open the pool that questions are asked by: of a reader's own login, which the embedded server always has."""
    url = settings.reader_database_url
    if url is None:
        url = embedded_reader_url(settings.home) if settings.database_url is None else database_url
    return connect_pool(url, role="reader", max_size=settings.database_pool_size, name="kiteline questions")


_EVERYWHERE = "SELECT set_config('kiteline.regions', '*', true)"


def _assigned(readers: ConnectionPool[Connection[TupleRow]], liaison: str) -> tuple[int, set[UUID]]:
    """Read all members of a liaison, wherever they belong: a ceiling has no borders."""
    with readers.connection() as connection, connection.transaction():
        connection.execute(_EVERYWHERE)
        position, members = members_of_liaison(connection, liaison)
    return position, set(members)
