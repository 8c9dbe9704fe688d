"""A refusal as an answer, in the caller's language."""

from aiohttp import web
from multidict import CIMultiDict

from edge.kernel.domain import Rejected
from edge.web import headers
from edge.web.problems import Problems
from edge.web.routes import language_of


def refuse(problems: Problems, refusal: Rejected, request: web.BaseRequest) -> web.Response:
    """The problem document for a refusal, in the caller's language."""
    language = language_of(request)
    status, body = problems.render(refusal, language)
    made = CIMultiDict(headers.API_PROBLEM)
    made["Content-Language"] = language
    if status == web.HTTPUnauthorized.status_code:
        made["WWW-Authenticate"] = "Bearer"
    retry_s = refusal.facts.get("retry_s")
    if retry_s is not None:
        made["Retry-After"] = str(retry_s)
    return web.Response(body=body, status=status, headers=made)
