"""The daemon's settings: defaults, over them the TOML file, over that the command line. Read once, never changed.

Every setting has a unit in its name, bounds and a meaning in both languages; `rows()` is that table, and the reference page
is printed from it. A name that is not a setting is refused with the nearest one that is: a typing mistake must not leave
the default in force unseen. Business rules (services, calling, opening hours) are not settings: they come from head office.
"""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, get_args, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct, field

CONFIG_BYTES_MAX: Final = 256 * 1024
MIB: Final = 1024 * 1024
PORT_MAX: Final = 65_535


class ConfigRefused(Exception):
    """A setting is unknown, of the wrong type or out of bounds; the text names it."""


def _doc(chinese: str, english: str, **bounds: Any) -> Meta:
    return Meta(description=english, extra={"zh": chinese}, **bounds)


class Web(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and for whom the daemon listens."""

    listen: Annotated[
        str, _doc("员工与设备的监听地址 HOST:PORT", "address for staff and devices, HOST:PORT", pattern=r"^\S+:[0-9]{1,5}$")
    ] = "127.0.0.1:8080"
    guest_listen: Annotated[
        str,
        _doc(
            "顾客 Wi-Fi 侧的监听地址；空表示关闭",
            "address on the guest Wi-Fi, HOST:PORT; empty is off",
            pattern=r"^(\S+:[0-9]{1,5})?$",
        ),
    ] = ""
    body_bytes_max: Annotated[int, _doc("一次请求的最大字节数", "largest request body", ge=1024, le=64 * MIB)] = MIB
    idle_logout_s: Annotated[
        int, _doc("员工无操作自动退出", "staff are signed out after so long without use", ge=60, le=86400)
    ] = 900
    live_clients_max: Annotated[int, _doc("同时在线的实时连接数", "live connections at the same time", ge=1, le=20_000)] = 2000
    live_queue_max: Annotated[
        int,
        _doc(
            "每个实时连接可积压的消息数，超过则断开重连",
            "messages a slow live client may be behind before it is cut",
            ge=8,
            le=10_000,
        ),
    ] = 256
    requests_per_minute_max: Annotated[
        int, _doc("每个地址每分钟的请求数上限", "requests a minute from one address", ge=10, le=1_000_000)
    ] = 1200


class Storage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of the database writer and of the blobs."""

    waiting_jobs_max: Annotated[
        int,
        _doc(
            "等待写入的命令上限，超过则回答 503",
            "commands that may wait for the writer; beyond it the answer is 503",
            ge=16,
            le=65_536,
        ),
    ] = 4096
    group_jobs_max: Annotated[int, _doc("一次落盘合并的命令数", "commands that share one fsync", ge=1, le=4096)] = 256
    reserve_bytes: Annotated[
        int, _doc("磁盘写满时释放的预留空间", "room kept aside and given up when the disk is full", ge=MIB, le=1024 * MIB)
    ] = 32 * MIB


class Backups(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When backups are made and how many are kept."""

    every_s: Annotated[int, _doc("备份间隔", "time between two backups", ge=300, le=86_400)] = 3600
    kept: Annotated[int, _doc("保留的备份份数", "backups that are kept", ge=2, le=100)] = 7
    second_folder: Annotated[
        str, _doc("第二份备份的目录（另一块盘）；空表示没有", "folder on a second disk that gets a copy; empty is none")
    ] = ""


class HeadOffice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The line to head office."""

    url: Annotated[
        str,
        _doc(
            "总行接收端地址；空表示独立运行",
            "address of the receiver; empty runs the branch alone",
            pattern=r"^(https?://\S+)?$",
        ),
    ] = ""


class Supervision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a device or a connection may fail before it is given up until somebody looks."""

    restarts_max: Annotated[int, _doc("时间窗内允许的重启次数", "restarts within the window", ge=1, le=1000)] = 8
    window_s: Annotated[float, _doc("重启计数的时间窗", "the window in which restarts are counted", ge=10, le=86_400)] = 300.0
    backoff_s_max: Annotated[float, _doc("两次重启之间的最长等待", "longest pause between two restarts", ge=1, le=3600)] = 30.0


class Logging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written to the log."""

    level: Annotated[
        str,
        _doc("日志级别 debug、info、warning 或 error", "debug, info, warning or error", pattern="^(debug|info|warning|error)$"),
    ] = "info"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings, in sections as in the file."""

    time_zone: Annotated[str, _doc("网点所在时区（IANA 名称）", "the branch's time zone, IANA name", min_length=1)] = (
        "Asia/Shanghai"
    )
    web: Web = field(default_factory=Web)
    storage: Storage = field(default_factory=Storage)
    backups: Backups = field(default_factory=Backups)
    head_office: HeadOffice = field(default_factory=HeadOffice)
    supervision: Supervision = field(default_factory=Supervision)
    logging: Logging = field(default_factory=Logging)


class Row(NamedTuple):
    """One line of the table of settings."""

    name: str
    """As on the command line: `web.listen`."""
    type: str
    default: str | int | float
    unit: str
    low: float | None
    high: float | None
    zh: str
    en: str


_UNITS: Final = {"_s": "s", "_s_max": "s", "_bytes": "B", "_bytes_max": "B", "_days": "d", "_minute_max": "1/min"}


def load(file: Path | None, arguments: Mapping[str, str | int | float] | None = None) -> Settings:
    """The settings in force. `arguments` by dotted name; a text is read as the setting's type (`--set web.listen=…`).

    Raises ConfigRefused, and OSError where `file` cannot be read.
    """
    tree: dict[str, Any] = {} if file is None else _read(file)
    for name, value in (arguments or {}).items():
        _put(tree, name, value)
    _check_names(tree, Settings, "")
    try:
        settings = msgspec.convert(tree, Settings, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigRefused(_explain(error)) from error
    _check_places(settings)
    return settings


def rows() -> tuple[Row, ...]:
    """Every setting, in the order of the file."""
    return tuple(_rows(Settings, ""))


def _rows(section: type[Struct], prefix: str) -> list[Row]:
    found: list[Row] = []
    blank = section()
    for name, hint in get_type_hints(section, include_extras=True).items():
        inner = _section_of(hint)
        if inner is not None:
            found += _rows(inner, f"{prefix}{name}.")
            continue
        kind, meta = get_args(hint)
        default = getattr(blank, name)
        unit = next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")
        found.append(Row(prefix + name, kind.__name__, default, unit, meta.ge, meta.le, meta.extra["zh"], meta.description))
    return found


def _section_of(hint: Any) -> type[Struct] | None:
    return hint if isinstance(hint, type) and issubclass(hint, Struct) else None


def _read(file: Path) -> dict[str, Any]:
    with file.open("rb") as reader:
        content = reader.read(CONFIG_BYTES_MAX + 1)
    if len(content) > CONFIG_BYTES_MAX:
        raise ConfigRefused(f"{file.name} is larger than {CONFIG_BYTES_MAX} bytes")
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise ConfigRefused(f"{file.name} cannot be read: {error}") from error


def _put(tree: dict[str, Any], name: str, value: str | float) -> None:
    """Lay one argument over the tree, read as the type of its setting."""
    known = {row.name: row for row in rows()}
    if name not in known:
        raise ConfigRefused(_unknown(name))
    section, _, leaf = name.rpartition(".")
    target = tree.setdefault(section, {}) if section else tree
    if not isinstance(target, dict):
        raise ConfigRefused(f"{section} is a section, not a value")
    kind = {"int": int, "float": float, "str": str}[known[name].type]
    try:
        target[leaf] = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigRefused(f"{name}: {error}") from error


def _check_names(tree: Mapping[str, Any], section: type[Struct], prefix: str) -> None:
    hints = get_type_hints(section)
    for name, value in tree.items():
        if name not in hints:
            raise ConfigRefused(_unknown(prefix + name))
        inner = _section_of(hints[name])
        if inner is not None and isinstance(value, dict):
            _check_names(value, inner, f"{prefix}{name}.")


def _check_places(settings: Settings) -> None:
    """What a type cannot say: the zone exists, the ports do."""
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigRefused(f"time_zone: {settings.time_zone} is no time zone") from error
    for name, address in (("web.listen", settings.web.listen), ("web.guest_listen", settings.web.guest_listen)):
        if address and int(address.rpartition(":")[2]) > PORT_MAX:
            raise ConfigRefused(f"{name}: a port is at most {PORT_MAX}")


def _unknown(name: str) -> str:
    known = [row.name for row in rows()] + [text for text, hint in get_type_hints(Settings).items() if _section_of(hint)]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else "")


def _explain(error: msgspec.ValidationError) -> str:
    """`Expected int >= 1 - at $.web.port` as `web.port: expected int >= 1`."""
    text, _, place = str(error).partition(" - at ")
    name = place.strip("`").removeprefix("$.") or "the file"
    return f"{name}: {text[:1].lower()}{text[1:]}"
