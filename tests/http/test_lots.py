"""Energy of purchase contracts: entered once, a source of the storage's charge, and shown with what became of it."""

from tests.http.conftest import by_cookie
from tests.http.test_api import problem


async def test_a_lot_is_a_source_of_the_months_charge_and_the_invoice_stays(story, signed_in, ports):
    service = story.life.services[0]
    contract, month = service.contract, service.snapshots[0].usage.month
    site = f"/api/v1/sites/{contract.site_id}"
    tenant, neighbour = await signed_in("tenant"), await signed_in("neighbour")
    lot = {"certificate": "PPA-2026-7", "from_on": f"{month}-01", "until_on": f"{month.next()}-01", "wh": 3_000_000}
    before = (await tenant.get(f"{site}/months/{month}/insight")).json()

    entered = await tenant.post(f"{site}/lots", json=lot)
    again = await tenant.post(f"{site}/lots", json=lot)

    assert (entered.status_code, again.json()) == (201, entered.json())
    problem(await tenant.post(f"{site}/lots", json=lot | {"wh": 1}), 409, "metering.lot-entered")
    over = lot | {"certificate": "X", "until_on": f"{month.next()}-02"}
    problem(await tenant.post(f"{site}/lots", json=over), 422, "metering.lot-over-months")
    problem(await tenant.post(f"{site}/lots", json=lot | {"until_on": lot["from_on"]}), 400, "http.bad-request")
    problem(await neighbour.post(f"{site}/lots", json=lot), 404, "metering.site-unknown")

    [use] = (await tenant.get(f"{site}/months/{month}/lots")).json()
    assert use["stored_wh"] + use["used_at_once_wh"] + use["unused_wh"] == use["wh"] == 3_000_000
    assert use["stored_wh"] > 0
    after = (await tenant.get(f"{site}/months/{month}/insight")).json()
    for method in ("pro_rata", "fifo"):
        charged = after[method]["charged"]
        assert charged["PPA-2026-7"] == use["stored_wh"]
        assert sum(charged.values()) == sum(before[method]["charged"].values())
        assert charged["pv"] == before[method]["charged"]["pv"]
        assert after[method]["renewable_share_ppm"] > before[method]["renewable_share_ppm"]
    sources = (await tenant.get(f"{site}/months/{month}/sources")).json()["sources"]
    assert sources == ["pv", "grid", "PPA-2026-7"]
    usage = (await tenant.get(f"{site}/months/{month}")).json()
    assert usage["renewable_share_ppm"] == service.snapshots[0].usage.renewable_share_ppm

    page = (await tenant.get(f"/energy?month={month}&site={contract.site_id}")).text
    assert "PPA-2026-7" in page
    voided = await tenant.post(f"{site}/lots/{entered.json()['lot_id']}/void")
    assert voided.json()["voided_by"]
    problem(await tenant.post(f"{site}/lots/{entered.json()['lot_id']}/void"), 409, "metering.lot-voided")
    nobodys = "01a20060-412a-7718-a1e1-5de3370d56b1"
    problem(await tenant.post(f"{site}/lots/{nobodys}/void"), 404, "metering.lot-unknown")
    assert (await tenant.get(f"{site}/months/{month}/insight")).json() == before


async def test_the_page_enters_and_voids_a_lot(story, signed_in):
    service = story.life.services[0]
    contract, month = service.contract, service.snapshots[0].usage.month
    page = await by_cookie(await signed_in("tenant"), "tenant")
    path = f"/energy/{contract.tenant_id}/{contract.site_id}/{month}/lots"
    form = {
        "lot_certificate": "PPA-1",
        "lot_from_on": f"{month}-01",
        "lot_until_on": f"{month}-08",
        "lot_kwh": "1,200.5",
    }

    entered = await page.post(path, data=form)

    assert entered.headers["location"].endswith("#lots")
    shown = (await page.get(f"/energy?month={month}&site={contract.site_id}")).text
    assert "1,200.50" in shown or "1,200.5" in shown
    action = shown.split(f'action="{path}/')[1].split('"')[0]
    assert (await page.post(f"{path}/{action}")).status_code == 303
    assert "PPA-1" not in (await page.get(f"/energy?month={month}&site={contract.site_id}")).text
