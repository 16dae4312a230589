"""The mark `!` of the matrix: whoever may, may only having just proved who they are; a program cannot."""

import re
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from app.http.matrix import MATRIX
from app.http.policy import POLICY, PolicyIncomplete, Reach, read_matrix
from domain.shared.actor import DOOR, Role
from domain.shared.canonical import sha256
from tests.http.test_api import problem
from tests.http.test_policy import PEOPLE, home_of

MARKED = [route for route, rule in POLICY.items() if rule.takes_proof]
NUMBERS = {"sequence": "1", "tenant_id": "11", "month": "2026-01", "step": "issue"}


def address(path: str) -> str:
    """Put something into every place of a path."""
    return re.sub(r"\{(\w+)\}", lambda found: NUMBERS.get(found[1], str(uuid4())), path)


@pytest.fixture
async def unproven(let_in, ports) -> dict[Role, str]:
    """A session's token for every role, whose holder has not proved anything since signing in."""
    tokens = {}
    for role in PEOPLE:
        token = await let_in(role, home_of(role))
        now = ports.clock.now()
        held = await ports.recognition.of_session(sha256(token), now=now, seen_since=now - timedelta(hours=1))
        assert held is not None
        kept = held.session
        async with ports.unit(DOOR) as work:
            await work.sessions.renew(kept, token_sha256=kept.token_sha256, confirmed_at=None, second_factor=True)
            await work.commit()
        tokens[role] = token
    return tokens


async def test_whoever_may_must_have_proved_who_they_are(client: httpx.AsyncClient, unproven) -> None:
    wrong = []
    for method, path in MARKED:
        for role, token in unproven.items():
            answer = await client.request(
                method,
                address(path),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Idempotency-Key": uuid4().hex,
                    "Referer": "https://id.sunhwan.example/members?tenant=11",
                },
                **({"json": {}} if path.startswith("/api/") else {"data": {}}),
            )
            if POLICY[method, path].reach[role] is Reach.NONE:
                fits = answer.status_code == 403 and "shared.role-not-enough" in answer.text
            elif path.startswith("/api/"):
                fits = answer.status_code == 403 and answer.json()["code"] == "identity.confirmation-needed"
            else:
                fits = answer.headers.get("location") == "/confirm?next=/members%3Ftenant%3D11"
            if not fits:
                wrong.append(f"{role} {method} {path}: {answer.status_code} {answer.text[:100]}")

    assert wrong == [], "\n".join(wrong)


def test_what_signs_moves_money_or_gives_power_is_marked() -> None:
    marked = {path for _, path in MARKED}

    assert {
        "/api/v1/receptions/{reception_id}/review",
        "/api/v1/receptions/{reception_id}/approval",
        "/api/v1/receptions/{reception_id}/issue",
        "/api/v1/receptions/{reception_id}/amendments",
        "/api/v1/receptions/{reception_id}/amendments/approval",
        "/api/v1/certificates/{certificate_id}/end",
        "/api/v1/deposits",
        "/api/v1/contracts",
        "/api/v1/contracts/{contract_id}/months",
        "/api/v1/plans",
        "/api/v1/sites/{site_id}/tariffs",
        "/api/v1/sites/{site_id}/months/{month}/revisions",
        "/api/v1/keys",
        "/api/v1/keys/{key_id}/rotation",
        "/api/v1/members/{person_id}/role",
        "/api/v1/members/{person_id}/deactivation",
        "/api/v1/invitations",
        "/api/v1/organisations",
        "/api/v1/packs/{pack_id}/grants",
        "/api/v1/alarms/{alarm_id}/clearance",
        "/api/v1/protocols/{sequence}/approval",
        "/api/v1/protocols/{sequence}/retirement",
        "/api/v1/records/issuers",
    } <= marked


async def test_a_program_proves_nothing(signed_in, client: httpx.AsyncClient) -> None:
    admin = await signed_in("admin")
    made = await admin.post("/api/v1/keys", json={"name": "정산", "role": "finance", "tenant_id": 1})
    assert made.status_code == 201, made.text

    answer = await client.post(
        "/api/v1/deposits",
        json={},
        headers={"Authorization": f"Bearer {made.json()['text']}", "Idempotency-Key": "a"},
    )

    problem(answer, 403, "identity.people-only")


async def test_the_apis_document_says_so(client: httpx.AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    schemes = document["components"]["securitySchemes"]

    assert {name: one["type"] for name, one in schemes.items()} == {
        "session": "http",
        "key": "http",
        "cookie": "apiKey",
    }
    for path, doors in document["paths"].items():
        for method, door in doors.items():
            rule = POLICY[method.upper(), path.rstrip("/") or "/"]
            named = {name for scheme in door["security"] for name in scheme}
            if rule.is_public:
                assert named == set(), path
                continue
            assert {"session", "cookie"} <= named
            assert ("key" in named) == (rule.for_machines and not rule.takes_proof), path
            assert f"Roles: {', '.join(role.value for role in rule.roles)}." in door["description"], path
            assert ("confirmation-needed" in door["description"]) == rule.takes_proof, path


def test_a_passer_by_has_nothing_to_prove() -> None:
    with pytest.raises(PolicyIncomplete, match="nothing to prove"):
        read_matrix(f"{MATRIX}\nPOST! /x " + "y " * 15)
