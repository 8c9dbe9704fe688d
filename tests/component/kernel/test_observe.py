"""Logs without personal data, metrics that scrape, and a health that judges."""

import base64
import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from edge.kernel.health import Health, Readings, Status, assess
from edge.kernel.notices import Notice
from edge.kernel.observe import METRICS_CONTENT_TYPE, Metrics, configure_logging
from edge.kernel.redaction import PERSONAL_KEYS, clean, redact
from edge.kernel.supervise import Snapshot, State

# --- what must not come out

ID_CARDS = st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{9}[0-9Xx]", fullmatch=True)
OLD_ID_CARDS = st.from_regex(r"[1-9][0-9]{14}", fullmatch=True)
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
CARDS = st.from_regex(r"[1-9][0-9]{12,18}", fullmatch=True)
NUMBERS = st.one_of(ID_CARDS, OLD_ID_CARDS, PHONES, CARDS)
SEPARATORS = st.sampled_from(["", "", " ", "-", "  ", "\u2013", "\u00a0"])


@st.composite
def written(draw: st.DrawFn) -> str:
    """A person's number as people write it: grouped, hyphenated, full-width."""
    number = draw(NUMBERS)
    size, separator = draw(st.integers(3, 6)), draw(SEPARATORS)
    grouped = separator.join(number[at : at + size] for at in range(0, len(number), size))
    wide = draw(st.booleans())
    return grouped.translate({ord("0") + n: ord("０") + n for n in range(10)}) if wide else grouped


AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def sentences(draw: st.DrawFn) -> str:
    return draw(AROUND) + draw(written()) + draw(AROUND)


def events() -> st.SearchStrategy[dict[str, Any]]:
    """Events with numbers of people anywhere: in texts, as integers, as keys, nested."""
    keys = st.one_of(st.sampled_from(["event", "note", "error", "reason"]), sentences())
    leaves = st.one_of(
        sentences(), NUMBERS.filter(str.isdigit).map(int), st.floats(allow_nan=False), st.booleans(), st.binary(max_size=9)
    )
    values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
    return st.dictionaries(keys, values, max_size=5)


def texts_of(value: Any) -> Iterator[str]:
    """Every key and every value of a line, as text."""
    match value:
        case dict():
            for key, inner in value.items():
                yield key
                yield from texts_of(inner)
        case list():
            for inner in value:
                yield from texts_of(inner)
        case _:
            yield str(value)


def digits_in_a_row(text: str) -> int:
    """The longest run of digits in any alphabet, spaces and hyphens not counted."""
    runs = re.findall(r"\d(?:[\s\-\u2010-\u2015]{0,2}\d)*", text)
    return max((len(re.sub(r"\D", "", run)) for run in runs), default=0)


@given(events())
def test_no_number_of_a_person_reaches_a_log_line(event: dict[str, Any]) -> None:
    line = json.dumps(redact(None, "info", event), ensure_ascii=False)
    assert max((digits_in_a_row(text) for text in texts_of(json.loads(line))), default=0) < 11


@given(before=st.sampled_from(["", "token=", "Bearer ", "/api/t/", "“"]), secret=st.binary(min_size=16, max_size=48))
def test_no_token_reaches_a_log_line(before: str, secret: bytes) -> None:
    """Of a base64 token only those that could pass for words are excepted: one in fifty thousand."""
    encoded = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    wordlike = re.fullmatch(r"[A-Z]*[0-9]{0,4}|[a-z0-9_-]*|([a-z]*([A-Z][a-z]{2,})*[0-9]{0,4}[_-]?)*", encoded)
    for token in [secret.hex()] if wordlike else [secret.hex(), encoded]:
        assert token not in redact(None, "info", {"event": before + token})["event"]


@given(
    key=st.sampled_from(sorted(PERSONAL_KEYS)), value=st.text(min_size=3, max_size=20).filter(lambda t: t not in "[personal]")
)
def test_what_is_personal_by_name_never_comes_out_however_deep(key: str, value: str) -> None:
    shown = clean({"customer": [{key: value}, {key.upper(): {"inner": value}}]})
    assert shown == {"customer": [{key: "[personal]"}, {key.upper(): "[personal]"}]}


@pytest.mark.parametrize(
    "event",
    [
        {"event": "ticket_called", "ticket": "06fq1a2b3c4d5e6f7g8h9j0", "counter": "2", "number": "A003", "waited_s": 312.5},
        {"event": "database_restored", "at_ms": 1_795_000_000_000, "lost_after_seq": 12_000, "free_bytes": 120_000_000_000},
        {
            "event": "task_failed",
            "task": "printer-1",
            "error": "ServerDisconnectedError",
            "retry_s": 0.5,
            "last": True,
            "x": None,
        },
        {"event": "listening", "where": "127.0.0.1:8080", "file": "/usr/lib/python3.11/asyncio/selector_events.py"},
        {"event": "clock_stepped", "to": "2026-11-23T14:49:10.123456Z", "from": "2026-11-23 14:49:10"},
        {"event": "叫号", "queue": "personal.gold", "waiting": 34},
    ],
)
def test_facts_come_through_unchanged(event: dict[str, Any]) -> None:
    assert redact(None, "info", event) == event


def test_bounds_keep_a_line_readable() -> None:
    shown = redact(None, "info", {"text": "x" * 100_000, "list": list(range(1000)), "raw": b"\x00" * 7, "f": 0.1234567890123})
    assert (len(shown["text"]), len(shown["list"]), shown["raw"], shown["f"]) == (8001, 64, "[7 bytes]", 0.123457)
    deep: Any = "end"
    for _ in range(20):
        deep = [deep]
    assert "[deep]" in str(clean(deep))


# --- lines


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    configure_logging(stream, level="info")
    yield stream
    structlog.reset_defaults()
    root.handlers, root.level = before


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_and_event_first(stream: io.StringIO) -> None:
    structlog.get_logger().info("ticket_issued", queue="personal.normal", phone="13812341234", waiting=3)
    structlog.get_logger().debug("not at this level")
    (line,) = lines_of(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {"level": "info", "event": "ticket_issued", "queue": "personal.normal", "phone": "[personal]", "waiting": 3}


def test_an_exception_is_logged_with_its_trace_and_without_the_number_in_it(stream: io.StringIO) -> None:
    try:
        int("11010519491231002X")
    except ValueError:
        structlog.get_logger().exception("import_failed")
    (line,) = lines_of(stream)
    assert "ValueError: invalid literal for int() with base 10: '[number]'" in line["exception"]
    assert "test_observe.py" in line["exception"]


def test_lines_of_libraries_take_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.server").error("error at %s", "/api/t/Zm9vYmFyMTIzNDU2Nzg5MA")
    logging.getLogger("aiohttp.access").info("GET /")
    (line,) = lines_of(stream)
    assert (line["level"], line["event"]) == ("error", "error at /api/t/[token]")


# --- metrics


def test_metrics_are_in_a_registry_of_their_own_and_scrape() -> None:
    metrics, another = Metrics(), Metrics()
    metrics.commands.labels("queue.call_next", "done").inc()
    metrics.group_jobs.observe(7)
    metrics.commit_seconds.observe(0.0003)
    metrics.wal_pages.set_function(lambda: 12)
    metrics.outbox.labels("queue.print_slip", "ready").set(2)
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }
    assert samples["branchbox_commands_total", "done", "queue.call_next"] == 1
    assert samples["branchbox_wal_pages",] == 12
    assert samples["branchbox_group_jobs_bucket", "8.0"] == 1
    assert samples["branchbox_commit_seconds_count",] == 1
    assert samples["branchbox_outbox_effects", "queue.print_slip", "ready"] == 2
    assert b"queue.call_next" not in another.render()
    assert METRICS_CONTENT_TYPE.startswith("text/plain")


# --- health

WELL = Readings(
    waiting_jobs=0,
    waiting_jobs_max=4096,
    wal_pages=200,
    storage_failed=False,
    reserve_there=True,
    disk_free_bytes=50 * 1024**3,
    backup_age_s=1800,
    backup_every_s=3600,
    clock_suspect=False,
    safe_mode=False,
    head_office_silent_s=20,
    effect_waits_s=0,
    tasks=(Snapshot("printer-1", State.RUNNING, 3, 500, ""), Snapshot("import", State.DONE, 0, 1, "")),
    essential_tasks=frozenset({"effects"}),
    notices=(),
)


def not_ok(health: Health) -> list[tuple[str, str, str]]:
    return [(check.name, check.status.value, check.code) for check in health.checks if check.status is not Status.OK]


def test_a_well_box_is_ok_and_every_check_answers() -> None:
    health = assess(WELL)
    assert (health.status, health.http_status, not_ok(health)) == (Status.OK, 200, [])
    assert [check.name for check in health.checks] == [
        "writer",
        "disk",
        "backup",
        "clock",
        "head_office",
        "effects",
        "tasks",
        "start",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"waiting_jobs": 2048}, ("writer", "degraded", "busy")),
        ({"waiting_jobs": 4000}, ("writer", "failing", "overloaded")),
        ({"storage_failed": True, "waiting_jobs": 4096}, ("writer", "failing", "storage_failed")),
        ({"wal_pages": 9000}, ("writer", "degraded", "wal_long")),
        ({"reserve_there": False}, ("disk", "failing", "disk_full")),
        ({"disk_free_bytes": 10**9}, ("disk", "degraded", "disk_low")),
        ({"backup_age_s": None}, ("backup", "degraded", "backup_missing")),
        ({"backup_age_s": 3601 * 3}, ("backup", "degraded", "backup_old")),
        ({"clock_suspect": True}, ("clock", "degraded", "clock_suspect")),
        ({"head_office_silent_s": 901}, ("head_office", "degraded", "head_office_silent")),
        ({"effect_waits_s": 61}, ("effects", "degraded", "effects_waiting")),
        ({"safe_mode": True}, ("start", "degraded", "safe_mode")),
        ({"tasks": [Snapshot("pad", State.WAITING, 2, 1, "OSError")]}, ("tasks", "degraded", "task_waiting")),
        ({"tasks": [Snapshot("pad", State.GIVEN_UP, 9, 1, "OSError")]}, ("tasks", "degraded", "task_given_up")),
        ({"tasks": [Snapshot("effects", State.GIVEN_UP, 9, 1, "KeyError")]}, ("tasks", "failing", "task_given_up")),
        (
            {"notices": [Notice(id="n", code="restored_from_backup", at_ms=1, facts={"lost_after_seq": 7})]},
            ("start", "degraded", "restored_from_backup"),
        ),
    ],
)
def test_what_is_wrong_is_named_and_weighed(change: dict[str, Any], expected: tuple[str, str, str]) -> None:
    health = assess(replace(WELL, **change))
    assert not_ok(health) == [expected]
    assert health.status.value == expected[1]
    assert health.http_status == (503 if expected[1] == "failing" else 200)


def test_without_a_head_office_its_silence_is_no_fault() -> None:
    assert assess(replace(WELL, head_office_silent_s=None)).status is Status.OK


def test_the_whole_is_as_bad_as_its_worst_part() -> None:
    assert assess(replace(WELL, clock_suspect=True, reserve_there=False)).status is Status.FAILING
