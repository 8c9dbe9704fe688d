"""Plates, pushes and the XML within: what is told, and what anything at all does not break."""

import asyncio
import contextlib
import itertools

import aiohttp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers import registry
from drivers.interfaces.plate import Heading, Plate, PlateKind, Seen
from drivers.plate_camera import http
from drivers.plate_camera.codec import XML_BYTES_MAX, BadXml, fields, sighting
from drivers.plate_camera.driver import PlateCamera
from drivers.plate_camera.emulator import Car, event, push
from drivers.plate_camera.http import BODY_BYTES_MAX, HEAD_BYTES_MAX, Answer, Reading, Request
from drivers.plate_camera.plates import normalise
from drivers.plate_camera.traits import CameraTraits
from drivers.transport.address import AddressError, dial_for
from tests.drivers.printers import noon

PROFILE = registry.load_profiles()["hikvision.plate-camera"]
TRAITS = PROFILE.section(CameraTraits)

# As the vendor publishes it, shortened; the namespace is its own.
ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>192.0.0.64</ipAddress><macAddress>01:17:24:45:D9:F4</macAddress><channelID>1</channelID>
<dateTime>2026-03-02T09:41:00+08:00</dateTime><activePostCount>1</activePostCount>
<eventType>ANPR</eventType><eventState>active</eventState><UUID>5f1c1d70-8c1a-11e8-9c1c-000000000001</UUID>
<ANPR><licensePlate>粤B·D12345</licensePlate><confidenceLevel>97</confidenceLevel><plateType>newEnergy</plateType>
<direction>forward</direction><pictureInfoList><pictureInfo><fileName>licensePlatePicture.jpg</fileName></pictureInfo></pictureInfoList>
<originalLicensePlate>粤BD12345</originalLicensePlate></ANPR></EventNotificationAlert>"""


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("京A12345", "京A12345", PlateKind.ORDINARY),
        ("京A·12345", "京A12345", PlateKind.ORDINARY),
        ("京a 1234o", "京A12340", PlateKind.ORDINARY),
        ("沪AＤ1２345", "沪AD12345", PlateKind.NEW_ENERGY),
        ("粤BD12345", "粤BD12345", PlateKind.NEW_ENERGY),
        ("苏E12345D", "苏E12345D", PlateKind.NEW_ENERGY),
        ("粤Z1234港", "粤Z1234港", PlateKind.OTHER),
        ("京A1234警", "京A1234警", PlateKind.OTHER),
        ("使123456", "使123456", PlateKind.OTHER),
    ],
)
def test_a_plate_has_one_normal_form(text: str, number: str, kind: PlateKind) -> None:
    assert normalise(text) == (Plate(number), kind)


@pytest.mark.parametrize("text", ["", "无车牌", "unknown", "京12345", "京A1234", "京A1234567", "A12345", "X" * 100])
def test_what_is_no_plate_is_none(text: str) -> None:
    assert normalise(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_plate_or_none(text: str) -> None:
    found = normalise(text)
    assert found is None or normalise(found[0].reveal()) == found


def test_a_plate_hides_itself() -> None:
    seen = Seen(plate=Plate("粤BD12345"), kind=PlateKind.NEW_ENERGY)
    for shown in (repr(seen), str(seen.plate), f"{seen.plate}"):
        assert "345" in shown
        assert "粤BD12" not in shown


def test_reads_what_the_vendor_sends() -> None:
    seen = sighting(ALERT.encode(), TRAITS)
    assert seen is not None
    assert (seen.plate.reveal(), seen.kind, seen.confidence) == ("粤BD12345", PlateKind.NEW_ENERGY, 97)
    assert (seen.heading, seen.identity) == (Heading.APPROACHING, "5f1c1d70-8c1a-11e8-9c1c-000000000001")


@pytest.mark.parametrize(
    "changed",
    [("<eventType>ANPR", "<eventType>videoloss"), ("粤B·D12345", "无车牌"), ("<confidenceLevel>97", "<confidenceLevel>12")],
)
def test_tells_nothing_of_other_events(changed: tuple[str, str]) -> None:
    assert sighting(ALERT.replace(*changed).encode(), TRAITS) is None


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><b>&b;</b>'
OUTSIDE = '<!DOCTYPE b SYSTEM "file:///etc/passwd"><b/>'


@pytest.mark.parametrize(
    "xml",
    [BOMB, OUTSIDE, "<a>&unknown;</a>", "<a><b></a>", "", "<a/>" * 2, "<a>" * 20 + "</a>" * 20, "<a>" + "<b/>" * 2000 + "</a>",
     "<a>" + " " * XML_BYTES_MAX + "</a>"],
)  # fmt: skip
def test_refuses_xml_that_no_camera_sends(xml: str) -> None:
    with pytest.raises(BadXml):
        fields(xml.encode())


@given(st.binary(max_size=400))
@example(b"<?xml version='1.0' encoding='nonsense'?><a/>")
@example(b"<?xml version='1.0' encoding='utf-7'?><a/>")
def test_any_bytes_are_xml_or_none(data: bytes) -> None:
    try:
        assert isinstance(fields(data), dict)
    except BadXml:
        return


def read(data: bytes, cuts: list[int] | None = None) -> list[Request | Answer]:
    reading = Reading()
    edges = sorted({0, len(data), *(cut for cut in cuts or [] if cut <= len(data))})
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    return [outcome for outcome in map(reading.receive, pieces) if outcome is not None]


@given(st.lists(st.integers(0, 1200), max_size=10), st.binary(max_size=50))
@settings(deadline=None)
def test_cuts_do_not_matter(cuts: list[int], behind: bytes) -> None:
    request = push(event(Car(), TRAITS, noon()))
    (outcome,) = read(request + behind, cuts)
    assert isinstance(outcome, Request)
    seen = sighting(http.xml_of(outcome) or b"", TRAITS)
    assert seen is not None
    assert seen.plate.reveal() == "京A12345"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", Answer.METHOD_NOT_ALLOWED),
        (b"POST / HTTP/1.1\r\n\r\n", Answer.LENGTH_REQUIRED),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", Answer.LENGTH_REQUIRED),
        (f"POST / HTTP/1.1\r\nContent-Length: {BODY_BYTES_MAX + 1}\r\n\r\n".encode(), Answer.TOO_LARGE),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Answer.LENGTH_REQUIRED),
        (b"POST / HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES_MAX, Answer.TOO_LARGE),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", Answer.BAD_REQUEST),
    ],
)
def test_refuses_what_no_camera_sends(data: bytes, answer: Answer) -> None:
    assert read(data) == [answer]


@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=10))
@settings(deadline=None)
def test_any_bytes_end_in_at_most_one_outcome(data: bytes, cuts: list[int]) -> None:
    outcomes = read(data, cuts)
    assert outcomes == read(data, [])
    assert len(outcomes) <= 1


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_form_has_xml_or_none(body: bytes, boundary: str) -> None:
    for kind in (f"multipart/form-data; boundary={boundary}", "application/xml", boundary):
        found = http.xml_of(Request(kind, body))
        assert found is None or found in body


async def test_hears_a_camera_on_a_real_port_and_nobody_else(unused_tcp_port: int) -> None:
    """170 kB pictures, two forms, a stranger and a monster."""
    camera = PlateCamera("camera-1", PROFILE, dial_for(f"listen://127.0.0.1:{unused_tcp_port}/127.0.0.1", PROFILE.serial))
    heard: asyncio.Queue[object] = asyncio.Queue()
    camera.subscribe(heard.put_nowait)
    await camera.open()
    await heard.get()  # online
    url = f"http://127.0.0.1:{unused_tcp_port}/plate"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        for plate in ("京A12345", "京A12345", "沪AD12345"):
            form = aiohttp.FormData()
            xml = event(Car(plate=plate), TRAITS, noon())
            form.add_field("anpr.xml", xml.encode(), filename="anpr.xml", content_type="application/xml")
            form.add_field("detectionPicture.jpg", b"\xff\xd8" + bytes(170_000), filename="d.jpg", content_type="image/jpeg")
            async with session.post(url, data=form) as answer:
                assert answer.status == 200
        async with session.put(url, data=b"<a", headers={"Content-Type": "application/xml"}) as answer:
            assert answer.status == 400
        async with session.post(url, data=b"x", headers={"Content-Length": str(BODY_BYTES_MAX + 1)}) as answer:
            assert answer.status == 413
    seen = [heard.get_nowait() for _ in range(heard.qsize())]
    assert [one.plate.reveal() for one in seen if isinstance(one, Seen)] == ["京A12345", "沪AD12345"]
    await camera.close()


async def test_lets_no_stranger_in(unused_tcp_port: int) -> None:
    camera = PlateCamera("camera-1", PROFILE, dial_for(f"listen://127.0.0.1:{unused_tcp_port}/127.0.0.9", PROFILE.serial))
    await camera.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
    writer.write(push(event(Car(), TRAITS, noon())))
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    await camera.close()


@pytest.mark.parametrize("address", ["listen://127.0.0.1:8090", "listen://127.0.0.1:8090/host", "listen:///10.0.0.1"])
def test_an_address_names_who_may_call(address: str) -> None:
    with pytest.raises(AddressError):
        dial_for(address, PROFILE.serial)
