"""Head office's picture of one branch, without its database."""

from collections.abc import Sequence

from sync.chain import Record
from sync.headoffice import projections
from sync.headoffice.projections import CardRow, CounterRow, DeviceRow, PolicyRow, RequestRow, TicketRow, ValueRow


class Office:
    """Head office's rows of one branch, in memory (`sync.headoffice.projections.Sheet`)."""

    def __init__(self) -> None:
        self.tickets: dict[str, TicketRow] = {}
        self.desks: dict[str, CounterRow] = {}
        self._card = CardRow()
        self.requests: dict[str, RequestRow] = {}
        self.said: dict[tuple[str, str], ValueRow] = {}
        self.devices: dict[str, DeviceRow] = {}
        self.seq = 0

    def hear(self, news: Sequence[Record]) -> None:
        """Fold what the branch sent since the last time."""
        for record in news:
            projections.fold(self, record)
            self.seq = record.seq

    def ticket(self, ticket: str) -> TicketRow | None:
        return self.tickets.get(ticket)

    def put_ticket(self, row: TicketRow) -> None:
        self.tickets[row.ticket] = row

    def tickets_in(self, day: str, queue: str) -> list[TicketRow]:
        return [row for row in self.tickets.values() if (row.day, row.queue) == (day, queue)]

    def counter(self, counter: str) -> CounterRow | None:
        return self.desks.get(counter)

    def put_counter(self, row: CounterRow) -> None:
        self.desks[row.counter] = row

    def counters(self) -> list[CounterRow]:
        return list(self.desks.values())

    def card(self) -> CardRow:
        return self._card

    def put_card(self, row: CardRow) -> None:
        self._card = row

    def put_policy(self, row: PolicyRow) -> None:
        raise AssertionError(f"no policy is sent to this branch, but {row} was")

    def request(self, request: str) -> RequestRow | None:
        return self.requests.get(request)

    def values(self) -> list[ValueRow]:
        return list(self.said.values())

    def put_value(self, row: ValueRow) -> None:
        self.said[row.policy, row.level] = row

    def drop_value(self, row: ValueRow) -> None:
        self.said.pop((row.policy, row.level), None)

    def put_request(self, row: RequestRow) -> None:
        self.requests[row.request] = row

    def device(self, device: str) -> DeviceRow | None:
        return self.devices.get(device)

    def put_device(self, row: DeviceRow) -> None:
        self.devices[row.device] = row

    def drop_device(self, device: str) -> None:
        self.devices.pop(device, None)
