"""Who goes behind the next few where several came in the same millisecond: a slot's guests, a burst at two kiosks."""

from edge.queue import model as m
from edge.queue.model import AskForTime
from tests.component.queue.hall import TELLERS, Hall


async def test_exactly_three_go_first_though_all_came_in_the_same_millisecond(hall: Hall) -> None:
    await hall.man("counter-1")
    tickets = [await hall.take() for _ in range(7)]
    await hall.do(AskForTime(ticket=tickets[0].id))
    assert hall.ticket(tickets[0].id).ahead == 3
    await hall.do(AskForTime(ticket=tickets[1].id))  # now first; A003, A004 and A001 are the next three
    assert [one.number for one in hall.listed()] == ["A003", "A004", "A001", "A002", "A005", "A006", "A007"]
    assert hall.verdict().sound


async def test_who_comes_a_millisecond_later_stays_behind_too(hall: Hall) -> None:
    await hall.man("counter-1")
    tickets = [await hall.take() for _ in range(5)]
    hall.wait(0.001)
    tickets += [await hall.take() for _ in range(2)]
    await hall.do(AskForTime(ticket=tickets[0].id))
    assert [one.number for one in hall.listed()] == ["A002", "A003", "A004", "A001", "A005", "A006", "A007"]


async def test_a_missed_one_goes_behind_exactly_the_next_few_of_the_same_millisecond(hall: Hall) -> None:
    await hall.man("counter-1")
    tickets = [await hall.take() for _ in range(6)]
    await hall.call()
    await hall.do(m.MarkNoShow(counter="counter-1", staff=TELLERS["counter-1"]))
    await hall.do(m.RequeueTicket(ticket=tickets[0].id))
    assert [one.number for one in hall.listed()] == ["A002", "A003", "A004", "A001", "A005", "A006"]
    assert hall.verdict().sound


async def test_a_late_remote_one_goes_behind_exactly_the_next_two_of_the_same_millisecond(hall: Hall) -> None:
    await hall.man("counter-1")
    wish = m.IssueTicket(service="personal", tier=m.Tier.NORMAL, channel=m.Channel.WECHAT, holder="5a" * 16)
    remote = (await hall.do(wish)).records[-1].entity
    hall.wait(60)
    for _ in range(5):
        await hall.take()
    assert (await hall.call()) is not None
    await hall.do(m.ActivateTicket(ticket=remote, holder="5a" * 16))
    assert [one.number for one in hall.listed()] == ["A003", "A004", "A001", "A005", "A006"]
    assert hall.verdict().sound
