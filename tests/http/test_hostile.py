"""Text that means harm, wherever people leave text: it is shown as text, and looking at anything changes nothing."""

import re
from collections.abc import Mapping

import httpx
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.tables.base import SCHEMA
from app.http.policy import POLICY, Reach
from domain.shared.actor import Role
from tests.http.test_isolation import TABLES
from tests.http.test_policy import World, world  # noqa: F401  (a fixture)

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}${7*7}{0}{password_hash}%s%n"
    "'; drop table pack; --\u202e\u200f\u2028"
)
RAW = ("<script>alert(1)", "<img src=x", "onerror=alert(2)>{{")
"""What would do harm if it stood in a page as it was typed."""

TYPED: Mapping[str, tuple[str, ...]] = {
    "tenant": ("name_ko", "name_en", "address_ko", "address_en", "bank_account", "accreditation"),
    "person": ("printed_name",),
    "industrial_complex": ("name_ko", "name_en"),
    "api_key": ("name",),
    "invitation": ("for_whom",),
    "member_change": ("reason", "changed_by_name"),
    "pack": ("model", "maker", "cell_model"),
    "passport": ("operator_name_ko", "operator_name_en"),
    "history_entry": ("actor_name",),
    "reception": ("condition", "received_by_name"),
    "custody_move": ("place", "holder", "condition", "moved_by_name"),
    "device": ("name", "location"),
    "test_run": ("recorded_by_name", "raw_name"),
    "signature": ("printed_name", "entered_by"),
    "pack_grant": ("reason", "granted_by_name"),
    "site": ("name_ko", "name_en", "address_ko"),
    "plan_version": ("name_ko", "name_en"),
    "contract": ("plan_name_ko", "plan_name_en"),
    "bank_deposit": ("payer_name", "memo"),
    "invoice_line": ("description_ko", "description_en", "explanation_ko", "explanation_en"),
    "alarm_change": ("reason", "by_name"),
    "session": ("agent",),
    "record_import": ("file_name", "imported_by_name"),
}
"""The columns that hold what somebody typed, or what a file or a browser said of itself."""


async def plant(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Put the hostile text into every such column of every row; return where it went in."""
    planted = set()
    for table, columns in TYPED.items():
        for column in columns:
            try:
                async with connection.begin_nested():
                    done = await connection.execute(
                        text(f'update {SCHEMA}."{table}" set "{column}" = :hostile'), {"hostile": HOSTILE}
                    )
            except DBAPIError:
                continue  # a rule of the column refuses it, which is a rule too
            if done.rowcount:
                planted.add((table, column))
    return planted


async def contents(engine: AsyncEngine) -> dict[str, tuple[int, int]]:
    """Return how many rows each table has, and a sum over all that they say."""
    found = {}
    async with engine.connect() as connection:
        for name in TABLES:
            counted = await connection.execute(
                text(
                    f'select count(*), coalesce(sum(hashtextextended(o::text, 0)::numeric), 0) from {SCHEMA}."{name}" o'
                )
            )
            rows, said = counted.one()
            found[name] = (rows, int(said))
    return found


LOOKED = frozenset({"audit_entry", "api_key"})
"""That somebody looked is written down, and when a key was last used; nothing else may change."""


async def test_hostile_text_is_shown_as_text_and_no_look_changes_anything(
    world: World,  # noqa: F811
    engine: AsyncEngine,
) -> None:
    async with engine.begin() as connection:
        planted = await plant(connection)
    before = await contents(engine)
    pages: list[tuple[str, httpx.Response]] = []
    for route, rule in POLICY.items():
        if route[0] != "GET" or route[1] in ("/sign-in/provider", "/sign-in/provider/back"):
            continue  # a step of signing in, which a browser begins by being sent there
        askers = [
            role
            for role in (Role.TENANT_ADMIN, Role.APPROVER, Role.OPERATOR, Role.ADMIN)
            if rule.reach[role] is not Reach.NONE
        ]
        for role in askers[:2]:
            pages.append((f"{role} {route[1]}", await world.ask(route, "own", role)))
    after = await contents(engine)

    assert len(planted) > 30, sorted(planted)
    broken = [(name, page.status_code, page.text[:200]) for name, page in pages if page.status_code >= 500]
    assert broken == []
    html = [(name, page) for name, page in pages if page.headers.get("content-type", "").startswith("text/html")]
    assert [name for name, page in html if any(raw in page.text for raw in RAW)] == []
    assert sum("&lt;script&gt;alert(1)" in page.text for _, page in html) >= 10  # it is there, and is text
    assert [name for name, page in html if "49{0}" in page.text or "$49" in page.text] == []  # nothing was worked out
    assert [name for name, page in pages if "argon2" in page.text] == []
    json_pages = [page for _, page in pages if page.headers.get("content-type", "").startswith("application/json")]
    assert any("<script>" in page.text for page in json_pages)
    assert {page.headers["X-Content-Type-Options"] for page in json_pages} == {"nosniff"}
    named = {page.headers["content-disposition"] for _, page in pages if "content-disposition" in page.headers}
    assert named
    assert {one for one in named if not re.fullmatch(r'(attachment|inline); filename="[A-Za-z0-9._-]+"', one)} == set()
    signed_in = [(n, p) for n, p in html if p.status_code == 200 and not POLICY["GET", n.split(" ")[1]].is_public]
    assert [name for name, page in signed_in if 'action="/sign-out"' not in page.text] == []
    assert len(signed_in) > 20
    changed = {name for name in TABLES if before[name] != after[name]}
    assert changed <= LOOKED
    assert after["audit_entry"][0] > before["audit_entry"][0]


async def test_every_parameter_of_a_look_is_a_value_and_never_a_statement(signed_in, engine: AsyncEngine) -> None:
    operator = await signed_in("operator")
    document = (await operator.get("/docs/openapi.json")).json()
    asked = 0
    wrong = []
    before = await contents(engine)
    for path, doors in document["paths"].items():
        for parameter in doors.get("get", {}).get("parameters", ()):
            if parameter["in"] != "query" or "{" in path:
                continue
            for value in (HOSTILE, "1' or '1'='1"):
                answer = await operator.get(path, params={parameter["name"]: value})
                asked += 1
                if answer.status_code >= 500:
                    wrong.append((path, parameter["name"], value))

    assert wrong == []
    assert asked > 40
    after = await contents(engine)
    assert {name for name in TABLES if before[name] != after[name]} <= LOOKED


async def test_a_parameter_is_taken_from_where_it_belongs_and_once(signed_in) -> None:
    tenant = await signed_in("tenant")

    doubled = [
        await tenant.get(f"/api/v1/sites?tenant_id={first}&tenant_id={second}")
        for first, second in ((11, 12), (12, 11))
    ]
    in_a_cookie = await tenant.get("/api/v1/sites", headers={"Cookie": "tenant_id=12"})
    in_a_body = await tenant.request("GET", "/api/v1/sites", json={"tenant_id": 12})
    twice_in_json = await tenant.post(
        "/api/v1/keys",
        content=b'{"name": "x", "role": "operator", "role": "tenant_viewer"}',
        headers={"Content-Type": "application/json"},
    )

    assert {one.status_code for one in doubled} <= {200, 400, 404}
    for one in (*doubled, in_a_cookie, in_a_body):
        assert {site["tenant_id"] for site in one.json() if isinstance(site, dict) and "tenant_id" in site} <= {11}
    assert (in_a_cookie.status_code, in_a_body.status_code) == (200, 200)
    assert twice_in_json.status_code == 201
    assert twice_in_json.json()["key"]["role"] == "tenant_viewer"
