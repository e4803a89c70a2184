"""Make domain/workdays.tsv, the days that differ from Monday to Friday, from the `chinesecalendar` package (MIT).

Run it with a Python in which `chinesecalendar` is installed; docs/regions.md says how and when.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
from chinese_calendar.constants import holidays

OUTPUT = Path(__file__).parent.parent / "domain" / "workdays.tsv"
SATURDAY = 5


def main() -> None:
    """Write one line for each day that is a weekday and free, or a weekend day and worked."""
    first, last = min(holidays).year, max(holidays).year
    day, counts = date(first, 1, 1), {"free": 0, "worked": 0}
    lines = [f"{first}\t{last}"]
    while day.year <= last:
        worked = chinese_calendar.is_workday(day)
        if worked != (day.weekday() < SATURDAY):
            kind = "worked" if worked else "free"
            counts[kind] += 1
            lines.append(f"{day}\t{kind}")
        day += timedelta(days=1)
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{first} to {last}: {counts['free']} free weekdays, {counts['worked']} worked weekend days")


if __name__ == "__main__":
    main()
