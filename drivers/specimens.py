"""People and cards that do not exist, for emulators and the demo's bench. Their check digits are right, and computed here.

Streets, names and orders are invented; the six-digit regions are real, or nothing would look like a number.
"""

from typing import Final, NamedTuple

from stdnum import luhn
from stdnum.iso7064 import mod_11_2

from drivers.interfaces.id_card import IdDocument


class Person(NamedTuple):
    """One made-up holder of a document, its fields as the document writes them."""

    document: IdDocument
    name: str
    name_latin: str
    sex: str
    nation: str
    """Two digits of GB/T 3304, or the three letters of a foreigner's country."""
    birth: str
    stem: str
    """The number without its check digit: region or country, birth, order."""
    address: str
    issuer: str
    valid_from: str
    valid_to: str

    @property
    def number(self) -> str:
        whole = self.document is IdDocument.FOREIGNER_2017
        return self.stem if whole else self.stem + mod_11_2.calc_check_digit(self.stem)


def _resident(name: str, sex: str, nation: str, number: tuple[str, str, str], address: str) -> Person:
    _, birth, _ = number
    valid = ("20190612", "20390612") if birth > "19780101" else ("20120318", "长期")
    issuer = address.split("区", maxsplit=1)[0].rsplit("市", maxsplit=1)[-1] + "公安分局"
    return Person(IdDocument.RESIDENT, name, "", sex, nation, birth, "".join(number), address, issuer, *valid)


PEOPLE: Final = (
    _resident("张明华", "1", "01", ("310101", "19680412", "301"), "上海市示范区梧桐路 18 弄 6 号 402 室"),
    _resident("李秀英", "2", "01", ("310104", "19550926", "222"), "上海市示范区长乐里 3 号"),
    _resident("王建国", "1", "01", ("110105", "19830107", "117"), "北京市样例区槐树街 9 号院 2 号楼 1503"),
    _resident("阿依古丽·买买提", "2", "05", ("650102", "19910530", "428"), "乌鲁木齐市样例区和平路 77 号 3 栋"),
    _resident("欧阳子墨", "2", "01", ("440305", "20020819", "540"), "深圳市样例区海风道 200 号蓝湾花园 8 座 26A"),
    _resident("赵铁柱", "1", "11", ("210102", "19470203", "135"), "沈阳市样例区红旗街 41 号"),
    _resident("扎西平措", "1", "04", ("540102", "19761111", "059"), "拉萨市样例区雪域路 12 号"),
    _resident("陈思雨", "2", "03", ("640104", "19960318", "266"), "银川市样例区凤凰街 5 号 2 单元 601"),
    Person(
        *(IdDocument.COMPATRIOT_PERMIT, "黄志强", "", "1", "", "19880714", "810000" + "19880714" + "015"),
        *("广州市样例区珠江路 66 号", "广州市公安局", "20220501", "20270501"),
    ),
    Person(
        *(IdDocument.FOREIGNER_2017, "史密斯", "SMITH JOHN ALEXANDER", "1", "CAN", "19810425", "CAN110081042510"),
        *("", "公安部", "20180601", "20280601"),
    ),
    Person(
        *(IdDocument.FOREIGNER_2023, "安娜", "MUELLER ANNA KATHARINA", "2", "DEU", "19900112", "931276" + "19900112" + "002"),
        *("", "", "20240301", "20340301"),
    ),
)


class BankCardSpecimen(NamedTuple):
    stem: str
    """The number without its check digit."""
    expiry: str
    """YYMM."""
    service_code: str
    """ISO 7813: 2xx has a chip, 1xx has none."""
    holder: str
    sequence: str = "01"

    @property
    def pan(self) -> str:
        return self.stem + luhn.calc_check_digit(self.stem)


CARDS: Final = (
    BankCardSpecimen("622848" + "040256489001", "3011", "220", "ZHANG/MINGHUA"),
    BankCardSpecimen("621700" + "001000240012", "2907", "220", "LI/XIUYING"),
    BankCardSpecimen("622588" + "571200345", "2812", "201", "WANG/JIANGUO", "02"),
    BankCardSpecimen("625965" + "087600123", "3103", "201", "OUYANG/ZIMO"),
    BankCardSpecimen("955880" + "120001000000", "0000", "120", "ZHAO/TIEZHU"),
    BankCardSpecimen("411111" + "111111111", "2910", "201", "SMITH/JOHN A"),
)
"""UnionPay debit and credit, an old card without a chip, a foreign one."""
