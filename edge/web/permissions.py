"""Who may do what: a table of roles and permissions. The table's content is the registry's.

A permission is named like the command it opens, `queue.call_next`. Devices have roles too: an enrolled kiosk may what the
role `kiosk` may. Phones and passers-by have none: for them only the route's audience counts.
"""

from collections.abc import Collection, Mapping

from edge.kernel.domain import Rejected


class Permissions:
    """role × permission."""

    def __init__(self, grants: Mapping[str, Collection[str]]) -> None:
        self._grants = {role: frozenset(permissions) for role, permissions in grants.items()}
        self._of_roles: dict[frozenset[str], frozenset[str]] = {}

    def of(self, roles: Collection[str]) -> frozenset[str]:
        """Everything that somebody with `roles` may do; a role that no table knows opens nothing."""
        key = frozenset(roles).intersection(self._grants)
        known = self._of_roles.get(key)
        if known is None:
            known = self._of_roles[key] = frozenset().union(*(self._grants[role] for role in key))
        return known

    def granted(self, permission: str) -> bool:
        """Whether any role has it: a permission that nobody has is a typing error in a route."""
        return any(permission in permissions for permissions in self._grants.values())


def check(held: frozenset[str], permission: str | None) -> None:
    """Raise Rejected("forbidden") unless `permission` is among those `held`."""
    if permission is not None and permission not in held:
        raise Rejected("forbidden", permission=permission)
