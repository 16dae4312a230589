"""A POST under a key takes effect once, however often, however cut off and however close together it is sent."""

import asyncio
import hashlib
import json
import random
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.http.idempotency import FORM_FIELD, UNKEYED, UNKEYED_FORMS, keyed_doors
from app.http.policy import POLICY
from app.jobs.schedule import sweep_answers
from app.pages.frame import TEMPLATES
from app.ports import Ports
from domain.shared.idempotency import KEPT
from tests.http.conftest import PASSWORD, confirm_by_form

PLAN = {
    "code": "ONCE",
    "name_ko": "한 번",
    "name_en": "Once",
    "capacity_rate_micro_krw_per_wh_month": 9_000_000,
    "energy_rate_micro_krw_per_wh": 45_500,
}


def site(number: int = 1) -> dict[str, object]:
    """A site of the first tenant; every one that is opened is another."""
    return {
        "tenant_id": 11,
        "name_ko": f"공장 {number}",
        "name_en": f"Plant {number}",
        "address_ko": "구미시 1공단로 1",
        "kepco_customer_no": "0123456789",
        "contract_power_w": 500_000,
    }


async def count(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as connection:
        found = await connection.execute(text(f"select count(*) from sunhwan.{table}"))
        return int(found.scalar_one())


def under(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def test_a_request_sent_again_gets_the_first_answer_byte_for_byte(signed_in, engine: AsyncEngine) -> None:
    operator = await signed_in("operator")
    before = await count(engine, "site")

    first = await operator.post("/api/v1/sites", json=site(), headers=under("k-1"))
    again = await operator.post("/api/v1/sites", json=dict(reversed(site().items())), headers=under("k-1"))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert await count(engine, "site") == before + 1


async def test_another_body_or_address_under_a_used_key_is_refused_or_another_request(signed_in) -> None:
    operator = await signed_in("operator")
    await operator.post("/api/v1/sites", json=site(1), headers=under("k-2"))

    other_body = await operator.post("/api/v1/sites", json=site(2), headers=under("k-2"))
    other_door = await operator.post("/api/v1/plans", json=PLAN, headers=under("k-2"))

    assert (other_body.status_code, other_body.json()["code"]) == (422, "http.idempotency-key-reused")
    assert other_door.status_code == 201


async def test_a_key_is_its_senders_own(signed_in, engine: AsyncEngine) -> None:
    operator, tester = await signed_in("operator"), await signed_in("tester")
    await operator.post("/api/v1/sites", json=site(), headers=under("k-3"))

    foreign = await tester.post("/api/v1/sites", json=site(), headers=under("k-3"))

    assert foreign.status_code in (403, 404)
    assert "Idempotency-Replayed" not in foreign.headers


@pytest.mark.parametrize(
    ("key", "code"),
    [
        pytest.param(None, "http.idempotency-key-missing", id="missing"),
        pytest.param("", "http.idempotency-key-malformed", id="empty"),
        pytest.param("k" * 256, "http.idempotency-key-malformed", id="too long"),
        pytest.param("k\u00e9", "http.idempotency-key-malformed", id="not ASCII"),
    ],
)
async def test_a_post_without_a_usable_key_has_no_meaning(signed_in, engine: AsyncEngine, key, code) -> None:
    operator = await signed_in("operator")
    operator.event_hooks = {}
    before = await count(engine, "site")

    headers = [] if key is None else [(b"Idempotency-Key", key.encode("latin-1"))]
    refused = await operator.post("/api/v1/sites", json=site(), headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert refused.headers["content-type"] == "application/problem+json"
    assert await count(engine, "site") == before


async def test_nobody_is_told_about_keys_before_signing_in(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/sites", json=site())).status_code == 401


async def test_a_refused_request_leaves_its_key_free(signed_in, engine: AsyncEngine) -> None:
    operator = await signed_in("operator")

    refused = await operator.post("/api/v1/sites", json={**site(), "tenant_id": 999}, headers=under("k-4"))
    taken = await operator.post("/api/v1/sites", json=site(), headers=under("k-4"))

    assert (refused.status_code, taken.status_code) == (404, 201)
    assert await count(engine, "idempotency_key") == 1


async def test_an_effect_without_its_answer_leaves_no_trace(
    app: Litestar, ports: Ports, signed_in, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import app.http.sites as doors

    operator = await signed_in("operator")
    before = await count(engine, "site")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(doors, "_site_out", broken)
    failed = await operator.post("/api/v1/sites", json=site(), headers=under("k-5"))
    between = await count(engine, "site")
    monkeypatch.undo()
    done = await operator.post("/api/v1/sites", json=site(), headers=under("k-5"))

    assert (failed.status_code, between, done.status_code) == (500, before, 201)
    assert await count(engine, "site") == before + 1


async def test_a_request_under_way_is_answered_with_when_to_come_back(signed_in, engine: AsyncEngine) -> None:
    operator = await signed_in("operator")
    me = (await operator.get("/api/v1/sessions/me")).json()
    async with engine.connect() as connection:
        row = await connection.execute(text("select person_id from sunhwan.person where sign_in_name = 'operator'"))
        person_id = row.scalar_one()
    spelled = json.dumps([me["tenant_id"], str(person_id), "POST /api/v1/sites", "k-6"])
    lock = int.from_bytes(hashlib.sha256(f"idempotency:{spelled}".encode()).digest()[:8], "big", signed=True)
    async with engine.begin() as twin:
        await twin.execute(text("select pg_advisory_xact_lock(:key)"), {"key": lock})
        waiting = await operator.post("/api/v1/sites", json=site(), headers=under("k-6"))
    done = await operator.post("/api/v1/sites", json=site(), headers=under("k-6"))

    assert (waiting.status_code, waiting.json()["code"]) == (409, "http.idempotency-key-in-progress")
    assert waiting.headers["Retry-After"] == "1"
    assert done.status_code == 201


async def test_answers_are_kept_for_thirty_days(signed_in, ports: Ports, engine: AsyncEngine) -> None:
    operator = await signed_in("operator")
    await operator.post("/api/v1/sites", json=site(), headers=under("k-7"))

    ports.clock.move_to(ports.clock.now() + KEPT - timedelta(hours=1))
    early = await sweep_answers(ports)
    ports.clock.move_to(ports.clock.now() + timedelta(hours=2))
    late = await sweep_answers(ports)

    assert (early.did, late.did, await count(engine, "idempotency_key")) == (0, 1, 0)


async def test_a_form_sent_twice_at_once_does_one_thing(
    app: Litestar, client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await client.post("/sign-in", data={"sign_in_name": "operator", "password": "wire-rope-2026-gumi"})
    shown = (await client.get("/sites")).text
    key = re.findall(r'<form[^>]*action="/sites">.*?name="idempotency_key" value="([^"]+)"', shown, re.S)[0]
    form = {**{k: str(v) for k, v in site().items() if k != "contract_power_w"}, "contract_power_kw": "500"}
    before = await count(engine, "site")

    twins = await asyncio.gather(*(client.post("/sites", data={**form, "idempotency_key": key}) for _ in range(2)))
    changed = await client.post("/sites", data={**form, "name_en": "Other", "idempotency_key": key})

    assert [one.status_code for one in twins] == [303, 303]
    assert await count(engine, "site") == before + 1
    assert changed.status_code == 422
    assert changed.headers["content-type"].startswith("text/html")


_STEPS = {"/ktr/certificates/{}/{}": ("suspension", "reinstatement", "revocation")}
_BASES = {"{}/": "/sites/{}/{}/meters/{}/"}


def actions(written: str) -> tuple[str, ...]:
    """Return the routes that a form's action stands for: a template may name a step, or how its address begins."""
    action = re.sub(r"\{\{.*?\}\}", "{}", written)
    begun = next((base + action[len(short) :] for short, base in _BASES.items() if action.startswith(short)), action)
    return tuple(f"{begun[:-2]}{step}" for step in _STEPS[begun]) if begun in _STEPS else (begun,)


FORMS = [
    (template.name, action, "{{ once() }}" in found["inside"])
    for template in sorted(TEMPLATES.glob("*.html"))
    for found in re.finditer(
        r'<form[^>]*method="post"[^>]*action="(?P<action>[^"]+)"[^>]*>(?P<inside>.*?)</form>',
        template.read_text("utf-8"),
        re.S,
    )
    for action in actions(found["action"])
]
"""Every form of the templates that writes: where it stands, where it goes, and whether it carries a key."""

LOOKS = {
    action
    for template in TEMPLATES.glob("*.html")
    for written in re.findall(r'formaction="([^"]+)"', template.read_text("utf-8"))
    for action in actions(written)
}
"""Where a button sends its form instead of where it writes to: such a door only looks."""


def nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def test_every_form_of_the_pages_carries_a_key_or_stands_on_the_list_with_its_reason() -> None:
    written = sum(path.read_text("utf-8").count('method="post"') for path in TEMPLATES.glob("*.html"))
    posts = {nameless(path) for method, path in POLICY if method == "POST" and not path.startswith("/api/")}
    without = {nameless(path) for path in UNKEYED_FORMS}

    assert written + sum(len(steps) - 1 for steps in _STEPS.values()) == len(FORMS) > 45
    assert {action for _, action, _ in FORMS} | LOOKS == posts
    assert without >= LOOKS
    assert [form for form in FORMS if form[2] == (form[1] in without)] == []
    assert all(len(reason) > 20 for reason in UNKEYED_FORMS.values())
    assert {path for path in UNKEYED_FORMS if ("POST", path) not in POLICY} == set()


async def test_a_page_that_shows_a_secret_once_is_never_kept(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    await client.post("/sign-in", data={"sign_in_name": "tenant", "password": PASSWORD})
    await confirm_by_form(client)
    form = {"name": "미터", "role": "tenant_viewer", "days": "9", FORM_FIELD: "k-secret"}

    shown = await client.post("/keys", data=form)
    link = await client.post(
        "/members/invitations", data={"role": "tenant_viewer", "for_whom": "박", FORM_FIELD: "k-2"}
    )

    assert "sh_live_" in shown.text
    assert "/join?token=" in link.text
    assert await count(engine, "idempotency_key") == 0


async def test_an_amended_report_is_issued_once_however_often_its_button_is_pressed(
    story, client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await client.post("/sign-in", data={"sign_in_name": "reviewer", "password": PASSWORD})
    await client.post("/confirm", data={"password": PASSWORD, "next": "/"})
    address = f"/ktr/receptions/{story.life.receptions[0].reception_id}/amendments"
    key = re.findall(r'name="idempotency_key" value="([^"]+)"', (await client.get(address)).text)
    form = {"reason": "주소 정정", "contact": "032-000", "password_again": PASSWORD, FORM_FIELD: key[-1]}

    # One after the other: a password renews the session, whose next request must carry its new token.
    pressed = [await client.post(address, data=form) for _ in range(2)]

    assert [answer.status_code for answer in pressed] == [303, 303]
    assert await count(engine, "amendment_proposal") == 1
    await client.post("/sign-in", data={"sign_in_name": "approver", "password": PASSWORD})
    page = (await client.get(address)).text
    approval = page[page.index("/amendments/approval") :]
    named = {
        name: re.search(rf'name="{name}" value="([^"]+)"', approval)[1] for name in ("idempotency_key", "draft_id")
    }
    form = {"draft_id": named["draft_id"], "password_again": PASSWORD, FORM_FIELD: named["idempotency_key"]}

    pressed = [await client.post(f"{address}/approval", data=form) for _ in range(2)]

    assert [answer.status_code for answer in pressed] == [303, 303]
    assert await count(engine, "amended_report") == 1


async def test_every_post_of_the_api_takes_a_key_or_says_why_not(app: Litestar) -> None:
    posts = {
        handler.operation_id
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/")
        for handler in route.route_handlers
        if "POST" in handler.http_methods
    }
    keyed = {handler.operation_id for handler in keyed_doors(app)}

    assert keyed == posts - set(UNKEYED)
    assert set(UNKEYED) <= posts
    for path, item in (app.openapi_schema.paths or {}).items():
        if item.post is not None:
            named = {one.name for one in item.post.parameters or () if getattr(one, "required", False)}
            assert ("Idempotency-Key" in named) == (item.post.operation_id in keyed), path


async def send_until_answered(
    send: Callable[[], Awaitable[httpx.Response]], chance: random.Random, *, cut: float
) -> bytes:
    """Send a request, hanging up in the middle at random, until it is answered; return the answer's bytes."""
    while True:
        try:
            async with asyncio.timeout(chance.random() * 0.05 if chance.random() < cut else 60):
                answer = await send()
        except TimeoutError:
            continue
        if answer.status_code == 201:
            return answer.content
        assert answer.status_code == 409, answer.text
        assert answer.json()["code"] == "http.idempotency-key-in-progress"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "requests", [pytest.param(100, id="100"), pytest.param(10_000, id="10,000", marks=pytest.mark.prove)]
)
async def test_each_of_many_requests_sent_by_up_to_five_at_once_takes_effect_once(
    signed_in, engine: AsyncEngine, requests: int
) -> None:
    chance = random.Random(20261122)
    operator = await signed_in("operator")
    before = await count(engine, "site")

    async def one(number: int) -> set[bytes]:
        body, headers = site(number), under(f"many-{number}")
        senders = chance.randint(1, 5)
        return set(
            await asyncio.gather(
                *(
                    send_until_answered(
                        lambda: operator.post("/api/v1/sites", json=body, headers=headers), chance, cut=0.3
                    )
                    for _ in range(senders)
                )
            )
        )

    answers: list[set[bytes]] = []
    for start in range(0, requests, 2):
        answers += await asyncio.gather(*(one(number) for number in range(start, min(start + 2, requests))))

    assert [len(different) for different in answers] == [1] * requests
    assert len(set.union(*answers)) == requests
    assert await count(engine, "site") == before + requests
    assert await count(engine, "idempotency_key") == requests
