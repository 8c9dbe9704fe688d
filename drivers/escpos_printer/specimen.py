"""The driver's own test slip: everything a printer should be able to do, in the height of a hand."""

from drivers.document import Align, Document, Feed, Pair, Qr, Rule, RuleStyle, Text
from drivers.escpos_printer.traits import PrinterTraits
from drivers.profiles import Profile


def specimen(profile: Profile) -> Document:
    """What `TestPrint` prints."""
    traits = profile.section(PrinterTraits)
    return Document(
        (
            Text("打印测试 Test print", align=Align.CENTRE, scale=2, bold=True),
            Text(f"{profile.vendor} {profile.model}", align=Align.CENTRE),
            Feed(8),
            Rule(),
            Feed(8),
            Pair("配置 Profile", profile.id),
            Pair("宽度 Width", f"{traits.width_dots} dots"),
            Pair("字符集 Charset", traits.charset),
            Pair("出票确认 Proof", "process id" if traits.process_id else "ordered status"),
            Pair("验证 Verified", profile.provenance.verified),
            Feed(8),
            Rule(),
            Feed(8),
            Text("0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            Text("请到窗口办理，感谢您的等候。￥1,234.56"),
            Text("生僻字 䶮㙍𠮷", bold=True),
            Text("A003", align=Align.CENTRE, scale=4, bold=True),
            Text(" 反白 inverse ", align=Align.CENTRE, inverse=True),
            Feed(12),
            Rule(RuleStyle.SOLID),
            Feed(16),
            Qr(f"branchbox:{profile.id}", module_dots=5),
            Feed(12),
        )
    )
