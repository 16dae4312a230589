"""The pages over the real program, with the whole story in the database."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from jinja2 import Environment, FileSystemLoader, nodes

from app import demo
from app.http.identity import SECURE_SESSION_COOKIE
from app.pages.frame import TEMPLATES, safe_path, template_config
from app.pages.messages import LANGUAGES, MESSAGES, say
from app.pages.problem_codes import problem_kinds
from domain.passport.attributes import ATTRIBUTES, Tier
from domain.shared.actor import SYSTEM
from tests.http.conftest import PASSWORD, by_cookie, confirm
from tests.http.test_api import collect, receive, register

HOST = "https://id.sunhwan.example"


class Checked(HTMLParser):
    """Collects what the content policy forbids and what a reader's tools need."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.addresses: list[str] = []
        self.headings = 0
        self.tables_without_caption = 0
        self.language = None
        self._in_table = False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        ours = tag == "script" and given.get("src") == "/static/passkey.js"
        if (
            (tag in ("style", "script") and not ours)
            or "style" in given
            or any(name.startswith("on") for name in given)
        ):
            self.forbidden.append(f"{tag} {given}")
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.targets.append(given.get("for", ""))
        if tag == "h1":
            self.headings += 1
        if tag == "html":
            self.language = given.get("lang")
        if tag == "table":
            self.tables_without_caption += 1
        if tag == "caption":
            self.tables_without_caption -= 1
        for name in ("href", "src", "action"):
            if given.get(name):
                self.addresses.append(given[name])


def checked(answer: httpx.Response) -> Checked:
    """Read a page, and refuse what no page may hold."""
    assert answer.headers["content-type"].startswith("text/html"), answer.text[:300]
    page = Checked()
    page.feed(answer.text)
    assert page.forbidden == []
    assert len(page.ids) == len(set(page.ids)), sorted(one for one in page.ids if page.ids.count(one) > 1)
    assert [one for one in page.targets if one and one not in page.ids] == []
    assert page.headings == 1
    assert page.tables_without_caption == 0
    assert page.language == answer.headers["content-language"]
    outside = [one for one in page.addresses if urlsplit(one).netloc not in ("", "id.sunhwan.example")]
    assert outside == []
    return page


@pytest.fixture
async def everybody(story, signed_in):
    return {
        name: await signed_in(name)
        for name in ("tenant", "neighbour", "tester", "reviewer", "approver", "quality", "operator")
    }


def local(uri: str) -> str:
    return urlsplit(uri).path


def test_every_message_has_both_languages():
    assert LANGUAGES == ("ko", "en")
    assert [key for key, both in MESSAGES.items() if not all(both) or len(both) != 2] == []


def test_every_message_has_the_same_places_in_both_languages():
    places = re.compile(r"\{([a-z_]+)\}")

    differing = [key for key, (ko, en) in MESSAGES.items() if set(places.findall(ko)) != set(places.findall(en))]

    assert differing == []


def test_every_message_and_field_that_a_template_names_exists():
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    missing = []
    for path in sorted(Path(TEMPLATES).glob("*.html")):
        for call in environment.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name) or not call.args or not isinstance(call.args[0], nodes.Const):
                continue
            key = call.args[0].value
            if call.node.name == "t" and key not in MESSAGES:
                missing.append(f"{path.name}: {key}")
            if call.node.name in ("input", "choose", "field_label") and f"field.{key}" not in MESSAGES:
                missing.append(f"{path.name}: field.{key}")

    assert missing == []


def test_every_message_is_used_somewhere():
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in [*TEMPLATES.glob("*.html"), *TEMPLATES.parent.glob("*.py")]
        if path.name != "messages.py"
    )
    built = re.compile(r'(?:t\(|say\(f)"([a-z-]+)\.(?:"|\{)|state_badge\("([a-z-]+)"|"([a-z.-]+-)" ~')
    families = {name for found in built.findall(text) for name in found if name}

    unused = [
        key
        for key in MESSAGES
        if f'"{key}"' not in text
        and f"'{key}'" not in text
        and key.split(".")[0] not in families | {"field", "particular"}
        and not any(key.startswith(family) for family in families if family.endswith("-"))
    ]

    assert unused == []


def test_every_state_that_the_field_knows_has_a_name_and_a_tone():
    from domain.billing.model import DepositOutcome, Finding, InvoiceState
    from domain.certification.model import Disposition, Meaning, MeasurementSource, ReceptionState, Verdict
    from domain.journeys.public_passport import Standing
    from domain.metering.model import Quantity
    from domain.passport.model import EntryKind, IdentifierScheme, PackState
    from domain.subscription.model import AssignmentState, ContractState

    families = {
        "state": PackState,
        "entry": EntryKind,
        "scheme": IdentifierScheme,
        "reception": ReceptionState,
        "verdict": Verdict,
        "disposition": Disposition,
        "meaning": Meaning,
        "source": MeasurementSource,
        "standing": Standing,
        "invoice": InvoiceState,
        "outcome": DepositOutcome,
        "finding": Finding,
        "quantity": Quantity,
        "assignment": AssignmentState,
        "contract-state": ContractState,
    }
    macros = template_config().engine_instance.engine.get_template("macros.html")
    tones = macros.module.tones
    badged = ("state", "reception", "verdict", "disposition", "standing", "invoice", "outcome", "contract-state")

    assert [
        f"{name}.{word}" for name, words in families.items() for word in words if f"{name}.{word}" not in MESSAGES
    ] == []
    assert [word.value for name in badged for word in families[name] if word.value not in tones] == []
    assert [kind.value for kind in EntryKind if kind.value not in macros.module.icons] == []


@pytest.mark.parametrize(
    "text", ["//evil.example/", "https://evil.example", "/\\evil.example", "evil", "", None, "/a\nb"]
)
def test_nobody_is_sent_to_another_site(text):
    assert safe_path(text) == "/"


async def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_page(client):
    asked = await client.get("/energy?month=2026-07")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/sign-in?next=/energy%3Fmonth%3D2026-07"

    form = await client.get(asked.headers["location"])
    checked(form)
    assert 'value="/energy?month=2026-07"' in form.text


async def test_signing_in_sets_a_strict_cookie_and_signing_out_ends_the_session(client):
    refused = await client.post("/sign-in", data={"sign_in_name": "tenant", "password": "wrong-password-1"})
    assert refused.status_code == 401
    checked(refused)
    assert "아이디 또는 비밀번호가 올바르지 않습니다." in refused.text
    assert 'value="tenant"' in refused.text
    assert "wrong-password-1" not in refused.text

    opened = await client.post(
        "/sign-in", data={"sign_in_name": "tenant", "password": "wire-rope-2026-gumi", "next": "//evil.example"}
    )
    assert opened.status_code == 303
    assert opened.headers["location"] == "/"
    cookie = opened.headers["set-cookie"]
    assert cookie.startswith(f"{SECURE_SESSION_COOKIE}=")
    assert all(part in cookie for part in ("HttpOnly", "Path=/", "SameSite=lax", "Secure", "Max-Age=43200"))
    assert (await client.get("/")).headers["location"] == "/energy"

    token = client.cookies[SECURE_SESSION_COOKIE]
    ended = await client.post("/sign-out")
    assert ended.status_code == 303
    again = await client.get("/energy", headers={"Cookie": f"{SECURE_SESSION_COOKIE}={token}"})
    assert again.headers["location"].startswith("/sign-in")


async def test_the_language_is_remembered_and_the_page_says_which_it_is(client):
    assert checked(await client.get("/")).language == "ko"

    chosen = await client.get("/language/en?next=/verify%3Flang%3Dko")
    assert chosen.headers["location"] == "/verify"

    assert checked(await client.get("/verify")).language == "en"
    assert checked(await client.get("/verify?lang=ko")).language == "ko"


async def test_each_role_comes_home_to_its_own_room(everybody):
    homes = {name: (await one.get("/")).headers["location"] for name, one in everybody.items()}

    assert homes == {
        "tenant": "/energy",
        "neighbour": "/energy",
        "tester": "/ktr",
        "reviewer": "/ktr",
        "approver": "/ktr",
        "quality": "/ktr",
        "operator": "/packs",
    }


async def test_every_page_of_every_role_is_whole_in_both_languages(everybody, story, client):
    service = story.life.services[0]
    invoice = service.invoices[0].invoice
    pack, contract = story.life.pack.pack_id, service.contract
    reception = story.life.receptions[0].reception_id
    pages = {
        "operator": [
            "/packs",
            "/packs/new",
            f"/packs/{pack}",
            "/contracts",
            f"/contracts/{contract.tenant_id}/{contract.contract_id}",
            "/plans",
            "/sites",
            "/invoices",
            f"/invoices/{invoice.tenant_id}/{invoice.invoice_id}",
            "/deposits",
            f"/energy?tenant={contract.tenant_id}&site={contract.site_id}&month={invoice.month}",
        ],
        "tenant": [
            "/energy",
            f"/energy?month={invoice.month}",
            "/energy?month=2000-01",
            "/contract",
            "/invoices",
            f"/invoices/{invoice.invoice_id}",
            f"/contracts/{contract.tenant_id}/{contract.contract_id}",
            "/packs",
            f"/packs/{pack}",
        ],
        "neighbour": ["/energy", "/contract", "/invoices", "/packs"],
        "tester": ["/ktr", "/ktr/receptions/new", f"/ktr/receptions/{reception}", f"/packs/{pack}", "/packs"],
        "approver": ["/ktr", f"/ktr/receptions/{reception}", f"/packs/{pack}"],
        "quality": ["/ktr", "/ktr/records", f"/ktr/receptions/{reception}", f"/packs/{pack}"],
    }
    for name, addresses in pages.items():
        for address in addresses:
            for language in LANGUAGES:
                answer = await everybody[name].get(address, headers={"Cookie": f"lang={language}"})
                assert answer.status_code == 200, (name, address, answer.text[-2000:])
                assert checked(answer).language == language
                assert answer.headers["cache-control"] == "no-store"
    for address in ("/", "/verify", "/sign-in", "/problems", "/problems/passport.seal-broken"):
        checked(await client.get(address))


async def test_every_link_of_the_packs_page_leads_somewhere(everybody, story):
    operator = everybody["operator"]
    page = checked(await operator.get(f"/packs/{story.life.pack.pack_id}"))

    for address in {one for one in page.addresses if one.startswith("/") and "/language/" not in one}:
        if address in ("/sign-out", "/trace") or address.endswith(("/facts", "/labels", "/repurpose", "/withdrawal")):
            continue
        answer = await operator.get(address.partition("#")[0])
        assert answer.status_code in (200, 303), address


async def test_the_pack_page_tells_the_whole_life_and_that_its_seals_hold(everybody, story):
    text = (await everybody["operator"].get(f"/packs/{story.life.pack.pack_id}")).text

    assert f"이력 {len(story.life.entries)}건 봉인 확인됨." in text
    assert story.life.certificates[0].number in text
    assert all(one.product_uri in text for one in story.life.passports)
    assert all(say(f"entry.{entry.kind.value}", "ko") in text for entry in story.life.entries)
    assert story.life.services[0].invoices[0].invoice.number in text
    assert "/svg" in text
    assert "/sheet" in text


async def test_an_altered_entry_is_named_on_the_packs_page(everybody, story, engine):
    from sqlalchemy import text

    async with engine.begin() as connection:
        await connection.execute(
            text('update sunhwan.history_entry set payload = \'{"note":"x"}\' where pack_id = :pack and sequence = 3'),
            {"pack": story.life.pack.pack_id},
        )

    page = (await everybody["operator"].get(f"/packs/{story.life.pack.pack_id}")).text

    assert "이력 3번 항목의 봉인이 맞지 않습니다" in page
    assert page.count("봉인 불일치") == 1


async def test_the_public_passport_shows_nothing_above_the_public_tier(story, client, ports):
    async with ports.unit(SYSTEM) as work:
        parties = [await work.parties.one(number) for number in (1, 11, 12)]
    above = {one.key for one in ATTRIBUTES if one.tier > Tier.PUBLIC}
    for passport in story.life.passports:
        kept = [str(value) for key, value in passport.attributes.items() if key in above]
        kept += [f"{value:,}" for key, value in passport.attributes.items() if key in above and isinstance(value, int)]
        kept += [party.name_ko for party in parties if party.name_ko != passport.operator_name_ko]
        kept += [party.business_no for party in parties]
        kept += [entry.actor_name for entry in story.life.entries]
        kept += [entry.seal.hex()[:12] for entry in story.life.entries]
        kept += [str(story.life.pack.pack_id), str(passport.passport_id)]
        kept += [str(service.contract.contract_id) for service in story.life.services]
        kept += [one.invoice.number for service in story.life.services for one in service.invoices]
        for language in LANGUAGES:
            page = await client.get(f"{local(passport.product_uri)}?lang={language}")
            assert page.status_code == 200
            assert checked(page).language == language
            body = page.text.partition("<main")[2].partition("</main>")[0]
            assert [value for value in kept if value in body] == []
        data = await client.get(f"{local(passport.product_uri)}?format=json")
        assert data.headers["content-type"].startswith("application/json")
        assert [value for value in kept if value in data.text] == []
        assert set(data.json()["attributes"]) <= {one.key for one in ATTRIBUTES if one.tier is Tier.PUBLIC}
        assert data.json()["withheld"] == sum(key in above for key in passport.attributes)
        assert (
            f"{data.json()['withheld']}개 항목은 정당한 이해관계자에게만 공개됩니다"
            in (await client.get(f"{local(passport.product_uri)}?lang=ko")).text
        )


async def test_the_passports_of_both_lives_link_to_each_other(story, client):
    first, second = story.life.passports

    old = await client.get(local(first.product_uri), headers={"Accept": "application/json"})
    new = await client.get(local(second.product_uri), headers={"Accept": "application/json"})

    assert old.json()["in_force"] is False
    assert old.json()["derived_to"] == [second.product_uri]
    assert new.json()["in_force"] is True
    assert new.json()["derived_from"] == [first.product_uri]
    assert new.json()["certificate"]["state"] == "valid"
    assert "대체된 여권" in (await client.get(local(first.product_uri))).text


async def test_a_passport_says_when_its_certificate_has_expired(story, client, ports):
    certificate = story.life.certificates[0]
    address = local(story.life.passports[1].product_uri)

    ports.clock.move_to(certificate.issued_at + timedelta(days=365 * 4))

    assert (await client.get(f"{address}?format=json")).json()["certificate"]["state"] == "expired"
    assert "만료" in (await client.get(address)).text
    assert "만료" in (await client.get(f"/verify?number={certificate.number}")).text


async def test_a_certificate_is_checked_by_number_and_by_the_token_of_its_qr_code(story, client):
    number = story.life.certificates[0].number

    good = await client.get(f"/verify?number={number}")
    none = await client.get("/verify?number=KC-1999-000001")
    foreign = await client.get("/verify/0123456789abcdef0123456789abcdef")

    assert "유효" in good.text
    assert number in good.text
    assert str(story.life.certificates[0].soh_ppm) not in good.text
    assert "발급된 인증서나 성적서가 없습니다" in none.text
    assert "발급된 인증서나 성적서가 없습니다" in foreign.text


async def test_an_identifier_leads_strangers_to_the_passport_and_staff_to_the_life(story, client, everybody):
    number = next(one.value for one in story.life.identifiers if one.scheme.value == "kr-battery-no")

    stranger = await client.get("/trace", params={"identifier": number})
    operator = await everybody["operator"].get("/trace", params={"identifier": number})
    nowhere = await client.get("/trace", params={"identifier": "NO-SUCH-PACK"})

    assert stranger.headers["location"] == local(story.life.passports[1].product_uri)
    assert operator.headers["location"] == f"/packs/{story.life.pack.pack_id}"
    assert nowhere.status_code == 404
    assert "등록되지 않은 배터리 팩입니다: NO-SUCH-PACK." in nowhere.text
    checked(nowhere)


async def test_a_tenant_sees_nothing_of_its_neighbour(everybody, story):
    neighbour = everybody["neighbour"]
    service = story.life.services[0]
    invoice, contract = service.invoices[0].invoice, service.contract
    refused = [
        f"/invoices/{invoice.invoice_id}",
        f"/invoices/{invoice.tenant_id}/{invoice.invoice_id}",
        f"/contracts/{contract.tenant_id}/{contract.contract_id}",
        f"/packs/{story.life.pack.pack_id}",
        f"/energy?tenant={contract.tenant_id}&month={invoice.month}",
        f"/energy/csv/days?tenant={contract.tenant_id}&month={invoice.month}",
    ]

    answers = {address: await neighbour.get(address) for address in refused}

    assert {address: one.status_code for address, one in answers.items()} == dict.fromkeys(refused, 404)
    assert all(contract.number not in one.text for one in answers.values())


async def test_a_role_is_refused_where_it_is_not_offered_anything(everybody):
    refused = {
        "tenant": ["/contracts", "/plans", "/sites", "/deposits", "/packs/new", "/ktr", "/ktr/receptions/new"],
        "tester": ["/contracts", "/energy", "/invoices", "/packs/new", "/deposits"],
        "approver": ["/ktr/receptions/new", "/plans"],
        "quality": ["/ktr/receptions/new", "/plans"],
        "operator": ["/ktr", "/contract"],
    }
    for name, addresses in refused.items():
        home = checked(await everybody[name].get((await everybody[name].get("/")).headers["location"]))
        for address in addresses:
            answer = await everybody[name].get(address)
            assert answer.status_code == 403, (name, address)
            checked(answer)
            assert address not in home.addresses


async def test_the_energy_page_shows_the_figures_of_the_api_and_its_table_closes(everybody, story):
    service = story.life.services[0]
    month, site = service.invoices[0].invoice.month, service.contract.site_id
    api = (await everybody["tenant"].get(f"/api/v1/sites/{site}/months/{month}")).json()

    page = (await everybody["tenant"].get(f"/energy?month={month}")).text
    table = (await everybody["tenant"].get(f"/energy/csv/flows?month={month}&site={site}")).content
    days = (await everybody["tenant"].get(f"/energy/csv/days?month={month}&site={site}")).content.decode("utf-8-sig")

    discharge = api["totals_wh"]["storage_discharge"]
    assert f"{(discharge + 5) // 10 // 100:,}.{(discharge + 5) // 10 % 100:02d}" in page
    assert table.startswith(b"\xef\xbb\xbf")
    rows = [line.split(",") for line in table.decode("utf-8-sig").splitlines()[1:]]
    into = sum(int(wh) for _, target, wh in rows if target == "배터리")
    out = sum(int(wh) for source, _, wh in rows if source == "배터리")
    assert into == out
    assert sum(int(line.split(",")[4]) for line in days.splitlines()[1:]) == discharge


async def test_the_invoice_page_adds_up_and_shows_postings_only_to_the_operator(everybody, story):
    invoice = story.life.services[0].invoices[0].invoice

    tenant = (await everybody["tenant"].get(f"/invoices/{invoice.invoice_id}")).text
    operator = (await everybody["operator"].get(f"/invoices/{invoice.tenant_id}/{invoice.invoice_id}")).text

    for text in (tenant, operator):
        assert f"{invoice.total_krw:,}원" in text
        assert f"{invoice.vat_krw:,}원" in text
        assert all(line.explanation_ko.split(".")[0][:30] in text for line in invoice.lines)
    assert "외상매출금" in operator
    assert "외상매출금" not in tenant


async def test_a_problem_is_told_as_a_page_with_the_requests_number(everybody):
    answer = await everybody["operator"].get("/packs/00000000-0000-7000-8000-000000000000")

    assert answer.status_code == 404
    checked(answer)
    assert "passport.pack-unknown" in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_every_problem_code_has_a_page_with_both_sentences():
    kinds = problem_kinds()

    assert len(kinds) > 50
    assert [one.code for one in kinds.values() if "{" in one.said_ko + one.said_en or not one.said_ko] == []


async def test_a_form_from_another_site_is_refused(client):
    answer = await client.post(
        "/sign-in",
        data={"sign_in_name": "tenant", "password": "wire-rope-2026-gumi"},
        headers={"Origin": "https://evil.example"},
    )

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_wrong_field_is_named_and_what_was_typed_stays(everybody):
    form = {"product_uri": f"{HOST}/01/09506000134352/21/EV-9", "kr_battery_no": "SHD-9", "model": "<b>모델</b>"}

    answer = await everybody["operator"].post("/packs/new", data={**form, "cell_capacity_mah": "-1"})

    assert answer.status_code == 422
    checked(answer)
    assert "입력값을 확인해 주세요" in answer.text
    assert 'value="SHD-9"' in answer.text
    assert "<b>모델</b>" not in answer.text


async def test_the_line_can_be_walked_by_forms_alone(signed_in, ports):
    operator, tester, reviewer, approver = (
        await signed_in("operator"),
        await signed_in("tester"),
        await by_cookie(await signed_in("reviewer"), "reviewer"),
        await by_cookie(await signed_in("approver"), "approver"),
    )
    from tests.http.test_api import PACK

    made = await operator.post("/packs/new", data={key: str(value) for key, value in PACK.items()})
    assert made.status_code == 303, made.text[-3000:]
    pack = made.headers["location"]
    for kind, at in (
        ("installed_in_vehicle", "2020-03-01T09:00"),
        ("removed", "2026-01-10T09:00"),
        ("collected", "2026-01-12T09:00"),
    ):
        told = await operator.post(f"{pack}/facts", data={"kind": kind, "occurred_at": at, "note": ""})
        assert told.status_code == 303, told.text[-3000:]
    received = await tester.post(
        "/ktr/receptions/new",
        data={
            "identifier": PACK["kr_battery_no"],
            "applicant": "순환 운영",
            "contact": "054-000-0000",
            "condition": "이상 없음",
            "due_on": "2026-03-01",
        },
    )
    assert received.status_code == 303, received.text[-3000:]
    reception = received.headers["location"]
    sent = await tester.post(
        f"{reception}/file",
        files={"file": ("sample.bdf.csv", demo.SAMPLE_CYCLER.read_bytes())},
        data={"equipment": "NW-1"},
    )
    assert sent.status_code == 303, sent.text[-3000:]
    blank = checked(await tester.get(reception))
    assert "v-T03.r_iso_pos" in blank.ids
    assert "v-T06.q_dis" not in blank.ids
    seen = (await tester.get(reception)).text
    assert "이 파일이 말하는 것" in seen
    assert "건강도 SoH (k = 2)" in seen
    wrong = await tester.post(f"{reception}/values", data={"T03.r_iso_pos": "a lot"})
    assert wrong.status_code == 422
    assert 'value="a lot"' in wrong.text
    values = {}
    for one in json.loads(demo.BENCH_SHEET.read_bytes()):
        value = one["value"]
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, list):
            value = ", ".join(str(part) for part in value) or "-"
        if f"v-{one['test_id']}.{one['quantity']}" in blank.ids:
            values[f"{one['test_id']}.{one['quantity']}"] = str(value)
    unsaid = await tester.post(f"{reception}/values", data=values)
    assert unsaid.status_code == 422
    assert "무엇으로 쟀는지 적어 주세요" in unsaid.text
    entered = await tester.post(f"{reception}/values", data={**values, "equipment": "벤치 BN-01"})
    assert entered.status_code == 303, entered.text[-3000:]
    complete = await tester.get(reception)
    assert "빈 항목이 없습니다." in complete.text
    unsigned = await approver.post(f"{reception}/approval")
    assert unsigned.status_code == 422
    assert "비밀번호 다시 입력" in unsigned.text
    early = await approver.post(f"{reception}/approval", data={"password_again": PASSWORD})
    assert early.status_code == 409
    judged = await tester.post(f"{reception}/judgement")
    assert judged.status_code == 303, judged.text[-3000:]
    shown = await tester.get(reception)
    checked(shown)
    assert "approval" not in "".join(checked(shown).addresses)
    assert "검토는 검토자가 합니다." in shown.text
    assert "원문 확인 필요: KEC 132" in shown.text
    assert "기관 설정값" in shown.text
    assert "recalled:" not in shown.text
    assert "burn_<wbr>mark = false, leak = false" in shown.text
    for signer, step in ((reviewer, "review"), (approver, "approval"), (approver, "issue")):
        assert f"{reception}/{step}" in checked(await signer.get(reception)).addresses
        done = await signer.post(f"{reception}/{step}", data={"password_again": PASSWORD})
        assert done.status_code == 303, done.text[-3000:]
    repurposed = await operator.post(
        f"{pack}/repurpose",
        data={
            "product_uri": f"{HOST}/01/09506000134369/21/SH-1",
            "responsible_ko": "순환",
            "responsible_en": "Sunhwan",
        },
    )
    assert repurposed.status_code == 303, repurposed.text[-3000:]
    printed = await operator.post(f"{pack}/labels", data={"copies": "2"})
    assert printed.status_code == 303, printed.text[-3000:]
    life = await operator.get(pack)
    checked(life)
    assert "성적서 내용 해시" in life.text
    assert "report_content_sha256" not in life.text
    assert "건강도 예측" in life.text
    assert "요금에 쓰이지 않습니다." in life.text

    public = await operator.get("/01/09506000134369/21/SH-1?format=json")
    assert public.json()["certificate"]["state"] == "valid"


async def test_a_bench_sheet_may_be_pasted_and_a_broken_one_is_named(signed_in):
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack = await register(operator)
    await collect(operator, pack)
    reception = await receive(tester, pack)
    sheet = {"equipment": "벤치 BN-01", "measurements": json.loads(demo.BENCH_SHEET.read_bytes())}

    broken = await tester.post(f"/ktr/receptions/{reception}/sheet", data={"sheet": "{nope"})
    pasted = await tester.post(f"/ktr/receptions/{reception}/sheet", data={"sheet": json.dumps(sheet)})

    assert broken.status_code == 422
    assert "시험대 기록" in broken.text
    assert pasted.status_code == 303, pasted.text[-2000:]


async def test_a_pasted_table_fills_the_bench_grid_and_only_its_own_button_keeps_it(signed_in):
    operator, tester = await signed_in("operator"), await signed_in("tester")
    pack = await register(operator)
    await collect(operator, pack)
    path = f"/ktr/receptions/{await receive(tester, pack)}"
    typed = {"T02.leak": "no", "equipment": "벤치 BN-01"}
    table = "\t절연저항 (+) [MΩ]\t부식\tsoh_bms (%)\r\n\t12.4\t경미\t91.5\r\n"

    filled = await tester.post(f"{path}/grid", data={**typed, "pasted": table})
    wrong = await tester.post(f"{path}/grid", data={**typed, "pasted": table.replace("12.4", "많음")})

    assert filled.status_code == 200, filled.text[-2000:]
    checked(filled)
    assert "표에서 3개 항목을 채웠습니다." in filled.text
    for shown in (
        'name="T03.r_iso_pos" value="12.4"',
        '<option value="light" selected>경미</option>',
        'name="T05.soh_bms" value="91.5"',  # the grid did not ask for it
        '<option value="no" selected>',
        'value="벤치 BN-01"',
    ):
        assert shown in filled.text
    assert filled.text.count(" autofocus") == 1
    assert wrong.status_code == 422
    checked(wrong)
    assert "2행 2열 “많음”: 절연저항 (+) 값으로 읽을 수 없습니다." in wrong.text
    assert ">\t절연저항" in wrong.text
    assert 'value="12.4"' not in wrong.text
    assert '<option value="no" selected>' in wrong.text
    assert "아직 시험 기록이 없습니다." in (await tester.get(path)).text

    kept = await tester.post(f"{path}/values", data={**typed, "T03.r_iso_pos": "12.4", "T05.soh_bms": "a lot"})
    assert kept.status_code == 422
    assert 'name="T05.soh_bms" value="a lot"' in kept.text
    kept = await tester.post(f"{path}/values", data={**typed, "T03.r_iso_pos": "12.4", "T05.soh_bms": "91.5"})
    assert kept.status_code == 303, kept.text[-2000:]

    before = await tester.get(path)
    assert {"v-T03.r_iso_pos", "v-T05.dtc"}.isdisjoint(checked(before).ids)  # measured, and never asked for
    assert '<option value="T03.r_iso_pos">' in before.text
    assert "성적서에 꼭 필요하며 아직 어느 기록에도 없습니다." in before.text
    again = {"add": "yes", "row": "T03.r_iso_pos", "T02.swelling": "1.2"}
    added = await tester.post(f"{path}/grid", data=again)
    assert added.status_code == 200
    assert "v-T03.r_iso_pos" in checked(added).ids
    assert 'name="T02.swelling" value="1.2"' in added.text
    assert "v-T99.none" not in checked(await tester.post(f"{path}/grid", data={**again, "row": "T99.none"})).ids
    kept = await tester.post(f"{path}/values", data={**typed, "T03.r_iso_pos": "12.6", "ambient_c": "25.1"})
    assert kept.status_code == 303, kept.text[-2000:]
    assert "성적서에 꼭 필요하며" not in (await tester.get(path)).text


async def test_a_reader_of_json_on_a_passport_that_is_not_there_gets_one_clear_sentence(client):
    unknown = await client.get("/01/09506000134352/21/NOBODY")
    malformed = await client.get("/01/09506000134353/21/NOBODY")

    assert unknown.status_code == 404
    assert malformed.status_code == 422
    checked(unknown)
    checked(malformed)


async def test_the_operator_signs_opens_and_records_by_forms(everybody, story):
    operator = everybody["operator"]
    service = story.life.services[0]
    opened = await operator.post(
        "/sites",
        data={
            "tenant_id": "12",
            "name_ko": "이웃 2공장",
            "name_en": "Second works",
            "address_ko": "구미시",
            "kepco_customer_no": "01-2345",
            "contract_power_kw": "450.5",
        },
    )
    published = await operator.post(
        "/plans",
        data={
            "code": "FORM-1",
            "name_ko": "양식 요금제",
            "name_en": "By form",
            "capacity_rate": "9,000",
            "energy_rate": "90.8",
            "share_0": "50",
            "discount_0": "12.5",
        },
    )
    page = await operator.get("/contracts")
    site = re.search(r'value="(12:[0-9a-f-]{36})"', page.text)
    plan = re.search(r'value="([0-9a-f-]{36})"[^>]*>양식 요금제 v1', page.text)
    assert opened.status_code == published.status_code == 303
    assert site is not None
    assert plan is not None
    signed = await operator.post(
        "/contracts",
        data={
            "site": site[1],
            "plan_id": plan[1],
            "contracted_kwh": "120.5",
            "contracted_kw": "60",
            "starts_on": "2026-12-01",
            "ends_on": "2027-11-30",
            "payment_terms_days": "14",
        },
    )
    assert signed.status_code == 303, signed.text[-2000:]
    contract = await operator.get(signed.headers["location"])
    assert "120.50 kWh" in contract.text
    assert "90.8 원/kWh" in contract.text
    assert "비율 50.0 % 이상: 사용료 12.5 % 할인" in contract.text
    await confirm(operator)
    money = await operator.post(
        "/deposits",
        data={
            "tenant_id": "12",
            "bank": "시연은행",
            "bank_reference": "F-1",
            "payer_name": "아무개",
            "amount_krw": "1,000",
            "posted_at": "2026-01-05T10:00",
        },
    )
    assert money.status_code == 303, money.text[-2000:]
    assert "가수금" in (await operator.get("/deposits")).text
    again = await operator.post(
        f"/contracts/{service.contract.tenant_id}/{service.contract.contract_id}/months",
        data={"month": str(service.invoices[0].invoice.month)},
    )
    assert again.headers["location"] == (
        f"/invoices/{service.contract.tenant_id}/{service.invoices[0].invoice.invoice_id}"
    )
    assert UUID(again.headers["location"].rsplit("/", 1)[1]) == service.invoices[0].invoice.invoice_id


async def test_readings_sent_by_form_twice_are_stored_once(everybody, story):
    contract = story.life.services[0].contract
    answer = await everybody["operator"].post(
        "/sites/readings",
        data={"site": f"{contract.tenant_id}:{contract.site_id}"},
        files={"file": ("site.csv.gz", demo.SAMPLE_SITE.read_bytes())},
    )

    assert answer.status_code == 200, answer.text[-2000:]
    assert "이미 받은 파일입니다." in answer.text
    checked(answer)


async def test_our_own_files_come_with_their_type_and_vendored_ones_stay(client):
    style = await client.get("/static/sunhwan.css")
    font = await client.get("/static/vendor/pretendard-gov-1.3.9/PretendardGOV-Regular.subset.woff2")

    assert style.headers["content-type"].startswith("text/css")
    assert "max-age=31536000" in font.headers["cache-control"]
    assert "immutable" in font.headers["cache-control"]
    assert "http" not in re.sub(r"/\*.*?\*/", "", style.text.replace("http://www.w3.org", ""))


async def test_control_characters_and_monstrous_numbers_are_refused_in_one_sentence(everybody, client):
    operator = everybody["operator"]
    monstrous = await operator.post("/deposits", data={"tenant_id": "12", "amount_krw": "1e999999"})
    no_site = await operator.post("/sites/readings", data={"site": "11:no-such"}, files={"file": ("site.csv", b"a,b")})
    nul = await everybody["tester"].post("/ktr/receptions/new", data={"identifier": "a\x00b", "condition": "양호"})
    sign_in = await client.post("/sign-in", data={"sign_in_name": "a\x00", "password": "b\x00"})

    assert [one.status_code for one in (monstrous, no_site, nul, sign_in)] == [422, 422, 404, 401]
    for one in (monstrous, no_site, nul, sign_in):
        checked(one)


async def test_an_address_that_is_no_page_is_told_as_a_page_and_below_the_api_as_a_problem(client):
    page = await client.get("/no/such/page")
    api = await client.get("/api/v1/no-such-thing")

    assert page.status_code == 404
    checked(page)
    assert api.status_code == 404
    assert api.headers["content-type"].startswith("application/problem+json")
