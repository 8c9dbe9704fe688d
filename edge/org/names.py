"""What the branch and its services are called in a language, for messages."""

from edge.kernel.db import Connection
from edge.org import tables as org
from edge.org.model import Branch, Service


def branch_name(connection: Connection, language: str) -> str:
    """What messages sign with."""
    branch = org.branch(connection)
    return named(branch, language) if branch else ""


def named(thing: Branch | Service, language: str) -> str:
    """Its English name where it has one and English is wanted."""
    return thing.name_en if language == "en" and thing.name_en else thing.name
