"""What people call the words that stand in the books, in both languages; an unknown word stands for itself."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from edge.kernel.db import Connection
from edge.org import tables as org
from edge.queue.model import Tier, queue_id


class Term(NamedTuple):
    """The same thing in both languages."""

    zh: str
    en: str


def in_language(term: Term, language: str) -> str:
    return term.en if language == "en" else term.zh


Words = Mapping[str, Term]

TIERS: Final[Words] = {
    "priority": Term("优先", "Priority"),
    "gold": Term("金卡", "Gold"),
    "normal": Term("普卡", "Normal"),
}
CHANNELS: Final[Words] = {
    "kiosk": Term("排队机", "Kiosk"),
    "counter": Term("柜台", "Counter"),
    "lobby": Term("大堂", "Lobby"),
    "phone": Term("本行 Wi-Fi 手机", "Phone in the branch"),
    "mobile_bank": Term("手机银行", "Mobile bank"),
    "wechat": Term("微信", "WeChat"),
    "web_bank": Term("网上银行", "Web bank"),
    "call_centre": Term("呼叫中心", "Call centre"),
}
RESULTS: Final[Words] = {
    "pending": Term("待激活", "Not activated"),
    "waiting": Term("等待中", "Waiting"),
    "called": Term("已叫号", "Called"),
    "serving": Term("办理中", "Being served"),
    "parked": Term("暂离", "Parked"),
    "finished": Term("完成", "Finished"),
    "no_show": Term("弃号", "No-show"),
    "cancelled": Term("取消", "Cancelled"),
    "expired": Term("未办作废", "Expired"),
    "transferred": Term("转移", "Transferred"),
    "returned": Term("退回队列", "Returned to its queue"),
}
RULES: Final[Words] = {
    "priority_then_time": Term("默认：等级后时间", "Default: tier, then time"),
    "credit": Term("积分优先", "Accumulating priority"),
    "turns": Term("轮流", "Turns"),
    "picked_by_hand": Term("人工点选", "Picked by hand"),
}
REASONS: Final[Words] = {
    "sent_to_this_counter": Term("指名转到本窗口", "Sent to this counter"),
    "sent_to_this_teller": Term("指名转给本柜员", "Sent to this teller"),
    "between_appointments": Term("预约之间先叫现场", "Walk-in between appointments"),
    "past_its_threshold": Term("超过阀值", "Past its threshold"),
    "after_promoted_calls": Term("连续优先已满", "After promoted calls"),
    "only_queue_waiting": Term("仅此队列有人", "Only queue waiting"),
    "highest_credit": Term("积分最高", "Highest credit"),
    "its_turn": Term("轮到该等级", "Its turn"),
    "waited_longest": Term("同级等待最久", "Waited longest"),
    "tier_goes_first": Term("等级优先", "Tier goes first"),
    "picked_by_hand": Term("人工点选（未按顺序）", "Picked by hand, out of turn"),
}
TRIGGERS: Final[Words] = {
    "threshold_time": Term("阀值（等候时间）", "Threshold: time waited"),
    "threshold_count": Term("阀值（等候人数）", "Threshold: head-count"),
    "threshold": Term("阀值", "Threshold"),
    "manual": Term("人工点选", "Picked by hand"),
    "sent_here": Term("指名", "Sent by name"),
    "cap": Term("连续优先已满", "After promoted calls"),
    "between_appointments": Term("预约与现场搭配", "Walk-in between appointments"),
    "ratio": Term("比例轮流", "Ratio"),
    "credit": Term("积分优先", "Accumulating priority"),
    "appointment": Term("预约", "Appointment"),
    "schedule": Term("时段规则", "Schedule"),
    "order": Term("常规顺序", "Usual order"),
}
"""`triggers.py`: what made the rule call just this ticket."""
MEANS: Final[Words] = {
    "id_card": Term("身份证", "Id card"),
    "bank_card": Term("银行卡", "Bank card"),
    "passbook": Term("存折", "Passbook"),
    "phone": Term("手机号", "Phone number"),
    "plate": Term("车牌", "Plate"),
    "appointment": Term("预约", "Appointment"),
    "none": Term("无", "None"),
}
"""By what somebody was recognised, or would have been."""
FOLLOW_UPS: Final[Words] = {
    "settled": Term("已解决", "Settled"),
    "explained": Term("已解释", "Explained"),
    "passed_on": Term("已转上级", "Passed on"),
    "not_reached": Term("未联系上", "Not reached"),
}
"""What came of following a bad rating up."""
REMINDERS: Final[Words] = {
    "none": Term("无", "None"),
    "due": Term("待发送", "Queued"),
    "sent": Term("已发送", "Sent"),
    "refused": Term("发送失败", "Failed"),
    "expired": Term("过期未发", "Expired"),
    "suppressed": Term("已不需要", "Not needed any more"),
    "withheld": Term("客户已撤回同意", "Consent withdrawn"),
    "unknown": Term("结果不明", "Not known"),
}
"""What became of a reminder."""
HANDS: Final[Words] = {
    "waited_too_long": Term("等候过久", "Waited too long"),
    "elderly": Term("年长", "Elderly"),
    "disabled": Term("行动不便", "Disabled"),
    "pregnant": Term("孕妇", "Pregnant"),
    "small_child": Term("带婴幼儿", "With a small child"),
    "valued_customer": Term("贵宾客户", "Valued customer"),
    "wrong_service": Term("选错业务", "Wrong service chosen"),
    "complaint": Term("安抚投诉", "Complaint"),
    "appointment_expert": Term("预约的专家", "To the expert of the appointment"),
    "diverted_self_service": Term("分流到自助机", "Led to a machine"),
    "diverted_mobile_bank": Term("分流到手机银行", "Led to mobile banking"),
    "diverted_other_branch": Term("分流到邻近网点", "Led to another branch"),
    "diverted_another_day": Term("改日再来", "Comes another day"),
}
"""What staff choose from on the lobby's tablet when they move somebody by hand (S21)."""
PRIORITY_REASONS: Final[Words] = {
    "elderly": Term("老年人", "Elderly"),
    "disabled": Term("残障人士", "Disabled"),
    "pregnant": Term("孕妇", "Pregnant"),
    "military": Term("军人", "Military"),
    "other": Term("其他", "Other"),
}
DAY_CLASSES: Final[Words] = {
    "workday": Term("工作日", "Workday"),
    "weekend": Term("周末", "Weekend"),
    "holiday": Term("节假日", "Holiday"),
}
PROMISES: Final[Words] = {
    "kept": Term("在承诺内", "Kept"),
    "early": Term("早于承诺", "Sooner"),
    "late": Term("晚于承诺", "Later"),
}
BOOKINGS: Final[Words] = {
    "booked": Term("已预约", "Booked"),
    "signed_in": Term("已签到", "Signed in"),
    "served": Term("已办理", "Served"),
    "cancelled": Term("已取消", "Cancelled"),
    "no_show": Term("爽约", "Missed"),
    "released": Term("迟到失效", "Came too late"),
}
"""What has become of an appointment."""
COMPLAINTS: Final[Words] = {
    "long_wait": Term("等得太久", "Long wait"),
    "unfriendly": Term("态度不好", "Unfriendly"),
    "unclear": Term("讲不清楚", "Unclear"),
    "unsolved": Term("没有办成", "Not solved"),
}
"""What the phone and the pad offer to whoever was not satisfied; another word stays as it was said."""
TOTAL: Final = Term("合计", "Total")
TOTAL_CODE: Final = "*"
"""In the first column of a total row."""


def branch(connection: Connection) -> Term:
    found = org.branch(connection)
    return Term("", "") if found is None else Term(found.name, found.name_en)


def services(connection: Connection) -> Words:
    return {one.id: Term(one.name, one.name_en) for one in org.services(connection)}


def queues(connection: Connection) -> Words:
    """By service and tier; a queue of one counter or teller stands for itself."""
    return {
        queue_id(service, Tier(tier)): Term(f"{name.zh}·{of.zh}", f"{name.en}, {of.en}")
        for service, name in services(connection).items()
        for tier, of in TIERS.items()
    }


def counters(connection: Connection) -> Words:
    """By number: what hangs over the window."""
    return {one.id: Term(str(one.number), str(one.number)) for one in org.counters(connection)}


def staff_name(connection: Connection, staff_no: str) -> str | None:
    found = org.staff(connection, staff_no)
    return None if found is None else found.name
