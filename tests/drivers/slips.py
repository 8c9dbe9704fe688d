"""The slip that tests print: a queue ticket as a bank would hand it out."""

from drivers.document import Align, Document, Feed, Pair, Qr, Rule, RuleStyle, Text

PHONE_URL = "http://10.20.0.1/t/9tJx4bQvM2cKf7sR1wZy8A"


def ticket(number: str = "A003", *, service: str = "个人业务 Personal banking", customer: str = "") -> Document:
    """A number ticket for one customer."""
    greeting = (Text(customer, align=Align.CENTRE, bold=True), Feed(10)) if customer else ()
    return Document(
        (
            Text("示范支行", align=Align.CENTRE, scale=2, bold=True),
            Text("Demo Branch", align=Align.CENTRE),
            Feed(14),
            Rule(RuleStyle.SOLID),
            Feed(18),
            *greeting,
            Text("您的号码 Your number", align=Align.CENTRE),
            Feed(10),
            Text(number, align=Align.CENTRE, scale=6, bold=True),
            Feed(10),
            Text(service, align=Align.CENTRE, bold=True),
            Feed(18),
            Rule(),
            Feed(14),
            Pair("前面等候 Ahead", "5 人"),
            Pair("预计等待 Waiting", "8-15 分钟 min"),
            Pair("取号时间 Taken at", "2026-03-02 09:41"),
            Feed(14),
            Rule(),
            Feed(20),
            Qr(PHONE_URL, module_dots=7),
            Feed(14),
            Text("扫码查看排队进度，快到您时手机会提醒", align=Align.CENTRE),
            Text("Scan to follow the queue on your phone", align=Align.CENTRE),
            Feed(16),
            Rule(RuleStyle.SOLID),
            Feed(10),
            Text("过号请到大堂经理处重新排队", align=Align.CENTRE),
            Text("If you miss your call, please ask in the lobby", align=Align.CENTRE),
        )
    )
