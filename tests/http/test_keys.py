"""Keys for machines over HTTP: what they open, how far they reach, how they end."""

import re
from uuid import uuid4

import httpx
import pytest

from app.http import identity as asking
from tests.http.test_api import problem
from tests.http.test_people import admin, made  # noqa: F401  (fixtures)
from tests.http.test_readings_door import NONE, SITE, START, Sender, sender  # noqa: F401  (a fixture)

OTHER = {**SITE, "name_ko": "둘째 사업장", "name_en": "Second Site", "kepco_customer_no": "02-0000-0000"}


async def make(client, **body):
    answer = await client.post("/api/v1/keys", json={"name": "게이트웨이 1", "role": "device", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
async def program(app):
    """A client that sends a key: `program(text)`."""
    clients: list[httpx.AsyncClient] = []

    def opened(text):
        mine = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="https://id.sunhwan.example",
            headers={"Authorization": f"Bearer {text}"},
        )
        clients.append(mine)
        return mine

    yield opened
    for one in clients:
        await one.aclose()


@pytest.fixture
async def other_site(sender, signed_in):  # noqa: F811
    return (await (await signed_in("operator")).post("/api/v1/sites", json=OTHER)).json()["site_id"]


def body_of(sender, channel=None, wh=(1, 2)):  # noqa: F811
    return {"series": [sender.series(list(wh), channel=channel)]}


async def test_a_device_sends_its_own_channels_and_no_other(sender, program) -> None:  # noqa: F811
    text = (await make(sender.client, channels=[sender.load]))["text"]
    device = program(text)

    sent = await device.post("/api/v1/readings", json=body_of(sender))
    foreign = await device.post("/api/v1/readings", json=body_of(sender, sender.channels["pv"], (7, 8, 9)))

    assert sent.json() == {**NONE, "accepted": 2}
    assert foreign.json() == {
        **NONE,
        "rejected": 3,
        "rejections": [{"place": "series[0]", "reason": "channel-unknown", "values": 3}],
    }
    assert await sender.kept(channel=sender.channels["pv"]) == {}


async def test_a_device_lists_its_own_channels_and_reads_nothing_else(sender, program, other_site) -> None:  # noqa: F811
    device = program((await make(sender.client, sites=[sender.site_id], channels=[sender.load]))["text"])

    listed = await device.get(f"/api/v1/sites/{sender.site_id}/channels")
    assert [one["channel"] for one in listed.json()] == [sender.load]
    problem(await device.get(f"/api/v1/sites/{other_site}/channels"), 404, "metering.site-unknown")
    assert [one["site_id"] for one in (await device.get("/api/v1/sites")).json()] == [sender.site_id]
    months = await device.get(f"/api/v1/sites/{sender.site_id}/months/2026-07")
    problem(months, 403, "shared.role-not-enough")
    file = await device.post(f"/api/v1/sites/{sender.site_id}/readings", content=b"x")
    problem(file, 403, "shared.role-not-enough")


async def test_a_key_narrowed_to_a_site_sees_that_site_only(sender, program, other_site) -> None:  # noqa: F811
    await sender.send(body_of(sender))
    viewer = program((await make(sender.client, role="tenant_viewer", sites=[other_site]))["text"])

    assert [one["site_id"] for one in (await viewer.get("/api/v1/sites")).json()] == [other_site]
    assert (await viewer.get(f"/api/v1/sites/{other_site}/channels")).status_code == 200
    for path in ("channels", "months/2026-07"):
        problem(await viewer.get(f"/api/v1/sites/{sender.site_id}/{path}"), 404, "metering.site-unknown")


@pytest.mark.parametrize("role", ["device", "tenant_viewer", "tenant_admin"])
async def test_a_narrowed_key_reads_nothing_that_is_not_about_its_sites(role, app, sender, program) -> None:  # noqa: F811
    key = program((await make(sender.client, role=role, sites=[sender.site_id]))["text"])
    opened = set()

    for route in app.routes:
        if "GET" not in getattr(route, "methods", ()) or not route.path.startswith("/api/v1/"):
            continue
        path = re.sub(r"\{tenant_id:\w+\}", "11", route.path_format)
        path = re.sub(r"\{month[^}]*\}", "2026-07", re.sub(r"\{\w*_id[^}]*\}", str(uuid4()), path))
        path = re.sub(r"\{[^}]*\}", "x", path)
        answer = await key.get(path)
        if answer.status_code < 400:
            opened.add(route.path)
        assert answer.status_code < 500, (route.path, answer.text)

    assert {path.rstrip("/") for path in opened} <= {
        "/api/v1/sessions/me",
        "/api/v1/records/schema",  # anybody's
        "/api/v1/sites",
        "/api/v1/tariffs",
        "/api/v1/telemetry/packs",
    }


async def test_a_device_of_one_tenant_sends_nothing_for_another(sender, program) -> None:  # noqa: F811
    device = program((await make(sender.client, channels=[sender.load]))["text"])

    answer = await device.post("/api/v1/readings?tenant_id=12", json=body_of(sender))

    problem(answer, 404, "metering.site-unknown")


async def test_a_key_is_only_made_for_what_the_organisation_has(sender, signed_in) -> None:  # noqa: F811
    neighbour = await signed_in("neighbour")

    for scope in ({"sites": [sender.site_id]}, {"channels": [sender.load]}):
        body = {"name": "x", "role": "device", **scope}
        problem(await neighbour.post("/api/v1/keys", json=body), 422, "identity.key-scope-unknown")
    body = {"name": "x", "role": "device"}
    problem(await sender.client.post("/api/v1/keys", json=body), 422, "identity.key-scope")


async def test_a_revoked_key_opens_nothing_when_it_is_sent_again(app, sender, program) -> None:  # noqa: F811
    made_key = await make(sender.client, channels=[sender.load])
    device = program(made_key["text"])
    assert (await device.post("/api/v1/readings", json=body_of(sender))).status_code == 200

    revoked = await sender.client.post(f"/api/v1/keys/{made_key['key']['key_id']}/revocation")

    assert revoked.json()["state"] == "revoked"
    problem(await device.get(f"/api/v1/sites/{sender.site_id}/channels"), 401, "identity.not-signed-in")
    app.state[asking.REMEMBERED] = asking.RememberedActors()  # two seconds later
    problem(await device.post("/api/v1/readings", json=body_of(sender)), 401, "identity.not-signed-in")


async def test_the_readings_door_asks_for_a_key_once_in_two_seconds(sender, program, monkeypatch) -> None:  # noqa: F811
    device = program((await make(sender.client, channels=[sender.load]))["text"])
    looked = []
    plain = asking._who

    async def counted(token, ports, kept, **more):
        looked.append(token)
        return await plain(token, ports, kept, **more)

    monkeypatch.setattr(asking, "_who", counted)
    for _ in range(5):
        assert (await device.post("/api/v1/readings", json=body_of(sender))).status_code == 200

    assert len(looked) == 1


async def test_a_rotated_key_works_beside_its_successor_and_then_no_more(sender, program, ports) -> None:  # noqa: F811
    old = await make(sender.client, channels=[sender.load])
    path = f"/api/v1/sites/{sender.site_id}/channels"

    answer = await sender.client.post(f"/api/v1/keys/{old['key']['key_id']}/rotation", json={"overlap_hours": 1})
    new = answer.json()

    for text in (old["text"], new["text"]):
        assert (await program(text).get(path)).status_code == 200
    ports.clock.move_to(ports.clock.now().replace(hour=2))
    problem(await program(old["text"]).get(path), 401, "identity.not-signed-in")
    assert (await program(new["text"]).get(path)).status_code == 200


async def test_a_key_manages_neither_people_nor_keys(sender, program) -> None:  # noqa: F811
    key = program((await make(sender.client, role="tenant_admin"))["text"])

    assert (await key.get("/api/v1/contracts")).status_code == 200
    for path, body in (
        ("/api/v1/keys", {"name": "x", "role": "tenant_viewer"}),
        ("/api/v1/invitations", {"role": "tenant_viewer", "for_whom": "x"}),
    ):
        problem(await key.post(path, json=body), 403, "identity.people-only")


async def test_the_text_of_a_key_is_never_shown_again(sender) -> None:  # noqa: F811
    made_key = await make(sender.client, channels=[sender.load])

    listed = (await sender.client.get("/api/v1/keys")).text

    assert made_key["key"]["key_id"] in listed
    assert made_key["text"] not in listed
    assert "secret" not in listed


async def test_the_page_makes_shows_replaces_and_revokes(sender, program) -> None:  # noqa: F811
    form = {"name": "지붕 계량기", "role": "device", "site": sender.site_id, "channel_numbers": "1, 2", "days": "30"}
    shown = await sender.client.post("/keys", data=form)
    text = re.search(r"sh_live_[0-9a-f]{32}_[\w-]{43}", shown.text)
    assert text is not None, shown.text
    assert (await program(text[0]).get(f"/api/v1/sites/{sender.site_id}/channels")).status_code == 200
    (key,) = (await sender.client.get("/api/v1/keys")).json()
    assert (key["channels"], key["sites"]) == ([1, 2], [sender.site_id])

    replaced = await sender.client.post(f"/keys/{key['key_id']}/rotation", data={"overlap_hours": "1"})
    assert "sh_live_" in replaced.text
    assert (await sender.client.post(f"/keys/{key['key_id']}/revocation")).status_code == 303
    page = (await sender.client.get("/keys")).text
    assert "폐기됨" in page
    assert text[0] not in page


async def test_an_administrator_makes_a_key_for_any_organisation(admin, program) -> None:  # noqa: F811
    key = await make(admin, role="auditor", tenant_id=1)

    assert (await program(key["text"]).get("/api/v1/packs")).status_code == 200
    problem(
        await admin.post("/api/v1/keys", json={"name": "x", "role": "tester", "tenant_id": 11}),
        422,
        "identity.key-not-for-machines",
    )
