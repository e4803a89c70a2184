"""Webhooks go to public addresses, and inside only where the setting says so, whatever a name resolves to."""

from ipaddress import ip_address

import pytest

from infra.settings import SettingsError, load_settings
from infra.webhooks.targets import AllowedTargets, TargetRefused, is_public, look_up, read_target

INSIDE = """
127.0.0.1 127.255.255.254 10.1.1.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1
255.255.255.255 192.0.2.1 198.18.0.1 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd12::1 ff02::1 ::ffff:127.0.0.1
::ffff:169.254.169.254 ::127.0.0.1 2002:7f00:1:: 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2001:db8::1
2001:0:4136:e378:8000:63bf:3fff:fdd2 fec0::1 feff::1
""".split()  # noqa: SIM905 - a table
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_special_addresses_are_not_public_however_they_are_wrapped(address: str):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_public_network_are_public(address: str):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "localhost", "[::1]", "0"]
)
def test_loopback_is_refused_however_it_is_written(host: str):
    with pytest.raises(TargetRefused) as refused:
        AllowedTargets().permitted(read_target(f"https://{host}/hook"), look_up)
    assert refused.value.code == "target_not_allowed"


def answering(*addresses: str):
    return lambda _host, _port: list(addresses)


def unknown(_host: str, _port: int) -> list[str]:
    raise OSError("no such name")


def test_of_several_addresses_only_those_outside_are_connected_to():
    target = read_target("https://sister.example/hook")
    assert AllowedTargets().permitted(target, answering("10.0.0.1", "8.8.8.8", "8.8.8.8", "::1")) == ["8.8.8.8"]


def test_a_name_inside_and_a_name_that_is_not_known_are_refused_alike():
    told = []
    for resolve in (answering("10.0.0.1"), answering(), unknown, answering("not an address")):
        with pytest.raises(TargetRefused) as refused:
            AllowedTargets().permitted(read_target("https://database.internal/hook"), resolve)
        told.append((refused.value.code, str(refused.value)))
    assert len(set(told)) == 1


def test_plain_http_goes_only_where_the_setting_allows():
    with pytest.raises(TargetRefused):
        AllowedTargets().permitted(read_target("http://sister.example/hook"), answering("8.8.8.8"))
    allowed = AllowedTargets.read("10.0.0.0/8, Gateway.Internal fd00::/8")
    assert allowed.permitted(read_target("http://sister.example/"), answering("10.9.9.9", "8.8.8.8")) == ["10.9.9.9"]
    assert allowed.permitted(read_target("http://gateway.internal./"), answering("192.168.0.7")) == ["192.168.0.7"]
    assert allowed.permitted(read_target("http://sister.example/"), answering("fd00::7")) == ["fd00::7"]
    with pytest.raises(TargetRefused):
        allowed.permitted(read_target("https://other.internal/"), answering("192.168.0.7"))


@pytest.mark.parametrize(
    "url",
    [
        "", "sister.example/hook", "ftp://sister.example/", "file:///etc/passwd", "https:///hook", "https://u:p@x.example/",
        "https://u@x.example/", "https://x.example/#part", "https://x.example:0/", "https://x.example:99999/",
        "https://x.example/a b", "https://x.example/\r\nHost: y", "https://[::1/", "https://民勤.example/",
        "https://x.example\\@127.0.0.1/", "https://x.example/" + "a" * 2_000, "gopher://x.example/", "javascript:1",
    ],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused(url: str):
    with pytest.raises(TargetRefused) as refused:
        read_target(url)
    assert refused.value.code == "unreadable"


def test_a_url_is_taken_apart_as_it_will_be_sent():
    target = read_target("HTTPS://Sister.Example:8443/a/%E6%B0%91?x=1&y=%20")
    assert (target.scheme, target.host, target.port) == ("https", "sister.example", 8443)
    assert (target.path, target.authority) == ("/a/%E6%B0%91?x=1&y=%20", "sister.example:8443")
    assert read_target("https://sister.example").path == "/"
    assert read_target("https://[2606:4700::1111]:444/").authority == "[2606:4700::1111]:444"


def test_a_setting_that_cannot_be_read_is_said_at_the_start():
    read = load_settings({"KITELINE_WEBHOOK_ALLOWED_TARGETS": "127.0.0.1/32, receiver.internal"})
    assert AllowedTargets.read(read.webhook_allowed_targets).hosts == {"receiver.internal"}
    with pytest.raises(SettingsError) as refused:
        load_settings({"KITELINE_WEBHOOK_ALLOWED_TARGETS": "10.0.0.0/33"})
    assert "KITELINE_WEBHOOK_ALLOWED_TARGETS" in refused.value.en
