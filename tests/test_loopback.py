"""No test reaches another machine; on this one, everything goes on."""

import socket
import urllib.request
from pathlib import Path

import pytest

from tests.loopback import Elsewhere

ELSEWHERE = "192.0.2.1"  # an address kept for examples


def test_a_connection_elsewhere_is_refused() -> None:
    with socket.socket() as tcp:
        with pytest.raises(Elsewhere, match=ELSEWHERE):
            tcp.connect((ELSEWHERE, 80))
        with pytest.raises(Elsewhere):
            tcp.connect_ex((ELSEWHERE, 80))
    with socket.socket(type=socket.SOCK_DGRAM) as udp, pytest.raises(Elsewhere):
        udp.sendto(b"", (ELSEWHERE, 53))
    with socket.socket(socket.AF_INET6) as tcp, pytest.raises(Elsewhere):
        tcp.connect(("2001:db8::1", 80))


def test_a_name_elsewhere_is_not_even_looked_up() -> None:
    with pytest.raises(Elsewhere, match=r"example\.org"):
        urllib.request.urlopen("http://example.org/", timeout=1)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_this_machine_is_within_reach(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect((name, server.getsockname()[1]))


def test_so_is_a_unix_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        client.connect(str(tmp_path / "socket"))
