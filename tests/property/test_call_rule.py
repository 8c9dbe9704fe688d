"""The rule itself: whoever is called is the argmax of what the rule says, and nobody waits for ever (S06)."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.queue.model import Tier
from edge.queue.rules import FRESH, Blend, Head, Memory, Rule, Threshold, choose

NOW_MS = 1_800_000_000_000
TIERS = tuple(Tier)

thresholds = st.builds(
    Threshold,
    wait_s=st.none() | st.integers(1, 4000),
    count=st.none() | st.integers(1, 30),
    op=st.sampled_from(("gt", "ge")),
    metric=st.sampled_from(("behind", "length")),
)
bases: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"target_s": st.dictionaries(st.sampled_from(TIERS), st.integers(1, 4000), min_size=1)}),
    st.fixed_dictionaries({"turns": st.dictionaries(st.sampled_from(TIERS), st.integers(1, 4), min_size=1)}),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    return Rule(
        order=tuple(draw(st.permutations(TIERS)))[: draw(st.integers(0, 3))],
        thresholds=draw(st.dictionaries(st.sampled_from(TIERS), thresholds)),
        promoted_in_row_max=draw(st.integers(0, 4)),
        blend=draw(st.none() | st.builds(Blend, lead_s=st.none() | st.integers(0, 1800), walk_ins=st.integers(0, 3))),
        **draw(bases),
    )


@st.composite
def heads(draw: st.DrawFn) -> list[Head]:
    found = []
    for n, tier in enumerate(draw(st.lists(st.sampled_from(TIERS), min_size=1, max_size=9))):
        found.append(
            Head(
                ticket=f"t{n}",
                number=f"A{n:03d}",
                queue=f"s{n}.{tier}",
                service=f"s{n}",
                tier=tier,
                place_ms=NOW_MS - draw(st.integers(-1800, 4000)) * 1000,
                seq=n,
                language="zh-CN",
                pooled=draw(st.integers(0, 9)) == 0,
                length=draw(st.integers(1, 40)),
                appointment=tier is Tier.PRIORITY and draw(st.booleans()),
            )
        )
    return found


memories = st.builds(
    Memory,
    promoted_in_row=st.integers(0, 5),
    turns=st.dictionaries(st.sampled_from(TIERS), st.integers(0, 4)),
    walk_ins_owed=st.integers(0, 3),
)


def better(one: Head, other: Head, rule: Rule, memory: Memory) -> bool:
    """Whether the written rule prefers `one`, said once more without a sort key."""
    if one.pooled != other.pooled:
        return one.pooled
    capped = 0 < rule.promoted_in_row_max <= memory.promoted_in_row
    past = {head.ticket: None if capped else overshoot(head, rule) for head in (one, other)}
    mine, theirs = past[one.ticket], past[other.ticket]
    if mine != theirs:
        return theirs is None or (mine is not None and mine > theirs)
    if mine is None and held(one, rule, memory) != held(other, rule, memory):
        return held(other, rule, memory)
    for measure in (credit, spent):
        left, right = measure(one, rule, memory), measure(other, rule, memory)
        if left != right:
            return left > right
    rank = rule.ranks
    return (rank[one.tier], one.place_ms, one.seq) < (rank[other.tier], other.place_ms, other.seq)


def overshoot(head: Head, rule: Rule) -> float | None:
    threshold = rule.thresholds.get(head.tier)
    return None if threshold is None else threshold.overshoot_s(head, NOW_MS)


def held(head: Head, rule: Rule, memory: Memory) -> bool:
    return rule.blend is not None and rule.blend.holds_back(head, NOW_MS, memory)


def credit(head: Head, rule: Rule, _memory: Memory) -> float:
    target_s = rule.target_s.get(head.tier)
    return head.waited_ms(NOW_MS) / 1000 / target_s if target_s else 0.0


def spent(head: Head, rule: Rule, memory: Memory) -> bool:
    return bool(rule.turns) and memory.turns.get(head.tier, 0) < rule.turns.get(head.tier, 1)


@given(heads(), rules(), memories)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_whoever_is_called_is_the_argmax(waiting: list[Head], rule: Rule, memory: Memory) -> None:
    choice = choose(waiting, rule, NOW_MS, memory)
    assert choice is not None
    assert not any(better(other, choice.head, rule, memory) for other in waiting if other is not choice.head)
    assert choice == choose(waiting[::-1], rule, NOW_MS, memory)
    assert [one.ticket for one in choice.why.candidates if one.chosen] == [choice.head.ticket]
    assert (choice.why.threshold is not None) == (choice.why.text_code == "past_its_threshold")


@given(heads(), rules())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_threshold_that_is_told_alone_promotes_as_far(waiting: list[Head], rule: Rule) -> None:
    choice = choose(waiting, rule, NOW_MS)
    assert choice is not None
    told = choice.why.threshold
    if told is not None:
        other = {"time": "count", "count": "wait_s"}[told]
        alone = replace(rule.thresholds[choice.head.tier], **{other: None})
        assert alone.overshoot_s(choice.head, NOW_MS) == overshoot(choice.head, rule)


WAIT_S = 600
SERVICE_S = 60


def serve(queues: dict[Tier, list[int]], rule: Rule, calls: int) -> dict[int, int]:
    """Call again and again, a gold customer coming in before every call: number → at which call it was called."""
    memory, called, now_ms, seq = FRESH, dict[int, int](), NOW_MS, 10_000
    for call in range(calls):
        queues[Tier.GOLD].append(seq)
        taken_ms[seq] = now_ms
        seq += 1
        choice = choose(_fronts(queues), rule, now_ms, memory)
        assert choice is not None
        queues[choice.head.tier].pop(0)
        called[choice.head.seq] = call
        memory = choice.memory
        now_ms += SERVICE_S * 1000
    return called


taken_ms: dict[int, int] = {}


def _fronts(queues: dict[Tier, list[int]]) -> Sequence[Head]:
    return [
        Head(f"t{line[0]}", f"A{line[0]}", f"s.{tier}", "s", tier, taken_ms[line[0]], line[0], "zh-CN", pooled=False)
        for tier, line in queues.items()
        if line
    ]


@given(st.integers(1, 30), st.integers(1, 4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_s06_nobody_starves_while_gold_keeps_coming(normals: int, in_row_max: int) -> None:
    """The stated bound: after its threshold every K + 1 calls bring K overdue ones forward."""
    rule = Rule(
        order=(Tier.GOLD, Tier.NORMAL), thresholds={Tier.NORMAL: Threshold(wait_s=WAIT_S)}, promoted_in_row_max=in_row_max
    )
    taken_ms.update(dict.fromkeys(range(normals), NOW_MS))
    overdue_after = WAIT_S // SERVICE_S + 1
    rounds = -(-normals // in_row_max)
    bound = overdue_after + rounds * (in_row_max + 1)
    called = serve({Tier.GOLD: [], Tier.NORMAL: list(range(normals))}, rule, bound + 1)
    for number in range(normals):
        assert called[number] <= overdue_after + (number // in_row_max + 1) * (in_row_max + 1)
