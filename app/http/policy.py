"""The matrix at work: a guard in front of every route, and what the API's document says of it."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from app.http.identity import actor_of, why_nobody
from app.http.matrix import MATRIX
from app.ports import Ports
from domain.identity.errors import PeopleOnly
from domain.identity.keyring import ROLES as MACHINES
from domain.shared.actor import Role, RoleNotEnough

COLUMNS = (
    Role.PUBLIC,
    Role.TENANT_VIEWER,
    Role.TENANT_ADMIN,
    Role.TESTER,
    Role.REVIEWER,
    Role.APPROVER,
    Role.QUALITY,
    Role.OPERATOR,
    Role.FINANCE,
    Role.ADMIN,
    Role.AUDITOR,
    Role.OWNER,
    Role.AUTHORITY,
    Role.RECYCLER,
    Role.DEVICE,
)
"""The roles in the order of the matrix."""


PROOF = "!"
"""The mark of a method that takes a fresh proof of who acts."""


class Reach(StrEnum):
    """How far a role reaches on a route."""

    NONE = "-"
    YES = "y"
    OWN = "o"
    ALL = "a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row: who reaches how far, whether they must just have proved who they are, and whether it hands out documents.

    The audit follows every document.
    """

    reach: Mapping[Role, Reach]
    takes_proof: bool = False
    is_document: bool = False

    @property
    def is_public(self) -> bool:
        """Whether anybody may, signed in or not."""
        return self.reach[Role.PUBLIC] is not Reach.NONE

    @property
    def for_machines(self) -> bool:
        """Whether a program's key can have a role that may."""
        return any(self.reach[role] is not Reach.NONE for role in MACHINES)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that may."""
        return tuple(role for role in COLUMNS if self.reach[role] is not Reach.NONE)


DOCUMENT = "doc"
"""Ends a row of the matrix that hands out documents or exports."""

Route = tuple[str, str]
"""A method and a path, as in the matrix."""


SCHEMES = ("session", "key", "cookie")
"""What may be sent to say who asks, as the API's document names it."""
KEY_SCHEME = "key"


class PolicyIncomplete(RuntimeError):
    """The matrix and the program do not tell the same routes."""


def read_matrix(matrix: str) -> Mapping[Route, Rule]:
    """Return the rules of a matrix.

    Raises:
        PolicyIncomplete: a row has no meaning, or stands twice.
        ValueError: a cell has no meaning.
    """
    rules: dict[Route, Rule] = {}
    for line in matrix.strip().splitlines()[1:]:
        if not line.strip():
            continue
        method, path, *cells = line.split()
        takes_proof, method = method.endswith(PROOF), method.removesuffix(PROOF)
        is_document = cells[-1:] == [DOCUMENT]
        cells = cells[:-1] if is_document else cells
        if len(cells) != len(COLUMNS) or (method, path) in rules:
            raise PolicyIncomplete(f"a row of the matrix has no meaning: {line}")
        reach = {role: Reach(cell) for role, cell in zip(COLUMNS, cells, strict=True)}
        if reach[Role.PUBLIC] is not Reach.NONE and Reach.NONE in reach.values():
            raise PolicyIncomplete(f"what anybody may, everybody may: {line}")
        if takes_proof and reach[Role.PUBLIC] is not Reach.NONE:
            raise PolicyIncomplete(f"a passer-by has nothing to prove: {line}")
        if is_document and (method != "GET" or reach[Role.PUBLIC] is not Reach.NONE):
            raise PolicyIncomplete(f"a document is fetched, and by somebody who has signed in: {line}")
        rules[method, path] = Rule(reach=MappingProxyType(reach), takes_proof=takes_proof, is_document=is_document)
    return MappingProxyType(rules)


POLICY: Mapping[Route, Rule] = read_matrix(MATRIX)

_SELF_DESCRIBING = frozenset({"OPTIONS", "HEAD"})
"""What the framework answers by itself: which methods there are, and a file's headers."""


def routes_of(app: Litestar) -> Iterable[tuple[Route, HTTPRouteHandler]]:
    """Return every route of the program with its handler."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                for method in handler.http_methods - _SELF_DESCRIBING:
                    yield (str(method), route.path_format), handler


def apply_policy(app: Litestar) -> None:
    """Compare the program's routes with the matrix and write the matrix into the API's document.

    Raises:
        PolicyIncomplete: a route has no row, or a row no route, or requests do not come in where the policy is kept.
    """
    routes = tuple(routes_of(app))
    found = {route for route, _ in routes}
    unruled, unmade = sorted(found - POLICY.keys()), sorted(POLICY.keys() - found)
    if unruled or unmade:
        raise PolicyIncomplete(f"routes without a row: {unruled}; rows without a route: {unmade}")
    others = [one.path for one in app.routes if not isinstance(one, HTTPRoute)]
    others += [path for (_, path), handler in routes if handler.resolve_before_request() != app.before_request]
    if others:
        raise PolicyIncomplete(f"routes that are entered by a door of their own: {sorted(others)}")
    for route, handler in routes:
        describe(handler, POLICY[route])


def describe(handler: HTTPRouteHandler, rule: Rule) -> None:
    """Write a row into the API's document: what to send, who may, and whether a fresh proof is needed."""
    if rule.is_public:
        handler.security = [{}]
        return
    names = [role.value for role in rule.roles]
    schemes = [name for name in SCHEMES if name != KEY_SCHEME or (rule.for_machines and not rule.takes_proof)]
    handler.security = [{name: []} for name in schemes]
    told = f"Roles: {', '.join(names)}."
    if rule.takes_proof:
        told += (
            " Takes a fresh proof of who acts (`POST /api/v1/sessions/me/confirmation`, at most five minutes old); "
            "without it: 403 `identity.confirmation-needed`. A machine's key cannot prove anything: 403 "
            "`identity.people-only`."
        )
    text = inspect.getdoc(handler.fn) or ""
    handler.description = f"{text}\n\n{told}" if text else told


async def keep_policy(request: Request[Any, Any, Any]) -> None:
    """Let pass whom the matrix lets pass on this route, before anything of the request is looked at.

    Raises:
        NotSignedIn: nobody asks, and the route is not for anybody.
        SecondFactorMissing: the role takes two factors here, and one opened the session.
        RoleNotEnough: the role has no reach on the route.
        PeopleOnly: the route is marked, and a program asks, which cannot prove anything.
        ConfirmationNeeded: the route is marked, and they did not prove within five minutes who they are.
    """
    method = request.method
    if method in _SELF_DESCRIBING:
        return
    rule = POLICY[method, request.scope["path_template"]]
    if rule.is_public:
        return
    actor = await actor_of(request)
    if actor is None:
        raise why_nobody(request)
    if rule.reach[actor.role] is Reach.NONE:
        actor.require(*rule.roles)
        raise RoleNotEnough
    if rule.takes_proof:
        if actor.key_id is not None:
            raise PeopleOnly
        ports: Ports = request.app.state["ports"]
        actor.require_confirmed(ports.clock.now())
