"""How the queue says no: each refusal's HTTP status and its words in both languages."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem("branch_not_configured", 503, "本网点尚未配置", "This branch is not configured yet"),
    Problem("day_closed", 409, "今天的营业已结束", "The business day is over"),
    Problem("unknown_service", 404, "没有这项业务", "There is no such service"),
    Problem("unknown_counter", 404, "没有这个窗口", "There is no such counter"),
    Problem("unknown_staff", 404, "没有这位员工", "Nobody with this staff number works here"),
    Problem("unknown_ticket", 404, "没有这个号码", "There is no such ticket"),
    Problem("ticket_not_in_state", 409, "该号码当前状态不能这样操作", "The ticket's state does not allow this"),
    Problem("number_in_text", 400, "文字里请不要写证件号、卡号或电话", "Write no document, card or phone number into the text"),
    Problem("transfer_needs_target", 400, "请选择转移到的业务或窗口", "Choose a service or a counter to transfer to"),
    Problem("too_many_copies", 409, "补打次数已达上限", "The slip was reprinted too often"),
    Problem("slip_still_printing", 409, "号单正在打印，请稍候", "The slip is still printing"),
    Problem("no_printer", 409, "没有可用的打印机", "No printer is configured here"),
    Problem("already_rated", 409, "已经评价过了，谢谢", "You have already rated this service"),
    Problem("not_served_yet", 409, "办理之后才能评价", "You can rate once you have been served"),
    Problem("signed_in_elsewhere", 409, "您已在另一窗口签到", "You are signed in at another counter"),
    Problem("counter_taken", 409, "该窗口已有柜员签到", "Another teller is signed in at this counter"),
    Problem("not_signed_in_here", 409, "您未在此窗口签到", "You are not signed in at this counter"),
    Problem("counter_paused", 409, "窗口已暂停，请先恢复服务", "The counter is paused; resume first"),
    Problem("ticket_in_hand", 409, "请先办结当前客户", "Finish the customer in hand first"),
    Problem("outcome_needed", 409, "请先选择办理结果", "Choose what came of the service first"),
    Problem("pause_reason_needed", 409, "请选择暂停原因", "Choose a reason for the pause"),
    Problem("nobody_in_hand", 409, "当前没有客户", "There is nobody at this counter"),
    Problem("too_many_calls", 409, "重复叫号次数已达上限", "This ticket was called too often"),
    Problem("duplicate_ticket", 409, "您已有一个远程号码", "You already hold a remote ticket"),
    Problem("ticket_already_taken", 409, "已经取过号", "A number was taken with this before"),
    Problem("remote_refused", 409, "多次未到，暂不能远程取号", "Too many remote tickets were not used"),
    Problem("identity_needed", 400, "远程取号需要身份信息", "A remote ticket needs an identity"),
    Problem("wrong_document", 403, "证件与取号时不符", "This is not the document the ticket was taken with"),
    Problem("reason_needed", 400, "请填写原因", "Give a reason"),
    Problem("customer_unknown", 404, "未识别到该客户", "Nobody known has this identity"),
    Problem("schedules_overlap", 409, "两个时段规则在同一时间重叠", "Two schedules claim the same time"),
    Problem("kiosk_closed", 409, "现在不是取号时间", "The kiosk gives no numbers at this hour"),
    Problem("call_again_first", 409, "请先再呼叫几次，再按过号", "Call again before marking them as not there"),
    Problem("rating_closed", 409, "评价时间已过", "The time for rating is over"),
    Problem("recognition_over", 409, "请重新刷卡或放置证件", "Swipe the card or lay the document once more"),
    Problem("no_self_service", 409, "这项业务没有自助机可办", "No machine does this service"),
    Problem("machines_busy", 409, "自助机暂时都有人在用，请取号", "All machines are in use just now; take a number"),
    Problem("invalid_calendar", 400, "日历中有无效日期", "The calendar holds an invalid date"),
    Problem("invalid_identity", 400, "证件号码有误", "The identity number is not valid"),
)
"""The refusals of `decide.py` and of the routes."""
