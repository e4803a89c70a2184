"""Three places with the same things in each: the caller's own, one that an agreement shows, and a foreign one."""

from __future__ import annotations

from dataclasses import dataclass, field

from infra.tokens.principal import Role
from tests.running_service import Person, Running, synthetic_identity_number


@dataclass
class Place:
    """An organisation in a region with a member away from there, and one of each thing that has an id."""

    name: str
    organisation: str
    region: str
    ids: dict[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """Replace {names} by this place's own."""
        for name, value in {"organisation": self.organisation, "region": self.region, **self.ids}.items():
            text = text.replace("{" + name + "}", value)
        return text


def made(running: Running, place: Place, elsewhere: str) -> Place:
    """Record what the place has; its member goes from it to `elsewhere`, which is no other place's."""
    code, department = place.organisation, running.department
    sister = running.as_role("sister_system", region=place.region)
    department.organise(code, place.region, kind="COMMITTEE")
    department.organise(f"{code}-1", place.region, parent=code)
    member = department.register(code)
    again = department.register(code)
    department.command(member, "report-departure", "2025-03-01", destination={"region": elsewhere})
    departed = department.command(member, "depart", "2025-03-05")
    venue = department.record("/v1/venues", name="样例站", region=place.region, organisation=code, kind="STATION")[
        "stream"
    ]
    issued = department.record(f"/v1/venues/{venue}/codes", organisation=code)
    person = f"测试,{synthetic_identity_number()},{code},2025-03-05,{elsewhere}"
    file = f"姓名,公民身份号码,流出党支部,流出时间,流入地\n{person}\n"
    imported = department.http.post(
        "/v1/imports",
        files={"file": ("台账.csv", file.encode(), "text/csv")},
        data={"organisation": code},
        headers={"Idempotency-Key": f"import-{code}"},
    ).json()
    place.ids = {
        "member": member,
        "other": again,
        "event": departed["events"][0]["event_id"],
        "venue": venue,
        "code": issued["events"][0]["event_id"],
        "code_text": issued["code"],
        "post": department.record("/v1/posts", title="样例岗位", places=1, organisation=code)["stream"],
        "activity": department.record(
            "/v1/activities", kind="THEME_DAY", held_at="2025-03-08", hours=1, organisation=code
        )["stream"],
        "merge": department.record("/v1/merges", kept=member, absorbed=again, organisation=code)["stream"],
        "import": imported["import_id"],
        "subscription": sister.record("/v1/subscriptions", url="https://127.0.0.1:9/in", region=place.region)[
            "subscription_id"
        ],
        "liaison": f"liaison-{code}",
    }
    return place


def caller(running: Running, role: Role, place: Place) -> Person:
    """Return somebody with this role at the place."""
    if role is Role.MEMBER:
        return running.as_role(role, member=place.ids["member"])
    if role in (Role.LIAISON, Role.BRANCH_SECRETARY, Role.COMMUNITY_WORKER):
        return running.as_role(role, organisation=place.organisation)
    return running.as_role(role, region=place.region)
