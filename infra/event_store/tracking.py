"""Records only how far other applications' notifications have been processed, for the library's projections."""

from eventsourcing.persistence import Tracking, TrackingRecorder

from infra.event_store.recorder import KitelineRecorder


class KitelineTracking(TrackingRecorder):
    """The library's tracking recorder, on the event store's own table; raises TrackingConflict when not ahead."""

    def __init__(self, recorder: KitelineRecorder) -> None:
        """Track through `recorder`, which others close."""
        self._recorder = recorder

    def insert_tracking(self, tracking: Tracking) -> None:
        """Store a position that is ahead of the stored one."""
        self._recorder.insert_tracking(tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Tell the stored position, None when there is none."""
        return self._recorder.max_tracking_id(application_name)
