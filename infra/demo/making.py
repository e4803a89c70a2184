"""Making the sample data: organisations, registers through the real import, a year of real commands."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from domain.calendar import month_end
from domain.regions.loading import load_regions
from domain.times import day_end_us
from infra.demo.found import found_in_registers
from infra.demo.lives import Found, life_of_known, newcomers
from infra.demo.marker import FOLDER, Marker
from infra.demo.player import PlayedClock, Player
from infra.demo.public_life import PublicLife
from infra.demo.rarities import Rarities
from infra.demo.richness import richest
from infra.demo.steps import Chance
from infra.demo.untidy_registers import County, write_registers
from infra.demo.world import demo_world
from infra.recording.application import Kiteline
from infra.recording.desk import Desk
from infra.recording.drafts import Caller
from infra.recording.import_archive import ImportArchive
from infra.recording.imports import Importer
from infra.recording.members import MemberStore
from infra.recording.organisations import ReferenceDesk
from infra.recording.registration import Registration

if TYPE_CHECKING:
    from infra.demo.steps import Life
    from infra.demo.untidy_registers import WrittenRegister
    from infra.demo.world import World
    from infra.recording.import_report import ImportReport
    from infra.vault.vault import Vault

YEAR: Final = timedelta(days=365)
MEMBERS: Final = 5_000
SEED: Final = 20
_FACTS_KEPT: Final = 2_000_000
_LISTED: Final = (("620621", 0.16), ("620821", 0.13), ("510104", 0.05))
_INFLOW_SHARE: Final = 0.055


class Witness(Protocol):
    """Who is told how the making goes on."""

    def begins(self, what: str, total: int) -> None:
        """Tell that a part begins, and how much there is of it."""

    def advances(self, done: int) -> None:
        """Tell how much of the part is done."""

    def imported(self, register: WrittenRegister, report: ImportReport) -> None:
        """Tell what became of a register."""


@dataclass(slots=True)
class Workshop:
    """The parts that make data: one desk on its own clock."""

    kiteline: Kiteline
    vault: Vault
    clock: PlayedClock
    desk: Desk
    references: ReferenceDesk
    registration: Registration


@contextmanager
def opened_workshop(database_url: str, vault: Vault, *, facts_kept: int = _FACTS_KEPT) -> Iterator[Workshop]:
    """Open the parts on a migrated database; all members at play are kept in memory."""
    kiteline = Kiteline(database_url)
    try:
        kiteline.members = MemberStore(kiteline.read_stream, most_facts=facts_kept, whole=facts_kept)
        clock = PlayedClock()
        desk = Desk(kiteline, vault, clock)
        yield Workshop(kiteline, vault, clock, desk, ReferenceDesk(desk), Registration(desk))
    finally:
        kiteline.close()


def make(shop: Workshop, home: Path, marker: Marker, witness: Witness) -> Marker:
    """Make what is missing of the data that the marker describes; the marker is written as parts become durable."""
    today = date.fromisoformat(marker.today)
    first = today - YEAR
    world = demo_world(load_regions(), first)
    marker.write(home)
    shop.clock.go_to(first)
    shop.references.register_many(list(world.organisations), Caller("operator:demo", None, "SIMULATION"))
    if not marker.imported:
        _import_registers(shop, home / FOLDER / "registers", marker, world, first, witness)
        marker.imported = True
        marker.write(home)
    _play(shop, home, marker, world, (first, today), witness)
    return marker


def _import_registers(shop: Workshop, folder: Path, marker: Marker, world: World, day: date, witness: Witness) -> None:
    counties = [
        County(
            code,
            world.offices[code].name,
            world.offices[code].branches,
            round(marker.members * share),
            round(marker.members * _INFLOW_SHARE) if code == "510104" else 0,
        )
        for code, share in _LISTED
    ]
    registers = write_registers(folder, seed=marker.seed, today=day, counties=counties)
    importer = Importer(shop.desk, shop.references)
    archive = ImportArchive(shop.kiteline.log, shop.vault)
    for register in registers:
        witness.begins(register.path.name, register.rows)
        caller = Caller(f"department:{register.county}", register.county, "IMPORT")
        report = importer.run(
            register.path,
            register.path.name,
            organisation=register.county,
            caller=caller,
            progress=lambda rows, _: witness.advances(rows),
        )
        content = register.path.read_bytes()
        archive.keep(
            report, actor=caller.actor, organisation=register.county, filename=register.path.name, content=content
        )
        witness.imported(register, report)


def _play(shop: Workshop, home: Path, marker: Marker, world: World, span: tuple[date, date], witness: Witness) -> None:
    first, today = span
    lives = _lives(shop, marker, world, span)
    done = date.fromisoformat(marker.played_until) if marker.played_until else None
    player = Player(shop.desk, shop.registration, shop.clock, keyed=True)
    public = PublicLife(shop.desk, marker.seed)
    rare = Rarities(shop.desk, shop.registration, world)
    witness.begins("year", (today - first).days)
    # Nothing of what is made becomes garbage in a circle: looking for it costs a tenth of the time.
    gc.collect()
    gc.disable()
    try:
        before = done or first
        for day in player.play(lives, after=done):
            if day.month != before.month:
                ended = month_end(before)
                public.month(ended, player.at_hand(shop.kiteline))
                number = (ended.year - first.year) * 12 + ended.month - first.month
                chance = Chance(marker.seed, "rarities", number)
                rare.month(number, ended, player.at_hand(shop.kiteline), chance)
            before = day
            marker.played_until = day.isoformat()
            marker.heads[f"{day:%Y-%m}"] = shop.kiteline.log.max_notification_id() or 0
            marker.write(home)
            witness.advances((day - first).days)
    finally:
        gc.enable()
    witness.advances((today - first).days)
    marker.events = shop.kiteline.log.max_notification_id() or 0
    marker.refused = dict(player.played.refused)
    found = richest(player.ledgers(shop.kiteline), shop.kiteline.reference(), day_end_us(today))
    marker.story, marker.story_told = (str(found[0]), found[1]) if found is not None else (None, "")
    marker.done = True
    marker.write(home)


def _lives(shop: Workshop, marker: Marker, world: World, span: tuple[date, date]) -> list[tuple[Life, UUID | None]]:
    first, today = span
    known: list[tuple[Found, UUID]] = found_in_registers(shop.kiteline, shop.vault)
    lives: list[tuple[Life, UUID | None]] = [
        (life_of_known(world, marker.seed, found, first, today), member_id) for found, member_id in known
    ]
    fresh = range(max(0, marker.members - len(known)))
    lives.extend((life, None) for life in newcomers(world, marker.seed, fresh, first, today))
    return lives
