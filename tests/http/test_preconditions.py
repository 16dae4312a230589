"""One thing that the API shows has a tag; whoever has it already gets nothing again."""

import httpx
import pytest

from app.http.preconditions import is_known


async def test_what_has_not_changed_is_not_sent_again_and_what_has_is(signed_in) -> None:
    operator = await signed_in("operator")
    site = (
        await operator.post(
            "/api/v1/sites",
            json={
                "tenant_id": 11,
                "name_ko": "공장",
                "name_en": "Plant",
                "address_ko": "구미시 1공단로 1",
                "kepco_customer_no": "0123456789",
                "contract_power_w": 500_000,
            },
        )
    ).json()
    path = f"/api/v1/sites/{site['site_id']}/channels"

    first = await operator.get(path, params={"tenant_id": 11})
    again = await operator.get(path, params={"tenant_id": 11}, headers={"If-None-Match": first.headers["ETag"]})
    other = await operator.get(path, params={"tenant_id": 11}, headers={"If-None-Match": '"something-else"'})

    assert first.status_code == 200
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (other.status_code, other.content) == (200, first.content)
    assert first.headers["Cache-Control"] == "no-store"


async def test_lists_and_problems_have_no_tag(signed_in, client: httpx.AsyncClient) -> None:
    operator = await signed_in("operator")

    listed = await operator.get("/api/v1/plans")
    missing = await client.get("/api/v1/certificates/by-number/KC-1", headers={"If-None-Match": "*"})

    assert "ETag" not in listed.headers
    assert (missing.status_code, "ETag" in missing.headers) == (404, False)


@pytest.mark.parametrize(
    ("named", "known"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("", False), ("a", False)],
)
def test_a_tag_is_known_when_it_is_named(named: str, known: bool) -> None:
    assert is_known('"a"', named) is known
