"""Senders get what their buckets hold, with the figures in the headers; then 429 and when to come back."""

from types import SimpleNamespace

import pytest
from litestar import Litestar

from app.http.quotas import METERS, QUOTAS, SHELVES, Meters, shelf_of
from app.ports import Ports
from app.settings import SettingMalformed, read_settings
from domain.shared.actor import Actor
from domain.shared.identifiers import TenantId
from domain.shared.quotas import Bucket, Kind, Quota, QuotaExceeded

SMALL = {**QUOTAS, Kind.LOOKS: Quota(rate_per_s=1, burst=3, batch=2)}
MANY = 200


async def spent_until_refused(meters: Meters, senders: list, kind: Kind, ports: Ports) -> int:
    for spent, sender in enumerate(senders):
        try:
            await meters.spend(sender, kind, ports)
        except QuotaExceeded:
            return spent
    return len(senders)


async def test_a_sender_who_asks_too_much_is_told_when_to_come_back(app: Litestar, signed_in) -> None:
    tester, neighbour = await signed_in("tester"), await signed_in("operator")
    app.state[METERS] = Meters(SMALL)

    answers = [await tester.get("/api/v1/sessions/me") for _ in range(MANY)]
    refused = [one for one in answers if one.status_code == 429]
    other = await neighbour.get("/api/v1/sessions/me")

    assert answers[0].status_code == 200
    assert (answers[0].headers["RateLimit-Limit"], answers[0].headers["RateLimit-Remaining"]) == ("3", "1")
    assert refused
    assert {one.json()["code"] for one in refused} == {"http.quota-exceeded"}
    assert all(int(one.headers["Retry-After"]) >= 1 for one in refused)
    assert refused[0].headers["content-type"] == "application/problem+json"
    assert other.status_code == 200


async def test_an_organisation_has_a_bucket_of_all_its_people(app: Litestar, ports: Ports, people) -> None:
    meters = Meters({Kind.LOOKS: Quota(rate_per_s=1, burst=3, batch=1_000)})
    tester: Actor = people["tester"]
    colleagues = [SimpleNamespace(tenant_id=tester.tenant_id, person_id=number // 2) for number in range(MANY)]

    spent = await spent_until_refused(meters, colleagues, Kind.LOOKS, ports)

    assert 12 <= spent < MANY  # four people's quotas; more only by the seconds that passed


async def test_two_processes_share_one_bucket(ports: Ports, people) -> None:
    quota = {Kind.CHANGES: Quota(rate_per_s=1, burst=4, batch=2)}
    here, there = Meters(quota), Meters(quota)

    for meters in (here, there, here, there):
        await meters.spend(people["tester"], Kind.CHANGES, ports)

    assert await spent_until_refused(here, [people["tester"]] * MANY, Kind.CHANGES, ports) < MANY


async def test_values_are_charged_once_they_are_counted_and_debts_are_paid_first(ports: Ports, people) -> None:
    meters = Meters({Kind.VALUES: Quota(rate_per_s=1, burst=1_000, batch=100)})
    sender = people["tenant"]
    await meters.spend(sender, Kind.VALUES, ports)

    meters.charge(sender, Kind.VALUES, 1_000_000)

    with pytest.raises(QuotaExceeded) as refused:
        await meters.spend(sender, Kind.VALUES, ports)
    assert int(str(refused.value.facts["retry_after_s"])) > 1_000


async def test_most_requests_ask_nobody(ports: Ports, people) -> None:
    class Broken:
        def unit(self, actor: Actor) -> None:
            raise AssertionError("the database was asked")

    meters = Meters({Kind.LOOKS: Quota(rate_per_s=1, burst=1_000, batch=50)})
    await meters.spend(people["tester"], Kind.LOOKS, ports)

    for _ in range(49):
        await meters.spend(people["tester"], Kind.LOOKS, Broken())  # type: ignore[arg-type]


def test_quotas_are_on_unless_somebody_says_off() -> None:
    assert read_settings({}).quotas
    assert not read_settings({"SUNHWAN_QUOTAS": "off"}).quotas
    with pytest.raises(SettingMalformed):
        read_settings({"SUNHWAN_QUOTAS": "perhaps"})


async def test_what_strangers_send_from_one_address_has_a_bucket_and_what_they_look_at_has_none(
    app: Litestar, client, signed_in
) -> None:
    operator = await signed_in("operator")
    app.state[METERS] = meters = Meters()
    file = {"file": ("x.pdf", b"no pdf", "application/pdf")}
    assert (await client.post("/verify", files=file)).status_code == 422

    # Whoever owes pays first: what is asked in one second of the test must not come to depend on how long that was.
    meters._left[Bucket(tenant_id=TenantId(0), holder=shelf_of("127.0.0.1"), kind=Kind.STRANGERS)] = -1_000
    sent = await client.post("/verify", files=file)
    challenge = await client.post("/api/v1/sessions/passkey-challenge")
    looked = await client.get("/verify")
    signed = await operator.post("/verify", files=file)

    assert (sent.status_code, int(sent.headers["Retry-After"]) >= 1) == (429, True)
    assert (challenge.status_code, challenge.json()["code"]) == (429, "http.quota-exceeded")
    assert (looked.status_code, signed.status_code) == (200, 422)


def test_an_address_has_one_bucket_a_network_of_the_newer_kind_has_one_and_there_are_so_many_at_most() -> None:
    assert shelf_of("203.0.113.5") == shelf_of("203.0.113.5") != shelf_of("203.0.113.6")
    assert shelf_of("2001:db8:1:2::1") == shelf_of("2001:db8:1:2:ffff::9") != shelf_of("2001:db8:1:3::1")
    assert len({shelf_of(f"10.{a}.{b}.1") for a in range(64) for b in range(64)}) > 3_800
    assert all(int(shelf_of(f"10.0.0.{a}").removeprefix("shelf-")) < SHELVES for a in range(256))
