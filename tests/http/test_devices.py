"""Test devices through the program: register, calibrate, book, measure, deviate."""

import re

from app import demo
from tests.http.test_api import collect, problem, receive, register
from tests.http.test_pages import checked

CALIBRATION = {
    "certificate_no": "KC-CAL-1",
    "calibrated_on": "2026-01-05",
    "due_on": "2026-02-10",
    "ranges": [
        {"unit": "V", "lowest": "0", "highest": "5", "uncertainty": "0.001"},
        {"unit": "A", "lowest": "-20", "highest": "20", "uncertainty": "0.01"},
    ],
}
DEVICE = {
    "kind": "cycler",
    "name": "충방전기",
    "serial": "CH-03",
    "location": "2시험실",
    "calibration": CALIBRATION,
}


async def test_a_device_is_registered_listed_calibrated_and_booked(signed_in) -> None:
    operator, tester, keeper = [await signed_in(name) for name in ("operator", "tester", "quality")]
    problem(await tester.post("/api/v1/devices", json=DEVICE), 403, "shared.role-not-enough")
    made = await keeper.post("/api/v1/devices", json=DEVICE)
    assert made.status_code == 201, made.text
    device = f"/api/v1/devices/{made.json()['device_id']}"
    assert made.json()["calibrated"] is True
    problem(await keeper.post("/api/v1/devices", json=DEVICE), 409, "certification.serial-taken")

    newer = {**CALIBRATION, "certificate_no": "KC-CAL-2", "calibrated_on": "2026-01-31", "due_on": "2027-01-31"}
    renewed = await keeper.post(f"{device}/calibrations", json=newer)
    assert [one["certificate_no"] for one in renewed.json()["calibrations"]] == ["KC-CAL-1", "KC-CAL-2"]
    problem(await keeper.post(f"{device}/calibrations", json=newer), 422, "certification.calibration-wrong")

    pack_id = await register(operator)
    await collect(operator, pack_id)
    number = (await tester.get(f"/api/v1/receptions/{await receive(tester, pack_id)}")).json()["reception"]["number"]
    booking = {"reception": number, "from_on": "2026-02-03", "until_on": "2026-02-05"}
    assert (await tester.post(f"{device}/bookings", json=booking)).status_code == 201
    problem(
        await tester.post(f"{device}/bookings", json={**booking, "from_on": "2026-02-05"}),
        409,
        "certification.device-booked",
    )
    (listed,) = (await tester.get("/api/v1/devices")).json()
    assert [one["reception"] for one in listed["bookings"]] == [number]
    release = f"/api/v1/devices/bookings/{listed['bookings'][0]['booking_id']}/release"
    assert (await tester.post(release)).json()["bookings"] == []
    problem(await tester.post(release), 404, "certification.booking-unknown")
    failed = {**newer, "certificate_no": "KC-CAL-3", "calibrated_on": "2026-02-01", "passed": False}
    doubted = (await keeper.post(f"{device}/calibrations", json=failed)).json()
    assert (doubted["calibrated"], doubted["calibrations"][-1]["passed"], doubted["doubtful"]) == (False, False, [])


async def test_a_device_out_of_calibration_measures_only_with_an_approvers_reason(signed_in, ports) -> None:
    operator, tester, approver = [await signed_in(name) for name in ("operator", "tester", "approver")]
    overdue = {**CALIBRATION, "due_on": "2026-01-20"}
    assert (await approver.post("/api/v1/devices", json={**DEVICE, "calibration": overdue})).status_code == 201
    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception = f"/api/v1/receptions/{await receive(tester, pack_id)}"

    async def send():
        return await tester.post(
            f"{reception}/cycler-files?name=a.csv&device=CH-03", content=demo.SAMPLE_CYCLER.read_bytes()
        )

    refused = problem(await send(), 422, "certification.device-not-calibrated")
    assert refused["title_ko"] == (
        "장비 CH-03의 교정이 2026-02-01에 유효하지 않습니다 (차기 교정일 2026-01-20). "
        "승인자가 편차로 허용할 수 있습니다."
    )
    reason = {"device": "CH-03", "reason": "교정 대기 중, 표준셀로 확인"}
    problem(await tester.post(f"{reception}/deviations", json=reason), 403, "shared.role-not-enough")
    assert (await approver.post(f"{reception}/deviations", json=reason)).status_code == 201
    run = (await send()).json()
    assert run["equipment"] == "충방전기 (S/N CH-03)"
    assert run["deviation"].endswith("허용: 교정 대기 중, 표준셀로 확인 (최승인)")


async def test_another_bodys_device_is_not_there(signed_in) -> None:
    tester, keeper, tenant = [await signed_in(name) for name in ("tester", "quality", "tenant")]
    made = (await keeper.post("/api/v1/devices", json=DEVICE)).json()

    problem(await tenant.get(f"/api/v1/devices/{made['device_id']}"), 403, "shared.role-not-enough")
    problem(
        await tester.get("/api/v1/devices/00000000-0000-0000-0000-000000000404"), 404, "certification.device-unknown"
    )


async def test_devices_are_kept_by_forms_alone(signed_in) -> None:
    operator, tester, approver, keeper = [
        await signed_in(name) for name in ("operator", "tester", "approver", "quality")
    ]
    form = {
        "kind": "cycler",
        "name": "충방전기",
        "serial": "CH-03",
        "location": "2시험실",
        "certificate_no": "KC-CAL-1",
        "calibrated_on": "2026-01-05",
        "due_on": "2026-02-10",
        "unit_1": "V",
        "lowest_1": "0",
        "highest_1": "3",
        "uncertainty_1": "0.001",
        "unit_2": "A",
        "lowest_2": "-20",
        "highest_2": "20",
        "uncertainty_2": "0.01",
    }
    empty = await tester.get("/ktr/devices")
    checked(empty)
    assert "품질책임자, 검토자, 승인자가 합니다" in empty.text
    assert "등록된 장비가 없습니다." in empty.text
    wrong = await keeper.post("/ktr/devices", data={**form, "lowest_1": "abc"})
    assert wrong.status_code == 422
    checked(wrong)
    assert 'value="CH-03"' in wrong.text
    made = await keeper.post("/ktr/devices", data=form)
    assert made.status_code == 303, made.text[-3000:]
    device = made.headers["location"]
    listed = await tester.get("/ktr/devices")
    checked(listed)
    assert "곧 만료" in listed.text

    pack_id = await register(operator)
    await collect(operator, pack_id)
    reception_id = await receive(tester, pack_id)
    number = (await tester.get(f"/api/v1/receptions/{reception_id}")).json()["reception"]["number"]
    booking = {"reception": number, "from_on": "2026-02-03", "until_on": "2026-02-05"}
    assert (await tester.post(f"{device}/bookings", data=booking)).status_code == 303
    taken = await tester.post(f"{device}/bookings", data=booking)
    assert taken.status_code == 409
    checked(taken)
    newer = {**form, "calibrated_on": "2026-01-31", "due_on": "2027-01-31", "certificate_no": "KC-CAL-2"}
    assert (await keeper.post(f"{device}/calibrations", data=newer)).status_code == 303
    shown = await tester.get(device)
    checked(shown)
    for one in ("KC-CAL-1", "KC-CAL-2", number, "교정 유효"):
        assert one in shown.text

    reception = f"/ktr/receptions/{reception_id}"
    assert "CH-03" in (await tester.get(reception)).text
    sending = {
        "files": {"file": ("a.csv", demo.SAMPLE_CYCLER.read_bytes())},
        "data": {"device": "CH-03"},
    }
    beyond = await tester.post(f"{reception}/file", **sending)
    assert beyond.status_code == 422
    assert "교정 범위(0~3 V)를 벗어난 값입니다" in beyond.text
    accepting = await approver.get(reception)
    checked(accepting)
    assert "장비 편차 허용" in accepting.text
    accepted = await approver.post(f"{reception}/deviations", data={"device": "CH-03", "reason": "표준셀로 확인"})
    assert accepted.status_code == 303, accepted.text[-3000:]
    assert (await tester.post(f"{reception}/file", **sending)).status_code == 303
    done = await tester.get(reception)
    checked(done)
    assert "허용: 표준셀로 확인 (최승인)" in done.text

    failed = {**newer, "certificate_no": "KC-CAL-3", "calibrated_on": "2026-02-01", "passed": "no"}
    assert (await keeper.post(f"{device}/calibrations", data=failed)).status_code == 303
    doubted = await keeper.get(device)
    checked(doubted)
    for one in ("교정 불합격", "재확인이 필요한 시험", number):
        assert one in doubted.text
    (release,) = re.findall(rf'action="({device}/bookings/[^"]+/release)"', doubted.text)
    assert (await tester.post(release)).status_code == 303
    assert "예약이 없습니다." in (await tester.get(device)).text
    gone = await tester.post(release)
    assert gone.status_code == 404
    checked(gone)
