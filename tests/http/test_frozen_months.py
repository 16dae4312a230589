"""What comes after a month was frozen and billed: a revision with a dated difference; the invoice stays as it was."""

from datetime import timedelta

from app.jobs.revisions import revise_frozen_months
from app.jobs.schedule import run_job
from domain.shared.actor import SYSTEM
from domain.shared.time import SEOUL
from tests.http.test_api import problem


async def test_a_correction_of_a_billed_month_is_a_revision_and_the_invoice_stays(story, ports, signed_in):
    service = story.life.services[0]
    contract, frozen = service.contract, service.snapshots[0]
    invoice = service.invoices[0].invoice
    month, site = frozen.usage.month, f"/api/v1/sites/{contract.site_id}"
    tenant, operator, neighbour = [await signed_in(name) for name in ("tenant", "operator", "neighbour")]
    path = f"{site}/months/{month}/revisions"

    [before] = (await tenant.get(path)).json()
    assert (before["dirty"], len(before["revisions"]), before["differences"]) == (False, 1, [])
    assert before["contract_number"] == contract.number
    assert (await revise_frozen_months(ports)).did == 0

    channels = (await tenant.get(f"{site}/channels")).json()
    discharge = next(one["channel"] for one in channels if one["quantity"] == "storage_discharge")
    stretch = {"from": f"{month}-01", "until": f"{month}-02", "quantity": "storage_discharge"}
    series = (await tenant.get(f"{site}/series", params=stretch)).json()["series"][0]["values"]
    slot, value = next((slot, value) for slot, value in enumerate(series) if value)
    ports.clock.move_to(ports.clock.now() + timedelta(hours=1))
    wish = {
        "quantity": "storage_discharge",
        "day": f"{month}-01",
        "changes": [{"slot": slot, "wh": value - 1_000}],
        "reason": "manual",
    }
    operator = await signed_in("operator")
    done = await operator.post(f"{site}/corrections?tenant_id={contract.tenant_id}", json=wish)
    assert done.status_code == 201, done.text
    tenant = await signed_in("tenant")
    [dirty] = (await tenant.get(path)).json()
    assert (dirty["dirty"], len(dirty["revisions"])) == (True, 1)

    await run_job(revise_frozen_months, ports)
    again = await revise_frozen_months(ports)

    [after] = (await tenant.get(path)).json()
    assert (after["dirty"], again.did) == (False, 0)
    assert after["revisions"][0] == before["revisions"][0]
    [difference] = after["differences"]
    assert (difference["revision"], difference["channels"]) == (1, [{"channel": discharge, "wh": -1_000}])
    assert difference["changes_wh"]["storage_discharge_wh"] == -1_000
    assert difference["amount_krw"] < 0
    assert difference["revised_at"] > difference["frozen_at"]
    async with ports.unit(SYSTEM) as work:
        kept = await work.usage_snapshots.find(contract.tenant_id, contract.contract_id, month)
        billed = await work.invoices.of_month(contract.tenant_id, contract.contract_id, month)
    assert (kept, billed) == (frozen, invoice)
    page = (await tenant.get(f"/energy?month={month}&site={contract.site_id}")).text
    assert "정정 1차" in page
    assert "-1,000 Wh" in page
    neighbour = await signed_in("neighbour")
    problem(await neighbour.get(path), 404, "metering.site-unknown")
    assert (await tenant.get(f"{site}/months/2001-01/revisions")).json() == []
    assert ports.clock.now().astimezone(SEOUL) > frozen.frozen_at
