"""A program's or an operator's way to head office's console: JSON over HTTP with the console token."""

from typing import Any, Final

import aiohttp
import msgspec

TIMEOUT_S: Final = 30.0
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024


class OfficeRefused(Exception):
    """Head office said no, or did not answer; the text is for the operator."""


async def call(url: str, token: str, method: str, path: str, body: Any = None) -> Any:
    """The decoded answer; None where there is none. Raises OfficeRefused."""
    headers = {"Authorization": f"Bearer {token}"}
    sent = None if body is None else msgspec.json.encode(body)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.request(method, url.rstrip("/") + path, data=sent, headers=headers) as answer,
        ):
            got = await answer.content.read(MAX_ANSWER_BYTES)
            if answer.status >= 400:
                raise OfficeRefused(_said(answer.status, got))
            return msgspec.json.decode(got) if got else None
    except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
        raise OfficeRefused(f"{url}: {type(error).__name__}: {error}") from error


def _said(status: int, body: bytes) -> str:
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return f"{status}"
    return f"{status} {problem.get('code', '')}: {problem.get('detail') or problem.get('title', '')}"
