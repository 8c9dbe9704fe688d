"""Errors on the wire: RFC 9457 problem details with a stable code.

The code is the contract: programs and the pages' locale files go by it. Title and status come from one table, to which each
capability adds its own codes; a refusal whose code no table knows is 409, so that a forgotten entry is never a server error.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.kernel.domain import Rejected

MEDIA_TYPE: Final = "application/problem+json"
STATUS_OF_REJECTED: Final = 409

Facts = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Problem:
    """One way to say no."""

    code: str
    status: int
    zh: str
    en: str


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"kind": "type"}):
    """RFC 9457, with the stable code and the facts a page needs to say what to do."""

    kind: str
    title: str
    status: int
    code: str
    facts: dict[str, str | int | None]
    detail: str | None = None


class InvalidRequest(Rejected):
    """The request does not have the declared shape. `pointer` is the field's JSON pointer."""

    def __init__(self, detail: str, *, pointer: str = "") -> None:
        super().__init__("invalid_request", pointer=pointer)
        self.detail = detail


WEB_PROBLEMS: Final = (
    Problem("invalid_request", 400, "请求内容有误", "The request is not well-formed"),
    Problem("invalid_idempotency_key", 400, "幂等键无效", "The Idempotency-Key is not valid"),
    Problem("unauthenticated", 401, "请先登录", "Log in first"),
    Problem("bad_credentials", 401, "工号或密码不正确", "The staff number or the password is wrong"),
    Problem("forbidden", 403, "没有权限", "This is not allowed for you"),
    Problem("cross_site", 403, "请求来自其他网站，已拒绝", "The request came from another site"),
    Problem("topic_forbidden", 403, "不能订阅该主题", "This topic is not open to you"),
    Problem("not_found", 404, "没有找到", "There is nothing here"),
    Problem("method_not_allowed", 405, "不支持该操作方式", "This method is not supported here"),
    Problem("body_too_large", 413, "内容过大", "The request body is too large"),
    Problem("unsupported_media_type", 415, "只接受 JSON", "Only JSON is accepted"),
    Problem("idempotency_conflict", 422, "同一幂等键对应了不同的请求", "The Idempotency-Key was used for another request"),
    Problem("upgrade_required", 426, "此地址只接受 WebSocket 连接", "This address takes WebSocket connections only"),
    Problem("locked_out", 429, "密码错误次数过多，请稍后再试", "Too many wrong passwords, try again later"),
    Problem("rate_limited", 429, "请求过于频繁，请稍后再试", "Too many requests, try again later"),
    Problem("internal", 500, "系统内部错误", "Something went wrong inside"),
    Problem("overloaded", 503, "系统繁忙，请稍后再试", "The box is busy, try again in a moment"),
    Problem("timed_out", 503, "处理超时，请用同一幂等键重试", "It took too long; repeat with the same Idempotency-Key"),
    Problem("too_many_clients", 503, "实时连接过多", "Too many live connections"),
    Problem("storage_full", 507, "磁盘已满", "The disk is full"),
)


class Problems:
    """The table of all problems: this room's and those of the capabilities."""

    def __init__(self, *groups: Iterable[Problem]) -> None:
        self._by_code: dict[str, Problem] = {}
        for problem in (one for group in groups for one in group):
            if self._by_code.setdefault(problem.code, problem) != problem:
                raise ValueError(f"problem {problem.code} is declared twice, differently")

    def of(self, code: str) -> Problem:
        """The entry of `code`; a refusal nobody described is a conflict with the code as its title."""
        return self._by_code.get(code) or Problem(code, STATUS_OF_REJECTED, code, code)

    def knows(self, code: str) -> bool:
        return code in self._by_code

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._by_code.values())

    def render(self, refusal: Rejected, language: str) -> tuple[int, bytes]:
        """The status and the body that say `refusal` in `language` (`en`, else Chinese)."""
        problem = self.of(refusal.code)
        body = ProblemBody(
            kind=f"urn:branchbox:problem:{problem.code}",
            title=problem.en if language == "en" else problem.zh,
            status=problem.status,
            code=problem.code,
            facts=refusal.facts,
            detail=getattr(refusal, "detail", None),
        )
        return problem.status, msgspec.json.encode(body)
