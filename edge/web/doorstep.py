"""What comes to a listener and is no HTTP: answered as the branch answers, noted in one line, and the connection ends.

aiohttp's own answer names the program and its versions, and its log the caller's address and a traceback with their bytes.
"""

import asyncio
from typing import Any, Final

import structlog
from aiohttp import web

from edge.kernel.domain import Rejected
from edge.web.problems import Problems
from edge.web.refusals import refuse

log = structlog.get_logger()

PROBLEMS: Final = web.AppKey("problems", Problems)
"""Where a listener finds the words of its application."""


class _Doorstep(web.RequestHandler):
    """One connection."""

    def __init__(self, manager: web.Server, problems: Problems, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._problems = problems

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- it quotes what was sent
    ) -> web.StreamResponse:
        """Raises ConnectionError where an answer has begun: nothing else can be said there."""
        log.info("request_unreadable", status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun")
        code = "invalid_request" if status < web.HTTPInternalServerError.status_code else "internal"
        response = refuse(self._problems, Rejected(code), request)
        response.force_close()
        return response


class _Server(web.Server):
    def __init__(self, made: web.Server, problems: Problems) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(made.request_handler, request_factory=made.request_factory, loop=loop)
        self._made_for, self._problems = loop, problems

    def __call__(self) -> web.RequestHandler:
        return _Doorstep(self, self._problems, loop=self._made_for, access_log=None)


class DoorstepRunner(web.AppRunner):
    """Runs an application on listeners that keep to its manners from the first byte on."""

    async def _make_server(self) -> web.Server:
        return _Server(await super()._make_server(), self.app[PROBLEMS])
