"""Response headers, made once. Every answer carries one of these sets."""

from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from edge.web.problems import MEDIA_TYPE

_EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # a phone's page has its token in the address
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "branchbox",
}
_API: Final = {
    **_EVERYWHERE,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_POLICY: Final = (
    "default-src 'self'; connect-src {connect}; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HOST_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")
HOST_CHARS_MAX: Final = 255

API: Final = CIMultiDictProxy(CIMultiDict(_API))
API_JSON: Final = CIMultiDictProxy(CIMultiDict({**_API, "Content-Type": "application/json"}))
API_PROBLEM: Final = CIMultiDictProxy(CIMultiDict({**_API, "Content-Type": MEDIA_TYPE}))
FILE: Final = CIMultiDictProxy(
    CIMultiDict(
        {
            **_EVERYWHERE,
            "Content-Security-Policy": _POLICY.format(connect="'self'"),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        }
    )
)
IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"


def page_policy(host: str) -> str:
    """The content policy of a page reached as `host`.

    Safari before 15.4 does not count a WebSocket to the own host as 'self', and customers bring such phones.
    """
    if not host or len(host) > HOST_CHARS_MAX or not _HOST_CHARS.issuperset(host):
        return _POLICY.format(connect="'self'")
    return _POLICY.format(connect=f"'self' ws://{host} wss://{host}")
