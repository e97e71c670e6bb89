"""Tests talk to nobody but this machine: connecting, sending or looking up a name elsewhere is refused."""

import ipaddress
import sys
from typing import Any


class Elsewhere(BaseException):
    """Not an Exception, so that code which forgives a network that is down does not forgive this."""


def is_here(host: object) -> bool:
    name = host.decode(errors="replace") if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in {"", "localhost"}:
        return True  # a Unix socket has no host
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
    else:
        return
    if not is_here(host):
        raise Elsewhere(f"a test reaches for {host!r}")


def stay() -> None:
    """For the rest of this process: what listens to Python's own events cannot be taken off again."""
    sys.addaudithook(_watch)
