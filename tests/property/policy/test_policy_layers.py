"""Whatever the levels say, in whatever order: locks are monotone, the result is one, and strangers have no say."""

from typing import Annotated, Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.domain import Context
from edge.policy import decide
from edge.policy import model as m
from edge.policy.events import DocumentAccepted, DocumentRefused
from edge.policy.keys import Catalogue, Key, Layer, Level, Merge, effective, refused_by
from edge.policy.tables import PlaceRow
from sync.documents import canonical, sign_document
from sync.keys import SigningKey
from tests.scenarios.hall import ZONE

SAID = (Level.HEAD_OFFICE, Level.REGION, Level.OUTLET, Level.TEMPORARY)
Number = Annotated[int, msgspec.Meta(ge=0, le=20)]
HEAD_OFFICE = SigningKey(bytes(31) + b"\1")


def key(merge: Merge, lowest: Level = Level.TEMPORARY) -> Key[Any]:
    if merge is Merge.MERGE_BY_ID:
        return Key(name="x.table", kind=dict[str, Number], default={}, zh="表", en="table", merge=merge, lowest=lowest)
    return Key(name="x.number", kind=Number | None, default=None, zh="数", en="number", merge=merge, lowest=lowest)


def values(merge: Merge) -> st.SearchStrategy[Any]:
    numbers = st.integers(0, 20)
    return st.dictionaries(st.sampled_from("abc"), numbers) if merge is Merge.MERGE_BY_ID else st.none() | numbers


@st.composite
def said(draw: st.DrawFn) -> tuple[Key[Any], list[Layer]]:
    """A key and what some of the levels say about it."""
    merge = draw(st.sampled_from(list(Merge)))
    levels = draw(st.lists(st.sampled_from(SAID), unique=True))
    layers = [Layer(level, draw(values(merge)), lock=draw(st.booleans())) for level in levels]
    return key(merge, draw(st.sampled_from(SAID))), layers


@given(said(), st.randoms(use_true_random=False))
def test_the_order_in_which_levels_speak_does_not_matter(given_: tuple[Key[Any], list[Layer]], chance: Any) -> None:
    key_, layers = given_
    shuffled = list(layers)
    chance.shuffle(shuffled)
    assert effective(key_, layers) == effective(key_, shuffled)


@given(said(), st.data())
def test_nothing_below_a_lock_moves_the_value(given_: tuple[Key[Any], list[Layer]], data: st.DataObject) -> None:
    key_, layers = given_
    before = effective(key_, layers)
    holder = before.locked_by
    if holder is None:
        return
    kept = [layer for layer in layers if not layer.level.below(holder)]
    below = [level for level in SAID if level.below(holder)]
    tried = [Layer(level, data.draw(values(key_.merge)), lock=data.draw(st.booleans())) for level in below]
    after = effective(key_, [*kept, *tried])
    assert (after.value, after.level, after.locked_by) == (before.value, before.level, holder)
    assert all(refused_by(key_, kept, level, layer.value) is not None for level, layer in zip(below, tried, strict=True))


@given(said())
def test_a_bound_is_only_ever_tightened(given_: tuple[Key[Any], list[Layer]]) -> None:
    key_, layers = given_
    if key_.merge not in (Merge.MIN, Merge.MAX):
        return
    counted = {layer.level: layer.value for layer in layers if layer.level in effective(key_, layers).counted}
    numbers = [value for value in counted.values() if value is not None]
    pick = min if key_.merge is Merge.MIN else max
    assert effective(key_, layers).value == (pick(numbers) if numbers else None)


@given(said(), st.data())
def test_what_may_be_set_holds(given_: tuple[Key[Any], list[Layer]], data: st.DataObject) -> None:
    """A level that is not refused, and below which nobody speaks, gets what it wished."""
    key_, layers = given_
    level = data.draw(st.sampled_from([Level.OUTLET, Level.TEMPORARY]))
    above = [layer for layer in layers if level.below(layer.level)]
    wished = data.draw(values(key_.merge))
    if wished is None or refused_by(key_, above, level, wished) is not None:
        return
    held = effective(key_, [*above, Layer(level, wished)])
    assert held.value == (held.value | wished if key_.merge is Merge.MERGE_BY_ID else wished)


CATALOGUE = Catalogue([key(Merge.REPLACE)])


def received(scope: str, place: PlaceRow | None, *, signer: SigningKey = HEAD_OFFICE) -> Any:
    document = {
        "scope": scope,
        "version": 1,
        "valid_from": "2026-01-01T00:00:00Z",
        "note": "",
        "values": {"x.number": {"value": 3}},
    }
    body = canonical(document)
    command = m.ReceiveDocument(
        kind=m.POLICY, body=body, signature=sign_document(signer.sign, m.POLICY, body), key=HEAD_OFFICE.public, branch="0001"
    )
    context = Context(1_800_000_000_000, ZONE, "system", bytes(32))
    return decide.receive(CATALOGUE, decide.Held((), place), command, context)[0]


regions = st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,8}\Z")


@given(regions, st.none() | regions)
def test_only_the_ancestry_has_a_say(region: str, own: str | None) -> None:
    place = None if own is None else PlaceRow(own, own, 1)
    first = received(m.region_scope(region), place)
    if region == own:
        assert isinstance(first, DocumentAccepted)
    else:
        assert isinstance(first, DocumentRefused)
        assert first.reason == "foreign_scope"


def test_another_key_has_no_say() -> None:
    first = received(m.HEAD_OFFICE_SCOPE, None, signer=SigningKey(bytes(31) + b"\2"))
    assert isinstance(first, DocumentRefused)
    assert first.reason == "bad_signature"
