"""Reading back over HTTP: series, matrices, months from every side, tables, and what was known at a moment."""

import csv
import html
import io
import re
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from app.http.sheets import Sheet, to_csv, to_xlsx
from app.pages.formats import kwh
from app.samples import make_site
from tests.http.test_api import problem
from tests.http.test_readings_door import SITE

NOW = datetime(2026, 11, 15, tzinfo=UTC)
A2 = "kepco.industrial-a2.hv-a.2"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
async def place(signed_in, ports):
    """A site with the sample summer in it: the address of its resource, the operator and the tenant."""
    ports.clock.move_to(NOW)
    operator = await signed_in("operator")
    site = (await operator.post("/api/v1/sites", json=SITE)).json()["site_id"]
    tenant = await signed_in("tenant")
    sent = await tenant.post(f"/api/v1/sites/{site}/readings", content=make_site.PATH.read_bytes())
    assert sent.status_code == 200, sent.text
    return f"/api/v1/sites/{site}", operator, tenant


async def get(client, path, **asked):
    answer = await client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer


def cells(content):
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        page = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in page.iter(f"{SHEET}row"):
        rows.append([cell.findtext(f"{SHEET}v") or "".join(cell.itertext()) for cell in row])
    return rows


async def test_a_series_comes_back_at_every_step_with_the_same_total(place):
    path, _, tenant = place
    month = (await get(tenant, f"{path}/months/2026-07")).json()
    for resolution, count in (("15m", 2_976), ("30m", 1_488), ("60m", 744), ("day", 31), ("month", 1)):
        asked = {"quantity": ["load", "pv"], "resolution": resolution, "from": "2026-07-01", "until": "2026-08-01"}

        found = (await get(tenant, f"{path}/series", **asked)).json()

        assert len(found["starts_at"]) == count
        assert found["starts_at"][0] == "2026-06-30T15:00:00Z"
        assert [one["quantity"] for one in found["series"]] == ["load", "pv"]
        for one in found["series"]:
            assert sum(one["values"]) == month["totals_wh"][one["quantity"]]
            assert set(one["missing"]) == {0}


async def test_what_cannot_be_read_is_said(place, signed_in):
    path, _, tenant = place
    stretch = {"from": "2026-07-01", "until": "2026-08-01"}
    neighbour = await signed_in("neighbour")

    async def ask(client=tenant, of="series", **asked):
        return await client.get(f"{path}/{of}", params=stretch | asked)

    problem(await ask(resolution="5m"), 422, "metering.resolution-too-fine")
    problem(await ask(until="2028-08-01"), 422, "metering.stretch-too-long")
    problem(await ask(until="2026-07-01"), 422, "metering.stretch-too-long")
    problem(await ask(quantity="colour"), 400, "http.bad-request")
    problem(await ask(as_of="2026-07-02T00:00:00"), 400, "http.bad-request")
    problem(await ask(neighbour), 404, "metering.site-unknown")
    problem(await ask(neighbour, of="matrix"), 404, "metering.site-unknown")
    problem(await ask(neighbour, of="months/2026-07/insight"), 404, "metering.site-unknown")
    problem(await ask(neighbour, of="months/2026-07/sources"), 404, "metering.site-unknown")
    problem(await ask(neighbour, of="months/2026-07/demand"), 404, "metering.site-unknown")
    problem(await ask(of="months/2026-07/insight", tariff="kepco.none@2026-01-01"), 404, "metering.tariff-unknown")
    problem(await ask(of="months/2026-07/sheets/colours/csv"), 400, "http.bad-request")


async def test_a_matrix_has_a_row_a_day_and_a_figure_an_hour(place):
    path, _, tenant = place
    asked = {"from": "2026-07-01", "until": "2026-07-03", "quantity": "pv"}

    found = (await get(tenant, f"{path}/matrix", **asked)).json()
    series = (await get(tenant, f"{path}/series", resolution="60m", **asked)).json()

    assert found["days"] == ["2026-07-01", "2026-07-02"]
    assert [value for row in found["hours"] for value in row] == series["series"][0]["values"]
    sheet = (await get(tenant, f"{path}/matrix/xlsx", **asked)).content
    assert [int(cell) for cell in cells(sheet)[1][1:]] == found["hours"][0]


async def test_what_was_known_at_a_moment_is_read_again(place, ports):
    path, _, tenant = place
    channels = {one["quantity"]: one["channel"] for one in (await get(tenant, f"{path}/channels")).json()}
    day = {"from": "2026-10-01", "until": "2026-10-02", "quantity": "load", "resolution": "day"}

    async def send(start, wh):
        body = {"channel": channels["load"], "start": start, "resolution": "PT15M", "wh": wh}
        answer = await tenant.post("/api/v1/readings", json=body)
        assert answer.status_code == 200, answer.text

    await send("2026-10-01T00:00:00+09:00", [100] * 4)
    ports.clock.move_to(NOW.replace(minute=45))
    await send("2026-10-01T01:00:00+09:00", [7] * 4)

    async def known(**asked):
        return (await get(tenant, f"{path}/series", **day, **asked)).json()["series"][0]

    assert (await known())["values"] == [428]
    then = await known(as_of="2026-11-15T00:30:00Z")
    assert (then["values"], then["missing"]) == ([400], [92])
    before = await known(as_of="2026-11-14T12:00:00Z")
    assert (before["values"], before["missing"]) == ([None], [96])


async def test_a_month_is_told_from_every_side(place):
    path, _, tenant = place
    month = (await get(tenant, f"{path}/months/2026-08")).json()

    found = (await get(tenant, f"{path}/months/2026-08/insight")).json()

    for method in ("pro_rata", "fifo"):
        sources = found[method]
        assert sum(sources["charged"].values()) == month["totals_wh"]["storage_charge"]
        delivered = sum(sources["delivered"].values()) + sources["unattributed"]
        assert delivered == month["totals_wh"]["storage_discharge"]
        for source in ("pv", "grid"):
            came = sources["opening"][source] + sources["charged"][source]
            assert came == sum(sources[part][source] for part in ("delivered", "lost", "closing"))
    assert found["pro_rata"]["renewable_share_ppm"] == month["renewable_share_ppm"]
    assert found["storage"]["round_trip_basis"] == "equal_charge"
    assert found["storage"]["round_trip_ppm"] == month["round_trip_ppm"]
    july = (await get(tenant, f"{path}/months/2026-07/insight")).json()["storage"]
    assert (july["round_trip_basis"], july["round_trip_ppm"]) == (
        "charge_unknown",
        None,
    )  # nothing before its first day
    assert found["emissions"]["factor"] == "kr.grid.consumption.2023"
    assert found["emissions"]["scope2_effect_g"] < 0 < found["emissions"]["system_effect_g"]
    assert found["peak_with_storage"]["power_w"] == month["peak_import_w"]
    assert found["bands"] is None


async def test_bands_follow_the_assigned_tariff_or_one_that_is_named(place):
    path, operator, tenant = place
    month = (await get(tenant, f"{path}/months/2026-08")).json()
    wish = {"tariff": A2, "from_on": "2026-01-01", "deferred": False}

    problem(await tenant.post(f"{path}/tariffs", json=wish), 403, "shared.role-not-enough")
    assigned = await operator.post(f"{path}/tariffs?tenant_id=11", json=wish)
    assert (assigned.status_code, assigned.json()) == (201, wish)
    assert (await operator.post(f"{path}/tariffs?tenant_id=11", json=wish)).status_code == 201
    other = wish | {"deferred": True}
    problem(await operator.post(f"{path}/tariffs?tenant_id=11", json=other), 409, "metering.tariff-assigned")
    unknown = wish | {"tariff": "kepco.none"}
    problem(await operator.post(f"{path}/tariffs?tenant_id=11", json=unknown), 404, "metering.tariff-unknown")

    bands = (await get(tenant, f"{path}/months/2026-08/insight")).json()["bands"]
    assert sum(bands["grid_import"]["wh"].values()) == month["totals_wh"]["grid_import"]
    assert [(one["version"], one["days"], one["as_if"]) for one in bands["tariffs"]] == [("2026-06-01", 31, False)]
    assert bands["confirmed"] is False  # Saturdays and Sundays rest on no primary source
    then = bands["grid_import_without_storage"]["amount_krw"]
    assert bands["saving_krw"] == then - bands["grid_import"]["amount_krw"]

    named = (await get(tenant, f"{path}/months/2026-08/insight", tariff=f"{A2}@2024-10-24")).json()["bands"]
    assert named["tariffs"][0]["as_if"] is True
    assert named["grid_import"]["wh"] != bands["grid_import"]["wh"]
    assert sum(named["grid_import"]["wh"].values()) == month["totals_wh"]["grid_import"]
    b = "kepco.industrial-b.hv-a.2@2026-04-16"
    unpriced = (await get(tenant, f"{path}/months/2026-08/insight", tariff=b)).json()["bands"]
    assert (unpriced["saving_krw"], unpriced["grid_import"]["amount_krw"]) == (None, None)
    versions = (await get(tenant, "/api/v1/tariffs")).json()
    assert {one["tariff"] for one in versions if not one["priced"]} == {"kepco.industrial-b.hv-a.2"}
    assert all(one["source"] for one in versions)


async def test_a_months_slots_are_told_by_source_and_under_fifo_with_links(place):
    path, _, tenant = place

    mixed = (await get(tenant, f"{path}/months/2026-07/sources")).json()
    oldest = (await get(tenant, f"{path}/months/2026-07/sources", method="fifo")).json()

    assert mixed["links"] == []
    assert [one["start_at"] for one in mixed["slots"]] == [one["start_at"] for one in oldest["slots"]]
    delivered = sum(sum(one["delivered"]) for one in oldest["slots"])
    assert sum(one["delivered_wh"] for one in oldest["links"]) == delivered
    sheet = (await get(tenant, f"{path}/months/2026-07/sheets/sources/csv", method="fifo")).text
    rows = list(csv.reader(io.StringIO(sheet.removeprefix("\ufeff"))))
    assert len(rows) == 1 + len(oldest["slots"])


async def test_demand_looks_back_at_the_months_that_may_set_it(place):
    path, _, tenant = place

    found = (await get(tenant, f"{path}/months/2026-09/demand")).json()

    known = {one["month"]: one["with_storage_w"] for one in found["peaks"] if one["with_storage_w"] is not None}
    assert sorted(known) == ["2026-07", "2026-08", "2026-09"]
    assert found["with_storage_w"] == max(90_000, *known.values())
    assert found["lowered_w"] == found["without_storage_w"] - found["with_storage_w"]


async def test_the_energy_page_shows_bands_matrix_and_both_views_and_its_downloads_answer(place):
    path, operator, tenant = place
    site = path.rsplit("/", 1)[1]
    insight = (await get(tenant, f"{path}/months/2026-08/insight", tariff=f"{A2}@2026-06-01")).json()

    page = (await get(tenant, "/energy", month="2026-08", site=site)).text
    english = (await get(operator, "/energy", month="2026-08", site=site, tenant=11, lang="en")).text

    assert "배정된 요금제가 없어" in page
    assert "<script" not in page
    for wh in insight["bands"]["grid_import"]["wh"].values():
        assert kwh(wh).removesuffix(" kWh") in page
    assert f"{insight['bands']['saving_krw']:,}원" in page
    assert "Scope 2" in page
    assert 'aria-label="순환금속 2026-08 수전량 (날짜 × 시간)"' in page
    links = [html.unescape(one) for one in re.findall(r'href="(/api/v1/sites/[^"]+)" download', page)]
    assert len(links) == 15  # five tables, each as CSV, XLSX and Parquet
    for link in links:
        answer = await tenant.get(link)
        assert (answer.status_code, answer.headers["content-disposition"][:10]) == (200, "attachment")
    theirs = [html.unescape(one) for one in re.findall(r'href="(/api/v1/sites/[^"]+)" download', english)]
    assert all("tenant_id=11" in link for link in theirs)
    assert (await operator.get(theirs[0])).content == (await tenant.get(links[0])).content


async def test_a_month_that_no_listed_tariff_prices_is_shown_without_bands_and_says_why(place):
    path, operator, tenant = place
    wish = {"tariff": A2, "from_on": "2026-09-01", "deferred": False}
    assert (await operator.post(f"{path}/tariffs?tenant_id=11", json=wish)).status_code == 201
    site = path.rsplit("/", 1)[1]

    page = (await get(tenant, "/energy", month="2026-08", site=site)).text

    assert "2026-08-01에 적용할 요금 자료가 없습니다" in page
    assert "수전량 (날짜 × 시간)" in page
    assert [one["from_on"] for one in (await get(tenant, f"{path}/tariffs")).json()] == ["2026-09-01"]
    problem(await tenant.get(f"{path}/months/2026-08/insight"), 422, "metering.tariff-not-in-force")


@pytest.mark.parametrize("table", ["bands", "flows"])
async def test_a_months_tables_come_as_csv_and_as_a_workbook(place, table):
    path, _, tenant = place
    asked = {"tariff": f"{A2}@2026-06-01"}

    text = await get(tenant, f"{path}/months/2026-07/sheets/{table}/csv", **asked)
    book = await get(tenant, f"{path}/months/2026-07/sheets/{table}/xlsx", **asked)

    assert text.content.startswith(b"\xef\xbb\xbf")
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"sunhwan-{table}-2026-07.csv" in text.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert cells(book.content) == rows
    assert len(rows) > 5


def test_a_text_never_becomes_a_formula_and_a_number_keeps_its_digits():
    sheet = Sheet(
        name="probe",
        head=("=head", "b"),
        rows=[("=1+1", -5), ("@SUM(A1)", 2**60), ("순환 & <b>", None), ("\tx", 0)],
    )

    text = to_csv(sheet).decode("utf-8-sig")
    assert text.splitlines() == ["'=head,b", "'=1+1,-5", f"'@SUM(A1),{2**60}", "순환 & <b>,", "'\tx,0"]
    content = to_xlsx(sheet)
    assert cells(content) == [
        ["=head", "b"],
        ["=1+1", "-5"],
        ["@SUM(A1)", str(2**60)],
        ["순환 & <b>", ""],
        ["\tx", "0"],
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")
        assert f'<t xml:space="preserve">{2**60}</t>'.encode() in package.read("xl/worksheets/sheet1.xml")
    assert to_xlsx(sheet) == content
