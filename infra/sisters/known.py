"""The sister deployments that the settings name: what is theirs, and by which key their introductions are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.event_store.epochs import present_source
from infra.failures import OperatorFailure
from infra.notes.log_keys import load_introduction_key
from infra.notes.signed_note import NoteRefused, Signer, Verifier, read_verifier
from infra.sisters.introduction import Introducer, deployment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.settings import Settings

COUNTRY: Final = "000000"


class SisterUnusable(OperatorFailure):
    """KITELINE_SISTERS names somebody in a way that cannot be used."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Sister:
    """A sister deployment. `regions` are beginnings of the region codes that are hers; `servers` her Kafka."""

    deployment: str
    regions: tuple[str, ...]
    key: Verifier
    servers: str | None

    def has(self, region: str) -> bool:
        """Whether a region, of any level, is hers."""
        return region.startswith(self.regions)

    @property
    def seat(self) -> str:
        """The six digits of the first of her regions: where something of hers is of which no more is known."""
        return f"{self.regions[0]:0<6}"[:6]


@dataclass(frozen=True, slots=True)
class Sisters:
    """This deployment and its sisters. `key` is the line by which others know our introductions."""

    deployment: str
    introducer: Introducer
    key: Verifier
    by_deployment: Mapping[str, Sister]

    def of_source(self, source: str) -> Sister | None:
        """Return the sister that a source names."""
        return self.by_deployment.get(deployment_of(source) or "")

    def is_ours(self, source: str) -> bool:
        """Whether a source is this deployment, in any epoch."""
        return deployment_of(source) == self.deployment

    def key_of(self, deployment: str) -> Verifier | None:
        """Return the key of a sister's introductions."""
        sister = self.by_deployment.get(deployment)
        return sister.key if sister is not None else None

    def own_key_of(self, deployment: str) -> Verifier | None:
        """Return our own key for our own name: what a sister shows as ours."""
        return self.key if deployment == self.deployment else None


def configured_sisters(settings: Settings, database_url: str) -> Sisters:
    """Read the settings. Raises SisterUnusable, or LogKeyFailure for a key that cannot be read."""
    signer = introduction_signer(settings)
    sisters = {name: _sister(settings, name) for name in sorted(settings.sisters)}
    introducer = Introducer(present_source(database_url), signer)
    return Sisters(settings.deployment, introducer, signer.verifier, sisters)


def introduction_signer(settings: Settings) -> Signer:
    """Return the key that signs our introductions; its line is what sisters are given."""
    seed = load_introduction_key(settings).seeds[0]
    return Signer.of(f"urn:kiteline:{settings.deployment}:introductions", seed)


def topics_of_ours(topics: Iterable[str], homes: Iterable[str], sisters: Iterable[Sister]) -> list[str]:
    """Return the topics of our regions: where organisations of ours sit, below it, or above unless a sister is nearer.

    `homes` are the regions of our own organisations. A topic of a whole city or province counts, since what is declared
    for a city goes to the city's own code.
    """
    own = sorted({prefix_of(home) for home in homes if home != COUNTRY})
    theirs = [code for sister in sisters for code in sister.regions]
    found = []
    for topic in sorted(topics):
        region = topic.removeprefix(TOPIC)
        if topic.startswith(TOPIC) and len(region) == len(COUNTRY) and _is_ours(prefix_of(region), own, theirs):
            found.append(topic)
    return found


TOPIC: Final = "kiteline.region."


def prefix_of(region: str) -> str:
    """Return what the codes of a county-level region, a city or a province, and of all below it begin with."""
    county = region[:6]
    return county[:2] if county.endswith("0000") else county[:4] if county.endswith("00") else county


def _is_ours(code: str, own: list[str], theirs: list[str]) -> bool:
    nearest = max((len(one) for one in own if code.startswith(one)), default=0)
    if nearest == 0 and not any(one.startswith(code) for one in own):
        return False
    return not any(code.startswith(one) and len(one) > nearest for one in theirs)


def _sister(settings: Settings, name: str) -> Sister:
    given = settings.sisters[name]
    if name == settings.deployment:
        raise _unusable(name, "这是本部署自己", "this is the deployment itself")
    try:
        key = read_verifier(given.key)
    except NoteRefused as refused:
        raise _unusable(name, str(refused), str(refused)) from refused
    return Sister(name, tuple(given.regions), key, given.kafka_bootstrap_servers)


def _unusable(name: str, zh: str, en: str) -> SisterUnusable:
    return SisterUnusable(
        f"KITELINE_SISTERS 中的 {name} 不可用：{zh}。", f"KITELINE_SISTERS: {name} cannot be used: {en}."
    )
