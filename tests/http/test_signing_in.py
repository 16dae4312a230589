"""T-AUTH: what a stranger, a thief and a forgetful person try at the sign-in door, over the real program."""

import asyncio
import re
from base64 import b32decode
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from app.http.identity import SECURE_SESSION_COOKIE
from app.http.load import GATE, Gate
from app.http.policy import POLICY
from domain.identity import totp
from domain.shared.actor import SYSTEM
from tests.fakes.authenticator import Authenticator
from tests.http.conftest import PASSWORD, confirm
from tests.http.test_api import problem
from tests.http.test_pages import checked

HOST = "https://id.sunhwan.example"
NAME = {"sign_in_name": "approver", "password": PASSWORD}


@pytest.fixture
async def approver(signed_in) -> httpx.AsyncClient:
    """The approver, who has just proved again who they are."""
    return await confirm(await signed_in("approver"))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def page_session(client: httpx.AsyncClient, name: str = "operator") -> str:
    opened = await client.post("/sign-in", data={"sign_in_name": name, "password": PASSWORD})
    assert opened.status_code == 303, opened.text
    return client.cookies[SECURE_SESSION_COOKIE]


async def enrol_app(client: httpx.AsyncClient) -> tuple[bytes, list[str], str]:
    begun = (await client.post("/api/v1/account/totp")).json()
    secret = b32decode(begun["secret"] + "=" * (-len(begun["secret"]) % 8))
    return secret, *await _first_code(client, secret)


async def _first_code(client: httpx.AsyncClient, secret: bytes) -> tuple[list[str], str]:
    now = totp.step_at(await _now(client))
    done = await client.post("/api/v1/account/totp/first-code", json={"code": totp.code_at(secret, now)})
    assert done.status_code == 200, done.text
    client.headers["Authorization"] = f"Bearer {done.json()['token']}"
    return done.json()["recovery_codes"], done.json()["token"]


async def _now(client: httpx.AsyncClient):
    return client._transport.app.state["ports"].clock.now()


async def enrol_passkey(client: httpx.AsyncClient, device: Authenticator) -> httpx.Response:
    step = (await client.post("/api/v1/account/passkeys/challenge")).json()
    done = await client.post(
        "/api/v1/account/passkeys",
        json={"ticket": step["ticket"], "answer": device.make(step["options"]), "label": "사무실 노트북"},
    )
    if done.status_code == 201:
        client.headers["Authorization"] = f"Bearer {done.json()['token']}"
    return done


# Guessing.


async def test_brute_force_meets_growing_waits_also_in_parallel(client, app) -> None:
    app.state[GATE] = Gate(wait_s=60)  # on a busy machine none is sent away before it is looked at
    wrong = {"sign_in_name": "approver", "password": "guess after guess"}

    answers = await asyncio.gather(*[client.post("/api/v1/sessions", json=wrong) for _ in range(30)])

    assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 25}
    problem(await client.post("/api/v1/sessions", json=NAME), 429, "identity.too-many-failures")


async def test_nothing_tells_a_known_name_from_an_unknown_one(client) -> None:
    shown = []
    for name in ("approver", "no-such-person"):
        answers = [
            await client.post("/api/v1/sessions", json={"sign_in_name": name, "password": "x" * 12}) for _ in range(6)
        ]
        told = [answer.json() for answer in answers]
        for one in told:
            one.pop("request_id")
        shown.append([(answer.status_code, one) for answer, one in zip(answers, told, strict=True)])

    assert shown[0] == shown[1]


async def test_a_passkey_challenge_names_nobody(client) -> None:
    step = await client.post("/api/v1/sessions/passkey-challenge")

    assert '"allowCredentials": []' in step.json()["options"]


# Sessions.


async def test_a_token_that_a_browser_brings_along_is_never_adopted(client) -> None:
    planted = "A" * 43
    client.cookies.set(SECURE_SESSION_COOKIE, planted)

    opened = await client.post("/sign-in", data={"sign_in_name": "operator", "password": PASSWORD})

    given = opened.headers["set-cookie"].partition(";")[0].partition("=")[2]
    assert given != planted
    refused = await client.get("/api/v1/sessions/me", headers=bearer(planted))
    problem(refused, 401, "identity.not-signed-in")


async def test_the_cookie_is_strict_and_of_this_host_only(client) -> None:
    opened = await client.post("/sign-in", data={"sign_in_name": "operator", "password": PASSWORD})

    cookie = opened.headers["set-cookie"]
    assert cookie.startswith("__Host-sunhwan_session=")
    assert all(part in cookie for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"))
    assert "domain" not in cookie.lower()


async def test_over_tls_the_cookie_without_its_prefix_opens_nothing(client) -> None:
    token = await page_session(client)
    client.cookies.clear()

    answer = await client.get("/api/v1/sessions/me", headers={"Cookie": f"sunhwan_session={token}"})

    problem(answer, 401, "identity.not-signed-in")


async def test_tokens_are_256_random_bits_and_no_two_alike(signed_in) -> None:
    tokens = [(await signed_in("operator")).headers["Authorization"].removeprefix("Bearer ") for _ in range(8)]

    assert len(set(tokens)) == 8
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
    columns = [{token[place] for token in tokens} for place in range(42)]
    assert sum(len(column) == 1 for column in columns) == 0


async def test_only_a_hash_of_the_token_is_stored(signed_in, engine) -> None:
    token = (await signed_in("operator")).headers["Authorization"].removeprefix("Bearer ")

    async with engine.connect() as connection:
        rows = [str(row) for row in await connection.execute(text("select * from sunhwan.session"))]

    assert rows
    assert not any(token in row for row in rows)


async def test_a_token_opens_nothing_after_signing_out(signed_in) -> None:
    operator = await signed_in("operator")
    await operator.delete("/api/v1/sessions/me")

    problem(await operator.get("/api/v1/sessions/me"), 401, "identity.not-signed-in")


async def test_signing_out_everywhere_ends_pages_and_programs(client, signed_in) -> None:
    program = await signed_in("operator")
    await page_session(client)

    assert len((await client.get("/api/v1/sessions")).json()) == 2
    ended = await client.post("/account/sessions/end-all", headers={"sec-fetch-site": "same-origin"})

    assert ended.status_code == 303
    problem(await program.get("/api/v1/sessions/me"), 401, "identity.not-signed-in")
    assert (await client.get("/account")).headers["location"].startswith("/sign-in")


async def test_ending_the_others_leaves_this_one(signed_in) -> None:
    one, two = await signed_in("operator"), await signed_in("operator")

    assert (await one.delete("/api/v1/sessions/others")).json() == {"ended": 1}

    assert (await one.get("/api/v1/sessions/me")).status_code == 200
    problem(await two.get("/api/v1/sessions/me"), 401, "identity.not-signed-in")


async def test_a_session_that_rests_for_an_hour_is_over(signed_in, ports) -> None:
    operator = await signed_in("operator")

    ports.clock.move_to(ports.clock.now() + timedelta(hours=1, seconds=1))

    problem(await operator.get("/api/v1/sessions/me"), 401, "identity.not-signed-in")


# Rotation and confirmation.


async def test_confirming_renews_token_and_cookie(client) -> None:
    before = await page_session(client)

    done = await client.post("/confirm", data={"password": PASSWORD, "next": "/deposits"})

    assert (done.status_code, done.headers["location"]) == (303, "/deposits")
    after = client.cookies[SECURE_SESSION_COOKIE]
    assert after != before
    assert (await client.get("/api/v1/sessions/me")).json()["confirmed_until"] is not None
    problem(await client.get("/api/v1/sessions/me", headers=bearer(before)), 401, "identity.not-signed-in")


async def test_a_changed_password_renews_this_session_and_ends_the_others(client, signed_in) -> None:
    program = await signed_in("operator")
    before = await page_session(client)
    new = "초록 자전거가 비를 맞는다"

    done = await client.post("/account/password", data={"old": PASSWORD, "new": new, "again": new})

    assert done.status_code == 200
    checked(done)
    assert client.cookies[SECURE_SESSION_COOKIE] != before
    assert (await client.get("/account")).status_code == 200
    problem(await program.get("/api/v1/sessions/me"), 401, "identity.not-signed-in")
    refused = await client.post("/api/v1/sessions", json={"sign_in_name": "operator", "password": PASSWORD})
    problem(refused, 401, "identity.sign-in-refused")


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("qwerty123456", "qwerty123456", "추측하기 쉽거나"),
        ("sunhwan-words-of-mine", "sunhwan-words-of-mine", "기관명을 넣을 수 없습니다"),
        ("quite another phrase", "quite another phrasE", "새 비밀번호 확인"),
    ],
)
async def test_a_refused_password_is_said_and_never_shown_again(client, new, again, said) -> None:
    await page_session(client)

    answer = await client.post("/account/password", data={"old": PASSWORD, "new": new, "again": again})

    assert answer.status_code == 422
    assert said in answer.text
    assert new not in answer.text
    assert PASSWORD not in answer.text


async def test_a_confirmation_is_over_after_five_minutes(signed_in, ports) -> None:
    operator = await confirm(await signed_in("operator"))
    body = deposit()
    assert (await operator.post("/api/v1/deposits", json=body)).status_code == 200

    ports.clock.move_to(ports.clock.now() + timedelta(minutes=5, seconds=1))

    problem(await operator.post("/api/v1/deposits", json=body), 403, "identity.confirmation-needed")


async def test_a_confirmation_binds_to_its_session(signed_in) -> None:
    await confirm(await signed_in("operator"))
    other = await signed_in("operator", confirmed=False)

    problem(await other.post("/api/v1/deposits", json=deposit()), 403, "identity.confirmation-needed")


async def test_a_wrong_proof_confirms_nothing(signed_in) -> None:
    operator = await signed_in("operator", confirmed=False)

    answer = await operator.post("/api/v1/sessions/me/confirmation", json={"password": "not my password"})

    problem(answer, 403, "identity.confirmation-refused")
    problem(await operator.post("/api/v1/deposits", json=deposit()), 403, "identity.confirmation-needed")


def deposit() -> dict[str, object]:
    return {
        "tenant_id": 11,
        "bank": "시연은행",
        "bank_reference": "T-1",
        "payer_name": "한빛정밀",
        "memo": "",
        "amount_krw": 1000,
        "posted_at": "2026-01-31T09:00:00+09:00",
    }


async def test_a_money_form_asks_for_the_password_and_keeps_what_was_typed(client) -> None:
    await page_session(client)
    form = {**{key: str(value) for key, value in deposit().items()}, "posted_at": "2026-01-31T09:00"}
    asked = await client.get("/deposits")
    assert 'name="password_again"' in asked.text

    refused = await client.post("/deposits", data=form)
    assert refused.status_code == 403
    checked(refused)
    assert 'value="T-1"' in refused.text

    before = client.cookies[SECURE_SESSION_COOKIE]
    taken = await client.post("/deposits", data={**form, "password_again": PASSWORD})
    assert (taken.status_code, taken.headers["location"]) == (303, "/deposits")
    assert client.cookies[SECURE_SESSION_COOKIE] != before
    assert 'name="password_again"' not in (await client.get("/deposits")).text


# Authenticator app.


async def test_an_app_is_asked_for_and_its_code_is_taken_once(approver, client, ports) -> None:
    secret, _, _ = await enrol_app(approver)
    problem(await client.post("/api/v1/sessions", json=NAME), 401, "identity.second-factor-needed")
    ports.clock.move_to(ports.clock.now() + timedelta(seconds=30))
    code = totp.code_at(secret, totp.step_at(ports.clock.now()))

    first = await client.post("/api/v1/sessions", json={**NAME, "code": code})
    again = await client.post("/api/v1/sessions", json={**NAME, "code": code})

    assert first.status_code == 201
    problem(again, 401, "identity.second-factor-refused")


async def test_the_apps_secret_is_sealed_in_the_store(approver, engine) -> None:
    secret, codes, _ = await enrol_app(approver)

    async with engine.connect() as connection:
        sealed = (await connection.execute(text("select sealed_secret from sunhwan.totp"))).scalar_one()
        hashes = [
            bytes(row[0]) for row in await connection.execute(text("select code_sha256 from sunhwan.recovery_code"))
        ]

    assert secret not in sealed
    assert len(hashes) == 10
    assert not any(code.replace("-", "").encode() in hashes for code in codes)


async def test_a_recovery_code_opens_once(approver, client) -> None:
    _, codes, _ = await enrol_app(approver)

    first = await client.post("/api/v1/sessions", json={**NAME, "code": codes[0]})
    again = await client.post("/api/v1/sessions", json={**NAME, "code": codes[0]})

    assert first.status_code == 201
    problem(again, 401, "identity.second-factor-refused")


async def test_the_pages_enrol_an_app_and_ask_for_its_code(client, ports) -> None:
    await page_session(client, "approver")
    asked = await client.post("/account/totp", headers={"referer": f"{HOST}/account"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/confirm?next=/account")
    checked(await client.get(asked.headers["location"]))
    await client.post("/confirm", data={"password": PASSWORD, "next": "/account"})

    begun = await client.post("/account/totp")
    checked(begun)
    secret_text = re.search(r"<code>([A-Z2-7]{32})</code>", begun.text)
    assert secret_text is not None
    secret = b32decode(secret_text[1])
    assert "data:image/svg+xml;base64," in begun.text
    done = await client.post(
        "/account/totp/first-code", data={"code": totp.code_at(secret, totp.step_at(ports.clock.now()))}
    )
    checked(done)
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", done.text)
    assert len(codes) == 10
    checked(await client.get("/account"))

    client.cookies.clear()
    second = await client.post("/sign-in", data={**NAME, "next": "/ktr"})
    checked(second)
    ticket = re.search(r'name="ticket" value="([^"]+)"', second.text)
    assert ticket is not None
    wrong = await client.post("/sign-in/second", data={"ticket": ticket[1], "code": "000000", "next": "/ktr"})
    assert wrong.status_code == 401
    checked(wrong)
    opened = await client.post("/sign-in/second", data={"ticket": ticket[1], "code": codes[3], "next": "/ktr"})
    assert (opened.status_code, opened.headers["location"]) == (303, "/ktr")
    assert (await client.get("/ktr")).status_code == 200


# Passkeys.


async def test_a_passkey_signs_in_without_a_name_and_its_answer_is_taken_once(approver, client) -> None:
    device = Authenticator(origin=HOST)
    made = await enrol_passkey(approver, device)
    assert made.status_code == 201, made.text
    assert len(made.json()["recovery_codes"]) == 10
    step = (await client.post("/api/v1/sessions/passkey-challenge")).json()
    answer = {"ticket": step["ticket"], "answer": device.use(step["options"])}

    opened = await client.post("/api/v1/sessions/passkey", json=answer)
    again = await client.post("/api/v1/sessions/passkey", json=answer)

    assert opened.status_code == 201, opened.text
    assert opened.json()["role"] == "approver"
    problem(again, 401, "identity.ticket-over")
    fresh = (await client.post("/api/v1/sessions/passkey-challenge")).json()
    replayed = await client.post(
        "/api/v1/sessions/passkey", json={"ticket": fresh["ticket"], "answer": answer["answer"]}
    )
    problem(replayed, 401, "identity.passkey-refused")


async def test_a_copied_passkey_whose_counter_lags_is_refused(approver, client) -> None:
    device = Authenticator(origin=HOST)
    await enrol_passkey(approver, device)

    async def use() -> httpx.Response:
        step = (await client.post("/api/v1/sessions/passkey-challenge")).json()
        return await client.post(
            "/api/v1/sessions/passkey", json={"ticket": step["ticket"], "answer": device.use(step["options"])}
        )

    device.sign_count = 7
    assert (await use()).status_code == 201
    device.sign_count = 5
    problem(await use(), 401, "identity.passkey-refused")
    assert (await use()).status_code in (401,)
    device.sign_count = 8
    assert (await use()).status_code == 201


@pytest.mark.parametrize(
    "device",
    [
        pytest.param(Authenticator(origin="https://id.sunhwan.example.evil"), id="another site"),
        pytest.param(Authenticator(origin=HOST, verifies=False), id="nobody verified"),
    ],
)
async def test_a_passkey_made_elsewhere_or_for_nobody_is_not_enrolled(approver, device) -> None:
    problem(await enrol_passkey(approver, device), 401, "identity.passkey-refused")


async def test_a_strangers_passkey_opens_nothing(approver, client) -> None:
    await enrol_passkey(approver, Authenticator(origin=HOST))
    stranger = Authenticator(origin=HOST)
    step = (await client.post("/api/v1/sessions/passkey-challenge")).json()

    answer = await client.post(
        "/api/v1/sessions/passkey", json={"ticket": step["ticket"], "answer": stranger.use(step["options"])}
    )

    problem(answer, 401, "identity.passkey-refused")


async def test_a_passkey_is_a_second_factor_and_confirms_its_own_person_only(approver, client, signed_in) -> None:
    device = Authenticator(origin=HOST)
    await enrol_passkey(approver, device)
    asked = await client.post("/sign-in", data=NAME)
    checked(asked)
    ticket = re.search(r'name="ticket" value="([^"]+)"', asked.text)
    options = re.search(r'data-options="([^"]+)"', asked.text)
    assert ticket is not None
    assert options is not None
    opened = await client.post(
        "/sign-in/passkey",
        data={"ticket": ticket[1], "answer": device.use(options[1].replace("&#34;", '"')), "next": "/ktr"},
    )
    assert (opened.status_code, opened.headers["location"]) == (303, "/ktr")

    step = (await client.post("/api/v1/sessions/me/confirmation/passkey-challenge")).json()
    operator = await signed_in("operator")
    proof = {"ticket": step["ticket"], "answer": device.use(step["options"])}
    problem(await operator.post("/api/v1/sessions/me/confirmation", json=proof), 401, "identity.ticket-over")
    step = (await client.post("/api/v1/sessions/me/confirmation/passkey-challenge")).json()
    done = await client.post(
        "/confirm/passkey", data={"ticket": step["ticket"], "answer": device.use(step["options"]), "next": "/ktr"}
    )
    assert (done.status_code, done.headers["location"]) == (303, "/ktr")


async def test_a_passkey_is_listed_and_removed(approver) -> None:
    device = Authenticator(origin=HOST)
    await enrol_passkey(approver, device)
    mine = (await approver.get("/api/v1/account")).json()["passkeys"]
    assert [one["label"] for one in mine] == ["사무실 노트북"]

    removed = await approver.delete(f"/api/v1/account/passkeys/{mine[0]['passkey_id']}")

    assert removed.status_code == 204
    assert (await approver.get("/api/v1/account")).json()["passkeys"] == []


# Doors.


async def test_every_page_of_the_account_is_whole_in_both_languages(client) -> None:
    await page_session(client)
    for path in ("/account", "/confirm?next=/account", "/sign-in"):
        for language in ("ko", "en"):
            answer = await client.get(path, params={"lang": language, "next": "/"} if "?" not in path else None)
            assert answer.status_code == 200
            checked(answer)


async def test_a_provider_that_is_not_set_up_is_not_offered(client) -> None:
    assert "/sign-in/provider" not in (await client.get("/sign-in")).text
    assert (await client.get("/sign-in/provider")).status_code == 404


async def test_no_token_code_or_password_is_ever_in_a_log(client, approver, capsys) -> None:
    secret, codes, token = await enrol_app(approver)
    await client.post("/api/v1/sessions", json={**NAME, "password": "wrong wrong wrong"})
    await client.post("/api/v1/sessions", json={**NAME, "code": "000000"})
    told = capsys.readouterr()

    for kept in (PASSWORD, "wrong wrong wrong", token, *codes, totp.secret_text(secret)):
        assert kept not in told.out + told.err


def test_one_persons_account_is_no_machines() -> None:
    own = [rule for (_, path), rule in POLICY.items() if path.startswith(("/account", "/api/v1/account", "/confirm"))]

    assert len(own) == 23
    assert not any("device" in rule.roles or rule.is_public for rule in own)


async def test_whoever_must_enrol_reaches_the_account_and_nothing_else(app, ports, client, signed_in) -> None:
    strict = type(ports)(**{**{name: getattr(ports, name) for name in ports.__slots__}, "second_factor_required": True})
    app.state["ports"] = strict
    await page_session(client, "approver")

    assert (await client.get("/ktr")).headers["location"] == "/account"
    problem(await client.get("/api/v1/receptions"), 403, "identity.second-factor-missing")
    account = await client.get("/account")
    checked(account)
    assert "2단계 인증을 등록해야" in account.text
    program = await confirm(await signed_in("approver"))
    await enrol_app(program)
    assert (await program.get("/api/v1/receptions")).status_code == 200
    async with ports.unit(SYSTEM) as work:
        assert await work.people.named("approver") is not None
