"""Follows the log for the library's `subscribe`: polls, and wakes sooner when this process has stored something."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from eventsourcing.persistence import Notification, Subscription

if TYPE_CHECKING:
    from infra.event_store.recorder import KitelineRecorder

_PAGE = 500
_POLL_SECONDS = 0.1


class LogSubscription(Subscription["KitelineRecorder"]):
    """Notifications after `gt`, in order, for ever; `stop` ends the iteration from any thread."""

    def __init__(self, recorder: "KitelineRecorder", gt: int | None, topics: Sequence[str]) -> None:
        """Follow `recorder` from the position after `gt`."""
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._page: list[Notification] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._page:
                return self._page.pop()
            last = self._last_notification_id or 0
            found = self._recorder.select_notifications(last, _PAGE, topics=self._topics, inclusive_of_start=False)
            if found:
                self._last_notification_id = found[-1].id
                self._page = list(reversed(found))
            else:
                self._recorder.wait_for_news(_POLL_SECONDS)
        raise StopIteration
