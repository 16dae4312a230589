"""Site files: what is read of them, and the one sentence for each that is refused."""

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from adapters.meterfiles import defects
from adapters.meterfiles.reader import FILE_BYTES_MAX, SandboxedReadingFiles
from adapters.meterfiles.site_csv import ROWS_MAX, parse
from app.samples import make_site
from domain.metering import efficiency
from domain.metering.model import ENERGIES, Quantity
from domain.metering.readings import total, unbalanced_slots
from domain.metering.usage import month_usage
from domain.metering.views import month_flows
from domain.shared.errors import RuleBroken
from domain.shared.time import Month
from domain.shared.untrusted import FileRefused, FileTooLarge

HEADER = "interval_start,load_kwh,pv_kwh"
AT = "2026-07-01T00:{:02d}:00+09:00"


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return ("\n".join((header, *rows)) + "\n").encode()


GOOD = csv_of("2026-07-01T00:00:00+09:00,1.0005,0", "2026-07-01T00:15:00+09:00,1.0005,2.5")


def read(content: bytes, folder: Path) -> dict:
    path = folder / "file"
    path.write_bytes(content)
    return json.loads(parse(path, {}))


def values(found: dict, quantity: str, day: str = "2026-07-01") -> list:
    return found["quantities"][quantity]["days"][day]


def test_kwh_become_wh_with_the_rest_carried_forward(tmp_path):
    found = read(GOOD, tmp_path)

    assert values(found, "load")[:3] == [1_000, 1_001, None]
    assert values(found, "pv")[:3] == [0, 2_500, None]
    assert (found["quantities"]["load"]["rounded"], found["quantities"]["pv"]["rounded"]) == (True, False)
    assert (found["intervals"], found["duplicate_rows"], found["blank_cells"]) == (2, 0, 0)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(GOOD), id="gzip"),
        pytest.param(b"\xef\xbb\xbf" + GOOD, id="byte order mark"),
        pytest.param(GOOD.replace(b"\n", b"\r\n"), id="crlf"),
        pytest.param(GOOD + b"\n\n", id="blank lines"),
        pytest.param(GOOD.replace(b",", b" , "), id="spaces"),
        pytest.param(
            csv_of(
                "0,1.0005,2026-06-30T15:00:00Z",
                "2.5000,1.0005,2026-07-01T00:15+09:00",
                header="pv_kwh,load_kwh,interval_start",
            ),
            id="other order of columns and other offset",
        ),
        pytest.param(csv_of(*reversed(GOOD.decode().splitlines()[1:])), id="rows out of order"),
    ],
)
def test_the_same_readings_are_read_the_same_in_any_dress(content, tmp_path):
    assert read(content, tmp_path) == read(GOOD, tmp_path)


def test_equal_rows_are_read_once_and_counted(tmp_path):
    found = read(GOOD + GOOD.split(b"\n")[1] + b"\n", tmp_path)

    assert (found["intervals"], found["duplicate_rows"]) == (2, 1)


def test_a_blank_cell_is_missing_and_counted(tmp_path):
    found = read(csv_of(f"{AT.format(0)},,1", f"{AT.format(15)},0.5,2"), tmp_path)

    assert values(found, "load")[:2] == [None, 500]
    assert found["blank_cells"] == 1


def test_a_state_of_charge_is_read_in_basis_points(tmp_path):
    found = read(csv_of(f"{AT.format(0)},0.4665", header="interval_start,storage_soc"), tmp_path)

    assert values(found, "storage_soc")[0] == 4_665


def test_an_interval_belongs_to_the_day_in_seoul(tmp_path):
    found = read(csv_of("2026-07-01T14:45:00Z,1,1", "2026-07-01T15:00:00Z,2,2"), tmp_path)

    assert values(found, "load", "2026-07-01")[95] == 1_000
    assert values(found, "load", "2026-07-02")[0] == 2_000


ONE = AT.format(0)


@pytest.mark.parametrize(
    ("content", "defect", "facts"),
    [
        pytest.param(b"", defects.FileEmpty, {}, id="empty"),
        pytest.param(b"\xef\xbb\xbf \r\n", defects.FileEmpty, {}, id="only white space"),
        pytest.param(gzip.compress(b""), defects.FileEmpty, {}, id="empty gzip"),
        pytest.param(gzip.compress(GOOD)[:-9], defects.FileDamaged, {}, id="gzip cut off"),
        pytest.param(gzip.compress(GOOD)[:-8] + b"\0" * 8, defects.FileDamaged, {}, id="gzip with a wrong sum"),
        pytest.param(b"\x1f\x8bnonsense", defects.FileDamaged, {}, id="no gzip behind its mark"),
        pytest.param(
            gzip.compress(b"\n" * (64 * 1024 * 1024 + 1)),
            defects.FileInflates,
            {"bytes_max": 67_108_864},
            id="bomb",
        ),
        pytest.param("시각,전력량\n".encode("cp949"), defects.FileNotText, {}, id="other encoding"),
        pytest.param(b"PK\x03\x04\x00\x00", defects.FileNotText, {}, id="zip"),
        pytest.param(csv_of(f'{ONE},"1,1'), defects.FileNotText, {}, id="quote never closed"),
        pytest.param(
            csv_of(header="time,load_kwh"),
            defects.ColumnUnknown,
            {"column": "time", "known": ", ".join(make_site.HEADER.split(","))},
            id="foreign header",
        ),
        pytest.param(csv_of(header=f"{HEADER},pv_kwh"), defects.ColumnTwice, {"column": "pv_kwh"}, id="column twice"),
        pytest.param(csv_of(header="load_kwh"), defects.ColumnMissing, {"column": "interval_start"}, id="no stamp"),
        pytest.param(csv_of(), defects.NoRows, {}, id="no rows"),
        pytest.param(csv_of(f"{ONE},1"), defects.RowLength, {"row": 2, "cells": 2, "columns": 3}, id="short row"),
        pytest.param(
            csv_of(f"{ONE},1,2", f"{ONE},1,2,x"),
            defects.RowLength,
            {"row": 3, "cells": 4, "columns": 3},
            id="long row",
        ),
        pytest.param(
            csv_of(f"{ONE},1,5,2,5"),
            defects.DecimalComma,
            {"row": 2, "column": "load_kwh", "cell": "1,5"},
            id="decimal commas that cut cells",
        ),
        pytest.param(
            csv_of(f'{ONE},1,"2,5"'),
            defects.DecimalComma,
            {"row": 2, "column": "pv_kwh", "cell": "2,5"},
            id="decimal comma in quotes",
        ),
        pytest.param(
            csv_of("01/07/2026 00:00,1,2"),
            defects.StampMalformed,
            {"row": 2, "cell": "01/07/2026 00:00"},
            id="stamp of another form",
        ),
        pytest.param(
            csv_of("2026-07-01T00:00:00,1,2"),
            defects.StampNaive,
            {"row": 2, "cell": "2026-07-01T00:00:00"},
            id="naive stamp",
        ),
        pytest.param(
            csv_of(f"{ONE},1,2", f"{AT.format(16)},1,2"),
            defects.StampOffGrid,
            {"row": 3, "cell": "2026-07-01T00:16:00+09:00"},
            id="stamp off the grid",
        ),
        pytest.param(
            csv_of("1969-12-31T00:00:00+09:00,1,2"),
            defects.StampOutOfRange,
            {"row": 2, "cell": "1969-12-31T00:00:00+09:00"},
            id="stamp before all meters",
        ),
        pytest.param(
            csv_of(f"{ONE},-0.5,2"),
            defects.Negative,
            {"row": 2, "column": "load_kwh", "cell": "-0.5"},
            id="negative",
        ),
        pytest.param(
            csv_of(f"{ONE},1,nan"), defects.NotANumber, {"row": 2, "column": "pv_kwh", "cell": "nan"}, id="nan"
        ),
        pytest.param(
            csv_of(f"{ONE},1,1e3"), defects.NotANumber, {"row": 2, "column": "pv_kwh", "cell": "1e3"}, id="exponent"
        ),
        pytest.param(
            csv_of(f"{ONE},1,٣"), defects.NotANumber, {"row": 2, "column": "pv_kwh", "cell": "٣"}, id="other digits"
        ),
        pytest.param(
            csv_of(f"{ONE},0.00001,2"),
            defects.TooPrecise,
            {"row": 2, "column": "load_kwh", "cell": "0.00001"},
            id="five decimals",
        ),
        pytest.param(
            csv_of(f"{ONE},2147483.648,2"),
            defects.ValueTooLarge,
            {"row": 2, "column": "load_kwh", "cell": "2147483.648"},
            id="more than a slot holds",
        ),
        pytest.param(
            csv_of(f"{ONE},1.0001", header="interval_start,storage_soc"),
            defects.ValueTooLarge,
            {"row": 2, "column": "storage_soc", "cell": "1.0001"},
            id="charged beyond full",
        ),
        pytest.param(
            csv_of(f"{ONE},1,2", f"{AT.format(15)},1,2", f"{ONE},1,3"),
            defects.RowsConflict,
            {"row": 4, "column": "pv_kwh", "first_row": 2},
            id="two rows that disagree",
        ),
        pytest.param(
            csv_of(*[f"{ONE},1,2"] * (ROWS_MAX + 1)),
            defects.TooManyRows,
            {"rows_max": 150_000},
            id="too many rows",
        ),
    ],
)
def test_a_defect_refuses_the_whole_file_and_names_its_first_place(content, defect, facts, tmp_path):
    with pytest.raises(defect) as caught:
        read(content, tmp_path)

    assert caught.value.facts == facts
    assert caught.value.sentence("ko") != caught.value.sentence("en")
    assert "{" not in caught.value.sentence("ko") + caught.value.sentence("en")


def test_every_defect_has_its_own_code():
    codes = [found.code for found in vars(defects).values() if isinstance(found, type) and found is not RuleBroken]

    assert len(codes) == len(set(codes)) == 20
    assert all(code.startswith("metering.file-") for code in codes)


def test_shuffled_rows_read_to_the_same_bytes(tmp_path):
    header, *rows = list(make_site.rows())[:2_000]
    Random(1).shuffle(rows)
    path, shuffled = tmp_path / "a", tmp_path / "b"
    path.write_text("\n".join(list(make_site.rows())[:2_000]))
    shuffled.write_text("\n".join((header, *rows)))

    assert parse(path, {}) == parse(shuffled, {})


def test_a_files_total_is_its_exact_sum_cut_to_a_wh(tmp_path):
    header, *rows = make_site.rows()
    exact = sum(Decimal(row.split(",")[1]) for row in rows)

    found = read("\n".join((header, *rows)).encode(), tmp_path)

    assert total(found["quantities"]["load"]["days"].values()) == int(exact * 1_000)


async def test_the_port_reads_in_a_child_process():
    series = await SandboxedReadingFiles().parse(GOOD)

    assert [column.quantity for column in series.quantities] == [Quantity.LOAD, Quantity.PV]
    assert series.quantities[0].days[date(2026, 7, 1)][:3] == (1_000, 1_001, None)
    assert series.first_at == datetime(2026, 6, 30, 15, tzinfo=UTC)
    assert series.last_at == datetime(2026, 6, 30, 15, 15, tzinfo=UTC)


async def test_the_port_carries_a_defects_code_and_sentence_over():
    with pytest.raises(FileRefused) as caught:
        await SandboxedReadingFiles().parse(csv_of("2026-07-01T00:00:00,1,2"))

    assert caught.value.code == "metering.file-stamp-naive"
    assert caught.value.sentence("en").startswith("Row 2, interval_start: '2026-07-01T00:00:00' has no offset")


async def test_the_port_refuses_a_file_that_is_too_large():
    with pytest.raises(FileTooLarge):
        await SandboxedReadingFiles().parse(b"\n" * (FILE_BYTES_MAX + 1))


def test_the_sample_is_what_its_program_makes():
    shipped = make_site.PATH.read_bytes()

    assert gzip.decompress(shipped) == gzip.decompress(make_site.content())
    assert shipped[4:8] == b"\0\0\0\0"
    assert len(shipped) <= 200_000


async def test_the_sample_holds_three_balanced_months():
    series = await SandboxedReadingFiles().parse(make_site.PATH.read_bytes())
    days = {column.quantity: column.days for column in series.quantities}

    assert (series.intervals, series.blank_cells, unbalanced_slots(series)) == (8_832, 0, 0)
    usages = [month_usage(Month(2026, number), days, first_on=date(2026, 7, 1)) for number in (7, 8, 9)]
    assert [usage.completeness_ppm for usage in usages] == [1_000_000] * 3
    assert [usage.storage_discharge_wh for usage in usages] == [3_335_242, 3_162_012, 3_834_090]
    assert [usage.renewable_share_ppm for usage in usages] == [725_358, 732_915, 784_733]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "wh"),
    [
        ("S1_metalworking", (800_006_448, 309_490_209, 23_040_028, 20_021_997, 534_051_968, 40_517_699)),
        ("S2_electroplating", (1_599_941_614, 480_296_153, 45_043_506, 39_544_110, 1_160_663_569, 35_518_713)),
    ],
)
async def test_a_real_year_has_the_known_totals(name, wh, shared):
    sites = shared / "data" / "energy" / "sites"
    truth = json.loads((sites / "sites_truth.json").read_text())[name]

    series = await SandboxedReadingFiles().parse((sites / f"{name}_2018_15min.csv.gz").read_bytes())

    totals = {c.quantity: total(c.days.values()) for c in series.quantities}
    energies = tuple(totals[quantity] for quantity in ENERGIES)
    assert energies == wh
    cent = Decimal("0.01")
    for quantity, energy in zip(ENERGIES, energies, strict=True):
        assert (Decimal(energy) / 1_000).quantize(cent) == Decimal(
            str(truth["totals_kwh"][f"{quantity}_kwh"])
        ).quantize(cent)
    assert series.intervals == 35_040
    assert unbalanced_slots(series) == 0
    charge, discharge = totals[Quantity.STORAGE_CHARGE], totals[Quantity.STORAGE_DISCHARGE]
    round_trip = efficiency.round_trip_ppm(charge_wh=charge, discharge_wh=discharge)
    assert round(Decimal(round_trip) / 1_000_000, 4) == Decimal(str(truth["storage_ac_rte_year"]))
    own = efficiency.self_consumption_ppm(pv_wh=totals[Quantity.PV], export_wh=totals[Quantity.GRID_EXPORT])
    assert round(Decimal(own) / 1_000_000, 4) == Decimal(str(truth["self_consumption"]))


@pytest.mark.shared
async def test_a_real_years_storage_is_judged_with_what_it_still_holds(shared):
    sites = shared / "data" / "energy" / "sites"
    series = await SandboxedReadingFiles().parse((sites / "S1_metalworking_2018_15min.csv.gz").read_bytes())
    flat = {c.quantity: [v for _, day in sorted(c.days.items()) for v in day] for c in series.quantities}
    socs = flat[Quantity.STORAGE_SOC]

    change = efficiency.stored_change_wh(soc_start_bp=socs[0], soc_end_bp=socs[-1], usable_wh=200_000)
    corrected = efficiency.round_trip_corrected_ppm(
        charge_wh=sum(flat[Quantity.STORAGE_CHARGE][1:]),
        discharge_wh=sum(flat[Quantity.STORAGE_DISCHARGE][1:]),
        stored_change_wh=change,
    )

    assert change == -73_680
    assert corrected == 865_967
    assert efficiency.full_cycles_by_soc_milli(socs) == 108_223
    assert (
        efficiency.full_cycles_by_discharge_milli(discharge_wh=sum(flat[Quantity.STORAGE_DISCHARGE]), usable_wh=200_000)
        == 100_109
    )


@pytest.mark.shared
async def test_a_real_month_of_pure_surplus_is_renewable_to_the_last_wh(shared):
    sites = shared / "data" / "energy" / "sites"
    series = await SandboxedReadingFiles().parse((sites / "S1_metalworking_2018_15min.csv.gz").read_bytes())
    days = {column.quantity: column.days for column in series.quantities}
    july = Month(2018, 7)

    usage = month_usage(july, days, first_on=date(2018, 1, 1))

    assert (usage.storage_discharge_wh, usage.renewable_wh, usage.unattributed_wh) == (2_276_704, 2_276_704, 0)
    assert (usage.renewable_share_ppm, usage.round_trip_ppm) == (1_000_000, 870_296)
    assert (usage.peak_import_w, usage.peak_import_at) == (217_608, datetime(2018, 7, 17, 5, 45, tzinfo=UTC))
    assert month_flows(days, july).storage_to_load_wh == 2_276_675
