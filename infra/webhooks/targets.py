"""Where webhooks may go: to public addresses by HTTPS, elsewhere only where the deployment's setting allows it.

A subscriber names the address that we connect to, so it must not lead inside: not to loopback, private, link-local or
otherwise special addresses, whatever the name says today. The name is resolved for every attempt, and the connection
is made to an address that was looked at, not to the name again.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""Looks a host and port up; returns addresses as text. Raises OSError."""

LONGEST_URL: Final = 2_000
_PORTS: Final = {"https": 443, "http": 80}
# An IPv4 address behind a gateway (RFC 6052, RFC 8215); what it leads to is what counts.
_TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class TargetRefused(ValueError):
    """Webhooks may not go there; `code` is `unreadable` for a URL that is none, else `target_not_allowed`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: `host` in lower case as names are looked up, `path` with its query."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_target(url: str) -> Target:
    """Take a URL apart.

    Raises TargetRefused (`unreadable`) for what is no absolute http(s) URL, has a user or a fragment, or is too long.
    """
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url or len(url) > LONGEST_URL:
        raise TargetRefused("unreadable", f"not visible ASCII of at most {LONGEST_URL} characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise TargetRefused("unreadable", str(error)) from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or parts.username is not None or parts.fragment or port == 0:
        raise TargetRefused("unreadable", "not an http or https URL without user and fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url, scheme, host.lower().rstrip("."), port or _PORTS[scheme], path)


@dataclass(frozen=True, slots=True)
class AllowedTargets:
    """What the deployment allows beside the public network: hosts by name, and ranges of addresses."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, text: str) -> AllowedTargets:
        """Read hosts and CIDRs, separated by commas or white space. Raises ValueError."""
        hosts, networks = set(), []
        for entry in text.replace(",", " ").split():
            try:
                networks.append(ip_network(entry))
            except ValueError:
                if "/" in entry or ":" in entry:
                    message = f"{entry} is neither a host name nor a CIDR"
                    raise ValueError(message) from None
                hosts.add(entry.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def permitted(self, target: Target, resolve: Resolve) -> list[str]:
        """Look the host up once, and return the addresses that may be connected to, in the resolver's order.

        Raises TargetRefused (`target_not_allowed`) where there is none: also for a name that is not known, so that
        nobody learns from the answer which names there are inside.
        """
        try:
            found = list(dict.fromkeys(resolve(target.host, target.port)))
        except (OSError, UnicodeError):
            found = []
        allowed = [address for address in found if self._may_go(target, address)]
        if not allowed:
            raise TargetRefused("target_not_allowed", "the host has no address that webhooks may go to")
        return allowed

    def _may_go(self, target: Target, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if target.host in self.hosts or any(found in network for network in self.networks):
            return True
        return target.scheme == "https" and is_public(found)


def is_public(address: Address) -> bool:
    """Whether an address is of the public network; one that wraps an IPv4 address is what that is."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address.is_site_local:
            return False  # fec0::/10, private till RFC 3879, and still so wherever it is routed
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def look_up(host: str, port: int) -> list[str]:
    """Resolve a host as the system does; blocks. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a mapped, 6to4, Teredo or translated one leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
