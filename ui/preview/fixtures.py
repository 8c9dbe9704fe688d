"""The box's answers as the HTTP contract writes them, for looking at pages before or without a box."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
NOW = "2026-03-02T10:24:36+08:00"
EARLIER = "2026-03-02T10:22:10+08:00"
LINK = "q7Zt2mXw9KfB4dLr"
PHONE_URL = f"http://10.9.0.1/t/{LINK}"

SERVICES: list[tuple[str, str, str, str, str, str]] = [
    ("personal", "个人业务", "Personal banking", "A", "存取款、转账、开户、挂失", "Cash, transfers, accounts, lost cards"),
    ("corporate", "对公业务", "Corporate", "B", "单位账户、结算、票据", "Company accounts, settlement, bills"),
    ("wealth", "理财咨询", "Wealth advice", "C", "理财、基金、保险咨询", "Funds, insurance, advice"),
    ("fx", "外币业务", "Foreign exchange", "D", "外币兑换、国际汇款", "Exchange, international transfers"),
    ("loan", "个人贷款", "Personal loans", "E", "住房、消费贷款", "Mortgages, consumer loans"),
    ("card", "信用卡与电子银行业务", "Credit cards and e-banking", "F", "办卡、激活、密码重置", "Apply, activate, reset"),
    ("social", "社保卡业务", "Social security cards", "G", "申领、激活、改密", "Apply, activate"),
    ("coin", "零钞兑换", "Small change", "H", "", ""),
]
WAITING = {"personal": 12, "corporate": 3, "wealth": 0, "fx": 1, "loan": 5, "card": 27, "social": 0, "coin": 2}


def branch(services: int = 4, day: str | None = "open", closed: tuple[str, ...] = (), machines: tuple[str, ...] = ()) -> Json:
    """A branch view; `day` None is a branch that has not opened yet; `machines`: what the two free ones of three can do."""
    return {
        "branch": {"id": "0001", "name": "示范支行", "name_en": "Demo Branch", "timezone": "Asia/Shanghai"},
        "services": [
            {"id": i, "name": n, "name_en": e, "letter": a, "hint": h, "hint_en": he, "open": i not in closed}
            for i, n, e, a, h, he in SERVICES[:services]
        ],
        "counters": [{"id": str(k), "number": k, "name": f"{k}号窗口"} for k in range(1, 5)],
        "tiers": ["gold", "normal"],
        "day": None if day is None else {"date": "2026-03-02", "state": day},
        "self_service": {"machines": 3, "free": 2, "services": list(machines)},
        "languages": ["zh-CN", "en"],
        "guest_url": "http://10.9.0.1",
        "sandbox": True,
        "now": NOW,
    }


def wait_of(waiting: int) -> Json:
    """A plausible range for so many people ahead."""
    return {"low_s": waiting * 75, "high_s": waiting * 140 + 180}


def queues(services: int = 4) -> Json:
    """One normal and one gold queue a service."""
    rows: list[Json] = []
    for service, *_ in SERVICES[:services]:
        waiting = WAITING[service]
        gold = min(1, waiting)
        for tier, count in (("gold", gold), ("normal", waiting - gold)):
            rows.append(
                {
                    "id": f"{service}.{tier}",
                    "service": service,
                    "tier": tier,
                    "waiting": count,
                    "longest_wait_s": count * 90,
                    "called": 0,
                    "serving": 1,
                    "wait": wait_of(waiting),
                }
            )
    return {"queues": rows, "seq": 100, "as_of": NOW}


def devices(paper: str = "full", device: str = "online", *, reader: bool = False) -> Json:
    """The kiosk's printer and perhaps an ID reader."""
    rows: list[Json] = [
        {"id": "printer-1", "family": "escpos_printer", "model": "demo", "device": device, "paper": paper, "waiting_jobs": 0}
    ]
    if reader:
        rows.append({"id": "id-1", "family": "id_reader", "model": "demo", "device": "online", "waiting_jobs": 0})
    return {"devices": rows}


def issued(number: str = "A013", ahead: int = 12, tier: str = "normal") -> Json:
    """The answer to POST /api/tickets."""
    return {
        "id": "t-13",
        "number": number,
        "service": "personal",
        "queue": f"personal.{tier}",
        "tier": tier,
        "state": "waiting",
        "taken_at": NOW,
        "ahead": ahead,
        "wait": wait_of(ahead),
        "token": LINK,
        "phone_url": PHONE_URL,
    }


def ticket(slip: str = "printed") -> Json:
    """The kiosk's own look at the ticket it issued."""
    view = {k: v for k, v in issued().items() if k not in ("token", "phone_url")}
    return {**view, "channel": "kiosk", "language": "zh-CN", "calls": 0, "slip": slip, "copies": 1}


def call(number: str, counter: int, call_no: int = 1) -> Json:
    """One line of the hall display."""
    return {
        "ticket": f"t-{number}",
        "number": number,
        "counter_number": counter,
        "counter_name": f"{counter}号窗口",
        "called_at": EARLIER,
        "call_no": call_no,
    }


def called(number: str, counter: int, seq: int, call_no: int = 1) -> Json:
    """A call as the live feed tells it."""
    body = {
        "ticket": f"t-{number}",
        "number": number,
        "service": "personal",
        "tier": "normal",
        "counter": str(counter),
        "counter_number": counter,
        "counter_name": f"{counter}号窗口",
        "call_no": call_no,
        "language": "zh-CN",
    }
    kind = "queue.ticket_called.v1" if call_no == 1 else "queue.ticket_recalled.v1"
    return {"seq": seq, "type": kind, "at": NOW, "topic": "calls", "body": body}


def display(calls: int = 8, services: int = 4) -> Json:
    """The hall display's view."""
    numbers = [("A003", 2), ("B001", 4), ("A002", 1), ("D001", 3), ("C012", 2), ("A001", 1), ("E104", 12), ("A100", 3)]
    return {
        "calls": [call(n, c) for n, c in numbers[:calls]],
        "waiting": [{"service": i, "name": n, "name_en": e, "waiting": WAITING[i]} for i, n, e, *_ in SERVICES[:services]],
        "seq": 100,
    }


def phone(state: str = "waiting", ahead: int = 5, **more: Any) -> Json:
    """The phone's view of its ticket."""
    view: Json = {
        "number": "A013",
        "service": {"id": "personal", "name": "个人业务", "name_en": "Personal banking"},
        "state": state,
        "taken_at": NOW,
        "ahead": ahead if state == "waiting" else None,
        "wait": wait_of(ahead) if state == "waiting" else None,
        "counter": {"number": 2, "name": "2号窗口"} if state in ("called", "serving", "finished") else None,
        "calls": 1 if state in ("called", "serving", "finished", "no_show") else 0,
        "may_rate": state == "finished",
        "rating": None,
        "branch": {"name": "示范支行", "name_en": "Demo Branch"},
        "language": "zh-CN",
        "as_of": NOW,
        "seq": 100,
    }
    return {**view, **more}
