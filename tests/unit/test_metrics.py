"""The figures at /metrics keep to base units, and no label can hold an id."""

from infra import metrics

LABELS_WITHOUT_IDS = {"projection", "reason", "region", "command", "outcome", "method", "route", "status", "le"}
LABELS_WITHOUT_IDS |= {"channel"}


def test_every_figure_is_ours_or_the_processs_and_says_what_it_is():
    for family in metrics.REGISTRY.collect():
        assert family.name.startswith(("kiteline_", "process_", "python_"))
        assert family.documentation


def test_labels_hold_codes_only():
    for metric in vars(metrics).values():
        assert set(getattr(metric, "_labelnames", ())) <= LABELS_WITHOUT_IDS


def test_times_are_moments_and_not_ages():
    names = {family.name for family in metrics.REGISTRY.collect()}

    assert "kiteline_log_last_append_timestamp_seconds" in names
    assert not [name for name in names if name.endswith(("_age_seconds", "_lag_seconds", "_ms", "_milliseconds"))]


def test_the_exposition_holds_what_was_counted():
    metrics.COMMANDS.labels("told-in-this-test", "recorded").inc(3)
    metrics.HEAD_POSITION.set(41)

    body, content_type = metrics.exposition()

    assert b'kiteline_commands_total{command="told-in-this-test",outcome="recorded"} 3.0' in body
    assert b"kiteline_log_head_position 41.0" in body
    assert content_type.startswith("text/plain")
