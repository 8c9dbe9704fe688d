"""设备可用率: how each device was, day by day, of days that are over; and how it stands now."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from edge.devices import tables
from edge.devices.tables import ConditionRow, DayRow
from edge.reports.report import PERIOD, Ask, Grid, Report, branch_column
from edge.reports.table import Chart, Column, Kind, Row, share
from edge.reports.words import Term, Words

STATES: Final[Words] = {
    "ready": Term("正常", "Working"),
    "needs_help": Term("需人处理", "Needs a hand"),
    "away": Term("不可用", "Not working"),
    "removed": Term("已撤除", "Removed"),
}
ERRORS: Final[Words] = {
    "paperOut": Term("缺纸", "Out of paper"),
    "paperJammed": Term("卡纸", "Paper jam"),
    "mediaJam": Term("卡或存折卡住", "Card or book jammed"),
    "noMedia": Term("没有放入介质", "Nothing inserted"),
    "invalidMedia": Term("介质读不了", "Unreadable card or document"),
    "shutterFail": Term("挡板故障", "Shutter fault"),
    "retainBinFull": Term("回收盒满", "Retain bin full"),
    "ribbonOut": Term("色带用完", "Ribbon used up"),
    "keyNotFound": Term("缺少密钥", "Key missing"),
    "accessDenied": Term("设备拒绝操作", "Refused by the device"),
    "readFail": Term("读取失败", "Read failed"),
    "cardNotGenuine": Term("证件未通过真伪检查", "Not genuine"),
    "securityModule": Term("安全模块故障", "Security module"),
    "garbled": Term("通信内容不完整", "Garbled"),
    "coverOpen": Term("盖子打开", "Cover open"),
    "flushFail": Term("未按时做完", "Not finished in time"),
    "charSetData": Term("缺少字形", "Character missing"),
    "tooManyRequests": Term("任务过多", "Too many requests"),
    "claimed": Term("被占用", "In use elsewhere"),
    "notConnected": Term("没有接上", "Not connected"),
    "connectionLost": Term("连接中断", "Connection lost"),
    "noAnswer": Term("没有应答", "No answer"),
    "bufferLost": Term("设备重启过", "Restarted"),
    "overheated": Term("过热", "Overheated"),
    "hostNotReady": Term("所接设备未就绪", "Host not ready"),
    "switchedOffline": Term("设备自行离线", "Switched offline"),
    "standsStill": Term("停住，原因不明", "Stands still"),
    "deviceFault": Term("设备故障", "Fault"),
    "simMissing": Term("没有手机卡", "No SIM card"),
    "simLocked": Term("手机卡锁住", "SIM locked"),
    "noNetwork": Term("没有手机信号", "No network"),
    "numberRefused": Term("号码被拒绝", "Number refused"),
    "quarantined": Term("驱动停用", "Driver in quarantine"),
}
"""What a device had to complain of, by `drivers.api.ErrorCode`, in few words."""


def make(ask: Ask) -> Grid:
    now = {row.device: row for row in tables.conditions(ask.connection)}
    rows = list(_rows(ask, now))
    return Grid(_columns(ask), rows, charts=(Chart("column", Term("可用率", "Availability"), "device", ("ready_share",)),))


def _rows(ask: Ask, now: dict[str, ConditionRow]) -> Iterator[Row]:
    period = ask.source.period
    parts: dict[tuple[Any, str], list[DayRow]] = {}
    for one in tables.days(ask.connection, period.first.isoformat(), period.last.isoformat()):
        parts.setdefault((ask.part(date.fromisoformat(one.day)), one.device), []).append(one)
    for (part, device), days in parts.items():
        ready_s, away_s = sum(day.ready_s for day in days), sum(day.away_s for day in days)
        errors = [day.last_error for day in days if day.last_error is not None]
        stands = now.get(device)
        values = [
            *("", part.label, device, days[-1].model, None if stands is None else stands.state),
            *(share(ready_s, ready_s + away_s), away_s, sum(day.commands for day in days), sum(day.failures for day in days)),
            *(sum(day.connections for day in days), errors[-1] if errors else None),
        ]
        yield Row(values, ask.at(part))


def _columns(ask: Ask) -> list[Column]:
    return [
        branch_column(ask),
        PERIOD,
        Column("device", "设备", "Device", Kind.TEXT),
        Column("model", "型号", "Model", Kind.TEXT),
        Column("now", "现在", "Now", Kind.CODE, STATES),
        Column("ready_share", "可用率", "Availability", Kind.SHARE),
        Column("away", "不可用时长（分）", "Not working (min)", Kind.MINUTES),
        Column("commands", "执行次数", "Commands", Kind.COUNT),
        Column("failures", "失败次数", "Failures", Kind.COUNT),
        Column("connections", "连接次数", "Connections", Kind.COUNT),
        Column("last_error", "最后的故障", "Last trouble", Kind.CODE, ERRORS),
    ]


REPORT: Final = Report("device-health", Term("设备可用率报表", "Availability of devices"), make, frozenset({"by"}))
