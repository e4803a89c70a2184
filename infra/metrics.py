"""The figures at `/metrics`: base units, no ids in labels, moments rather than ages."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

HEAD_POSITION = Gauge("kiteline_log_head_position", "Last position of the log.", registry=REGISTRY)
LAST_APPEND = Gauge(
    "kiteline_log_last_append_timestamp_seconds", "When the last position was recorded, Unix time.", registry=REGISTRY
)
APPEND_SAVES = Histogram(
    "kiteline_append_batch_saves",
    "Saves gathered into one transaction.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
    registry=REGISTRY,
)
APPEND_SECONDS = Histogram(
    "kiteline_append_duration_seconds",
    "One append transaction, commit included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
    registry=REGISTRY,
)
COMMANDS = Counter(
    "kiteline_commands",
    "Commands by name and outcome: recorded, replayed, or the code of the problem.",
    ("command", "outcome"),
    registry=REGISTRY,
)
PROJECTION_POSITION = Gauge(
    "kiteline_projection_position",
    "Position of the log that a read model reflects; its lag is the head's position less this.",
    ("projection",),
    registry=REGISTRY,
)
PROJECTION_TIMESTAMP = Gauge(
    "kiteline_projection_last_write_timestamp_seconds",
    "When a read model was last written, Unix time.",
    ("projection",),
    registry=REGISTRY,
)
PARKED_MEMBERS = Gauge(
    "kiteline_projection_parked_members",
    "Members whose events could not be folded and wait for a person.",
    ("projection",),
    registry=REGISTRY,
)
TREE_SIZE = Gauge("kiteline_log_tree_leaves", "Leaves of the log's Merkle tree.", registry=REGISTRY)
CHECKPOINT_SIZE = Gauge("kiteline_log_checkpoint_leaves", "Leaves in the last checkpoint signed.", registry=REGISTRY)
CHECKPOINT_TIMESTAMP = Gauge(
    "kiteline_log_checkpoint_timestamp_seconds", "When a checkpoint was last signed, Unix time.", registry=REGISTRY
)
PUBLISHER_LEADING = Gauge(
    "kiteline_publisher_leading", "Whether this process publishes to Kafka (one does at a time).", registry=REGISTRY
)
PUBLISHER_BEHIND = Gauge(
    "kiteline_publisher_entries_behind", "Entries of feeds that no broker has acknowledged yet.", registry=REGISTRY
)
PUBLISHER_REGIONS_BEHIND = Gauge(
    "kiteline_publisher_regions_behind", "Regions with entries that no broker has acknowledged yet.", registry=REGISTRY
)
PUBLISHER_OLDEST = Gauge(
    "kiteline_publisher_oldest_unpublished_timestamp_seconds",
    "When the oldest entry that no broker has acknowledged was recorded, Unix time; 0 where there is none.",
    registry=REGISTRY,
)
PUBLISHER_LOOKED = Gauge(
    "kiteline_publisher_last_look_timestamp_seconds",
    "When the figures of publishing were last taken from the feeds' own heads, Unix time.",
    registry=REGISTRY,
)
PUBLISHER_REFUSED = Gauge(
    "kiteline_publisher_refused_topics",
    "Topics that nothing is published to: another partition count, or no right to them.",
    registry=REGISTRY,
)
PUBLISHER_ACKNOWLEDGED = Counter(
    "kiteline_publisher_acknowledged", "Entries that the brokers acknowledged.", registry=REGISTRY
)
PUBLISHER_LAST_ACKNOWLEDGED = Gauge(
    "kiteline_publisher_last_acknowledged_timestamp_seconds",
    "When an entry was last acknowledged, Unix time.",
    registry=REGISTRY,
)
PUBLISHER_REPUBLISHED = Counter(
    "kiteline_publisher_republished",
    "Regions published again from their start, by reason; all but `asked` mean that Kafka lost what it had.",
    ("reason",),
    registry=REGISTRY,
)
WITNESSED = Counter(
    "kiteline_witness_checkpoints",
    "Sisters' checkpoints cosigned, or refused as no continuation.",
    ("outcome",),
    registry=REGISTRY,
)
COSIGNATURES = Counter(
    "kiteline_log_cosignatures", "Requests to witnesses to cosign our checkpoints.", ("outcome",), registry=REGISTRY
)
WEBHOOK_ATTEMPTS = Counter(
    "kiteline_webhook_attempts", "Attempts to deliver an event to a subscriber.", ("outcome",), registry=REGISTRY
)
WEBHOOK_SUBSCRIPTIONS = Gauge(
    "kiteline_webhook_subscriptions",
    "Webhook subscriptions by status; told by the process that sends.",
    ("status",),
    registry=REGISTRY,
)
WEBHOOK_BEHIND = Gauge(
    "kiteline_webhook_entries_behind",
    "Entries of feeds that active subscriptions have not dealt with, all together.",
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "kiteline_http_request_duration_seconds",
    "Requests by method, route template and status class.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
FOREIGN_EVENTS = Counter(
    "kiteline_foreign_events",
    "Events of sister deployments by what became of them: recorded, known, passed_over or put_aside.",
    ("outcome",),
    registry=REGISTRY,
)
FOREIGN_BEHIND = Gauge(
    "kiteline_foreign_events_behind",
    "Events of a region's topic that have not been read yet, against its true end.",
    ("region",),
    registry=REGISTRY,
)
QUARANTINED = Gauge(
    "kiteline_quarantine_events",
    "Events of sister deployments that wait for a person or an introduction, by reason.",
    ("reason",),
    registry=REGISTRY,
)
FEED_STREAMS = Gauge("kiteline_feed_streams", "Streams of feeds that are open.", registry=REGISTRY)
FEED_STREAMS_ENDED = Counter(
    "kiteline_feed_streams_ended",
    "Streams of feeds that ended: left, slow (cut off), stopped, refused, failed.",
    ("outcome",),
    registry=REGISTRY,
)
FEED_EVENTS_SENT = Counter(
    "kiteline_feed_events_sent", "Events of feeds sent, by channel.", ("channel",), registry=REGISTRY
)
IMPORT_ROWS = Counter("kiteline_import_rows", "Rows of registers by outcome.", ("outcome",), registry=REGISTRY)


def exposition() -> tuple[bytes, str]:
    """Return the body of `/metrics` and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
