"""The figures of `python -m tests.sim.drain` are made by code that works; the marks themselves are for `make bench`."""

import asyncio
import socket

import pytest

from tests.sim.drain import MARK_BYTES, drain, filled, head_office, storm


@pytest.mark.slow
def test_a_branch_drains_and_many_storm() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with head_office(port) as url:
        drained = asyncio.run(drain(url, ("127.0.0.1", port), filled("0001", 3000)))
        stormed = asyncio.run(storm(url, events=1000))
    assert drained.events == 3000
    assert drained.bytes_per_event <= MARK_BYTES
    assert drained.received_s <= drained.shown_s
    assert stormed.ratio > 0
