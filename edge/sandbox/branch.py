"""The demo branch: what `--sandbox` brings, so that every surface has something to show and acceptance checks have names."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from drivers.registry import FAMILIES, Family
from edge.appointments.model import SlotPlan
from edge.customers.tables import Recognised
from edge.kernel.identities import IdentityKind
from edge.org.model import Branch, ConfigureBranch, Counter, Position, Service, Staff, Way

PASSWORD: Final = "branchbox"  # noqa: S105 -- the sandbox's, printed on its front page

BRANCH: Final = Branch(
    id="0001",
    name="示范支行",
    name_en="Demo Branch",
    way=Way(
        address="示范市中心区人民路 88 号一层",
        address_en="Ground floor, 88 Renmin Road, Central District",
        directions="地铁 2 号线人民广场站 C 口右转 200 米。停车从文化路入口进，本行客户一小时内免费。",
        phone="010-8800 1234",
        position=Position(39.9087, 116.3975),
        directions_en="Metro line 2, People's Square, exit C, then right, 200 m. Park by Wenhua Road: one hour is free.",
    ),
)

SERVICES: Final = (
    Service(
        id="personal",
        name="个人业务",
        name_en="Personal banking",
        letter="A",
        hint="存取款、转账、开户、挂失",
        hint_en="Deposits, withdrawals, transfers, accounts",
        usual_s=300,
    ),
    Service(
        id="corporate",
        name="对公业务",
        name_en="Corporate banking",
        letter="B",
        hint="企业开户、结算、票据",
        hint_en="Company accounts, settlement, bills",
        usual_s=480,
    ),
    Service(
        id="wealth",
        name="理财咨询",
        name_en="Wealth advice",
        letter="C",
        hint="理财、基金、保险、贵金属",
        hint_en="Investments, funds, insurance, gold",
        usual_s=600,
    ),
    Service(
        id="fx",
        name="外币业务",
        name_en="Foreign exchange",
        letter="D",
        hint="购汇、结汇、境外汇款",
        hint_en="Buy and sell currency, remittances",
        usual_s=420,
    ),
)

COUNTERS: Final = tuple(Counter(id=f"counter-{number}", number=number, name=f"{number}号窗口") for number in range(1, 5))

STAFF: Final = (
    Staff(staff_no="1001", name="王芳", roles=("teller",)),
    Staff(staff_no="1002", name="李强", roles=("teller",)),
    Staff(staff_no="1003", name="张敏", roles=("teller",)),
    Staff(staff_no="1004", name="刘洋", roles=("teller",)),
    Staff(staff_no="2001", name="陈静", roles=("lobby",)),
    Staff(staff_no="9001", name="赵军", roles=("admin",)),
    Staff(staff_no="9002", name="孙丽", roles=("admin",)),
)


STAFF_PHONES: Final = {"1003": "13900001003", "1004": "13900001004"}
"""Advisers, who are told by text message when a customer of theirs comes in."""


VIP_OFFERS: Final = {
    "car_pickup": {"tiers": ["gold"], "fee_fen": 0},
    "cash_delivery": {"tiers": ["gold"], "fee_fen": 5000},
}


OPENING_HOURS: Final = {"workday": {"from": "09:00", "to": "17:00"}, "weekend": {"from": "09:30", "to": "16:00"}}

CAR_PARK: Final = {"bays": ["P1", "P2", "P3", "P4"]}


class DemoCustomer(NamedTuple):
    """A made-up person; the identities have valid check digits and belong to nobody."""

    known: Recognised
    name: str
    identities: tuple[tuple[IdentityKind, str], ...]


CUSTOMERS: Final = (
    DemoCustomer(
        Recognised("c-demo-1", "normal"),
        "李秀英",
        (
            (IdentityKind.ID_CARD, "110105196803120023"),
            (IdentityKind.BANK_CARD, "6228480402564890018"),
            (IdentityKind.PHONE, "13800000001"),
        ),
    ),
    DemoCustomer(
        Recognised("c-demo-2", "normal"),
        "欧阳建国",
        (
            (IdentityKind.ID_CARD, "320102197509181137"),
            (IdentityKind.BANK_CARD, "6222020200112233446"),
            (IdentityKind.PHONE, "13800000002"),
            (IdentityKind.PLATE, "京AD12345"),
        ),
    ),
    DemoCustomer(
        Recognised("c-demo-3", "normal"),
        "周小雨",
        ((IdentityKind.ID_CARD, "610113200001305525"), (IdentityKind.PHONE, "13800000003")),
    ),
    DemoCustomer(
        Recognised("c-demo-4", "gold", "1003", ("大额存单到期", "偏好理财")),
        "黄德明",
        (
            (IdentityKind.ID_CARD, "440306198305272211"),
            (IdentityKind.BANK_CARD, "6217000010099887765"),
            (IdentityKind.PHONE, "13800000004"),
            (IdentityKind.PLATE, "京A12345"),
        ),
    ),
    DemoCustomer(
        Recognised("c-demo-5", "gold", "1004", ("私行潜力",)),
        "吴美玲",
        (
            (IdentityKind.ID_CARD, "510107199102063354"),
            (IdentityKind.BANK_CARD, "6225880123456789017"),
            (IdentityKind.PHONE, "13800000005"),
        ),
    ),
)

CONFIGURE: Final = ConfigureBranch(version=2, branch=BRANCH, services=SERVICES, counters=COUNTERS)
SLOT_PLANS: Final = {"wealth": SlotPlan(capacity=2, slot_min=60, experts=("1003", "1004"))}
"""How the demo's services are booked where that differs from the usual."""
DEVICE_ROLES: Final = {"kiosk-1": "kiosk", "display-1": "display"}
PRINTER: Final = "printer-1"
KIOSK: Final = "kiosk-1"


class DemoDevice(NamedTuple):
    """An emulated device that stands in the demo branch."""

    id: str
    profile: str
    behind: str | None = None
    """The device whose socket it is plugged into; it has no wire of its own."""


DEVICES: Final[Mapping[str, tuple[DemoDevice, ...]]] = {
    "escpos_printer": (DemoDevice(PRINTER, "generic.escpos-80mm"),),
    "cash_drawer": (DemoDevice("cash-drawer-1", "generic.printer-drawer", behind=PRINTER),),
    "gsm_modem": (DemoDevice("gsm-modem-1", "quectel.ec20"),),
    "evaluator": (DemoDevice("evaluator-1", "centerm.evaluator"), DemoDevice("evaluator-2", "generic.framed-evaluator")),
}
"""By family. One that is not named here stands in the branch once, as the first model that its conformance suite tries."""


def devices() -> list[DemoDevice]:
    """Everything that stands in the demo branch: every family this release has."""
    return [device for name, family in FAMILIES.items() for device in DEVICES.get(name, _one_of(name, family))]


def _one_of(name: str, family: Family) -> tuple[DemoDevice]:
    return (DemoDevice(f"{name.replace('_', '-')}-1", family.bench.PROFILES[0]),)
