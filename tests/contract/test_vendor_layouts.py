"""Each maker's file in the layouts it ships: other units, orders, preambles and encodings say the same."""

import io
import json
import struct
import zipfile
import zlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ktr.readers.detection import read_content
from domain.certification.model import CyclerFormat, StepKind
from domain.certification.spelling import cycler_record_of, record_text
from domain.shared.errors import DomainError

# One test, made here: 10 min rest at 3 V, 1 h charge at 2 A from 3 to 4 V, 30 min discharge at 4 A back to 3 V.
ROWS = [
    *[(1, 60.0 * at, 60.0 * at, 3.0, 0.0, "R", 0.0, 0.0) for at in range(11)],
    *[(2, 600 + 60.0 * at, 60.0 * at, 3 + at / 60, 2.0, "C", at / 30, 0.0) for at in range(61)],
    *[(3, 4200 + 60.0 * at, 60.0 * at, 4 - at / 30, -4.0, "D", 2.0, at / 15) for at in range(31)],
]


def clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def days(seconds: float) -> str:
    return f"  {int(seconds // 86400)}d {clock(seconds % 86400)}"


def table(header: str, line: str, *, delimiter: str = ",", preamble: str = "", rows=ROWS) -> str:
    words = {"C": "CC Chg", "D": "CC DChg", "R": "Rest"}
    chinese = {"C": "恒流充电", "D": "恒流放电", "R": "搁置"}
    lines = [
        line.format(
            n=n,
            step=step,
            t=t,
            m=t / 60,
            h=t / 3600,
            ms=t * 1000,
            clock=clock(t),
            days=days(t),
            stepclock=clock(st_),
            st=st_,
            v=v,
            mv=v * 1000,
            a=a,
            ma=a * 1000,
            ua=a * 1e6,
            absa=abs(a),
            absma=abs(a) * 1000,
            state=state,
            word=words[state],
            zh=chinese[state],
            chg=chg,
            dchg=dchg,
            mchg=chg * 1000,
            mdchg=dchg * 1000,
            cap=chg if state == "C" else dchg,
            mcap=(chg if state == "C" else dchg) * 1000,
            net=chg - dchg,
        )
        for n, (step, t, st_, v, a, state, chg, dchg) in enumerate(rows, start=1)
    ]
    return (
        preamble + "\n".join([header.replace("|", delimiter), *(one.replace("|", delimiter) for one in lines)]) + "\n"
    )


MACCOR = "Today's Date:\t14 December 2020\tDate of Test:\t11 December 2020\n"
EC_LAB = "EC-Lab ASCII FILE\nNb header lines : 4\n\n"

LAYOUTS = {
    "neware flat": (
        CyclerFormat.NEWARE_CSV,
        table(
            "DataPoint|Cycle Index|Step Index|Step Type|Time|Total Time|Current(A)|Voltage(V)|Capacity(Ah)|Date",
            "{n}|1|{step}|{word}|{stepclock}|{clock}|{a}|{v}|{cap}|2026-01-01 00:00:00",
        ),
    ),
    "neware in mA and mV, other order, unsigned": (
        CyclerFormat.NEWARE_CSV,
        table(
            "Record ID|Voltage(mV)|Current(mA)|Step Type|Cycle ID|Step ID|Time(h:min:s.ms)|CapaCity(mAh)",
            "{n}|{mv}|{absma}|{word}|1|{step}|{stepclock}.000|{mcap}",
            delimiter="\t",
        ),
    ),
    "neware chinese in gb18030": (
        CyclerFormat.NEWARE_CSV,
        table(
            "记录序号|循环号|工步号|工步类型|时间|总时间|电流(A)|电压(V)|容量(Ah)",
            "{n}|1|{step}|{zh}|{stepclock}|{clock}|{a}|{v}|{cap}",
        ).encode("gb18030"),
    ),
    "neware chinese with full-width brackets in utf-16": (
        CyclerFormat.NEWARE_CSV,
        table(
            "记录序号|循环号|工步号|工步类型|总时间|电流（mA）|电压（mV）",
            "{n}|1|{step}|{zh}|{clock}|{ma}|{mv}",
            delimiter="\t",
        ).encode("utf-16"),
    ),
    "arbin mits": (
        CyclerFormat.ARBIN_CSV,
        "\ufeff"
        + table(
            "Data Point|Date Time|Test Time (s)|Step Time (s)|Cycle Index|Step Index|Current (A)|Voltage (V)"
            "|Charge Capacity (Ah)|Discharge Capacity (Ah)",
            "{n}|\t09/20/2024 08:32:34.558|{t}|{st}|1|{step}|{a}|{v}|{chg}|{dchg}",
        ),
    ),
    "arbin with underscores, mA, minutes": (
        CyclerFormat.ARBIN_CSV,
        table(
            "Voltage(mV)|Data_Point|Test_Time(min)|Current(mA)|Cycle_Index|Step_Index|Charge_Capacity(mAh)"
            "|Discharge_Capacity(mAh)",
            "{mv}|{n}|{m}|{ma}|1|{step}|{mchg}|{mdchg}",
            preamble="TEST REPORT\nCell,made up\n\n",
        ),
    ),
    "maccor": (
        CyclerFormat.MACCOR,
        table(
            "Rec#|Cyc#|Step|TestTime|StepTime|Amp-hr|Watt-hr|Amps|Volts|State|ES",
            "{n}|0|{step}|{days}|{days}|{cap}|0|{absa}|{v}|{state}|0",
            delimiter="\t",
            preamble=MACCOR,
        ),
    ),
    "maccor in minutes and milliamps, no preamble": (
        CyclerFormat.MACCOR,
        table(
            "State|Rec#|Test (Min)|Step (Min)|Cyc#|Step|mAmps|Volts|mAmp-hr",
            "{state}|{n}|{m}|{m}|0|{step}|{absma}|{v}|{mcap}",
            delimiter=",",
        ),
    ),
    "maccor signed already": (
        CyclerFormat.MACCOR,
        table(
            "Rec#|Cyc#|Step|Test (Sec)|Current (A)|Voltage (V)|Capacity (Ah)|MD",
            "{n}|0|{step}|{t}|{a}|{v}|{cap}|{state}",
            delimiter="\t",
            preamble=MACCOR,
        ),
    ),
    "pec in mV and mA": (
        CyclerFormat.PEC,
        table(
            "Test|Cell|Rack|Shelf|Step|Cycle|Total Time (Seconds)|Step Time (Seconds)|Voltage (mV)|Current (mA)"
            "|Charge Capacity (mAh)|Discharge Capacity (mAh)|ReasonCode|",
            "1|1|SBT|1|{step}|0|{t}|{st}|{mv}|{ma}|{mchg}|{mdchg}|30|",
            preamble="Request Year:,2026\nTest:,1\n#RESULTS CHECK\n#END RESULTS CHECK\n",
        ),
    ),
    "pec in V, A and hours": (
        CyclerFormat.PEC,
        table(
            "Current (A)|Voltage (V)|Rack|Step|Cycle|Total Time (Hours)|ReasonCode",
            "{a}|{v}|SBT|{step}|0|{h}|30",
        ),
    ),
    "biologic mpt": (
        CyclerFormat.BIOLOGIC,
        table(
            "mode|Ns|time/s|Ewe/V|<I>/mA|Q charge/mA.h|Q discharge/mA.h|cycle number",
            "1|{step}|{t}|{v}|{ma}|{mchg}|{mdchg}|0",
            delimiter="\t",
            preamble=EC_LAB,
        ),
    ),
    "biologic without preamble, decimal comma, latin-1": (
        CyclerFormat.BIOLOGIC,
        table(
            "Ns|time/h|Ecell/mV|I/A|Temperature/°C|Q charge/A.h|Q discharge/A.h",
            "{step}|{h}|{mv}|{a}|25.5|{chg}|{dchg}",
            delimiter="\t",
        )
        .replace(".", ",")
        .replace("A,h", "A.h")
        .encode("cp1252"),
    ),
    "novonix": (
        CyclerFormat.NOVONIX,
        table(
            "Date and Time|Cycle Number|Step Type|Run Time (h)|Step Time (h)|Current (A)|Potential (V)|Step Number",
            "2026-01-01 00:00:00|1|7|{h}|{h}|{a}|{v}|{step}",
            preamble="[Summary]\nNovonix UHPC data file\n[End Summary]\n[Data]\n",
        ),
    ),
    "novonix bare, minutes and mA": (
        CyclerFormat.NOVONIX,
        table(
            "Potential (V)|Current (mA)|Run Time (min)|Step Number|Cycle Number",
            "{v}|{ma}|{m}|{step}|1",
        ),
    ),
    "basytec": (
        CyclerFormat.BASYTEC,
        table(
            "~Time[s]|DataSet|Line|Command|U[V]|I[A]|Ah-Cyc-Charge|Ah-Cyc-Discharge|T1[°C]",
            "{t}|{n}|{step}|{state}|{v}|{a}|{chg}|{dchg}|25,0",
            delimiter="\t",
            preamble="~Resultfile from Basytec Battery Test System\n~\n",
        ),
    ),
    "basytec in hours with decimal commas": (
        CyclerFormat.BASYTEC,
        table(
            "~Time[h]|DataSet|U[V]|I[mA]|Line|T1[°C]",
            "{h}|{n}|{v}|{ma}|{step}|25.0",
            delimiter="\t",
            preamble="~Resultfile from Basytec Battery Test System\n",
        )
        .replace(".", ",")
        .encode("cp1252"),
    ),
    "bdf keys": (
        CyclerFormat.BDF_CSV,
        table(
            "voltage_volt|current_ampere|test_time_second|step_count|charging_capacity_ah|discharging_capacity_ah",
            "{v}|{a}|{t}|{step}|{chg}|{dchg}",
        ),
    ),
    "bdf labels in other units": (
        CyclerFormat.BDF_CSV,
        table("Test Time / min|Voltage / mV|Current / mA|Step Count / 1", "{m}|{mv}|{ma}|{step}"),
    ),
}


def layers() -> str:
    """Return a three-layer export: the first cycle's row and its first step's row are one."""
    lines = [
        "Cycle Index,Chg. Cap.(Ah),DChg. Cap.(Ah)",
        ",Step Index,Step Number,Step Type,Step Time,Capacity(Ah)",
        ",,DataPoint,Time,Total Time,Current(A),Voltage(V),Capacity(Ah),T1(?)",
    ]
    words = {1: "Rest", 2: "CC Chg", 3: "CC DChg"}
    last = 0
    for n, (step, t, step_t, v, a, state, chg, dchg) in enumerate(ROWS, start=1):
        if step != last:
            joined = "1,2,2" if step == 1 else ""
            lines.append(f"{joined},{step},{step},{words[step]},{clock(step_t)},0")
            last = step
        cap = chg if state == "C" else dchg
        lines.append(f",,{n},{clock(step_t)},{clock(t)},{a},{v},{cap},25.1")
    return "\r\n".join(lines) + "\r\n"


LAYOUTS["neware three layers"] = (CyclerFormat.NEWARE_CSV, layers())


def as_bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def read(content: str | bytes):
    return cycler_record_of(json.loads(read_content(as_bytes(content))))


@pytest.mark.parametrize(("kind", "content"), LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_of_a_maker_says_the_same(kind, content):
    record = read(content)

    assert record.format is kind
    assert record.rows == 103
    assert [step.kind for step in record.steps] == [StepKind.REST, StepKind.CC_CHARGE, StepKind.CC_DISCHARGE]
    assert [step.rows for step in record.steps] == [11, 61, 31]
    charge, discharge = record.steps[1:]
    for found, known in (
        (charge.charge_ah, Decimal(2)),
        (charge.energy_wh, Decimal(7)),
        (discharge.charge_ah, Decimal(-2)),
        (discharge.energy_wh, Decimal(-7)),
        (record.hours, Decimal("1.6666667")),
        (charge.hours, Decimal(1)),
        (charge.last_v, Decimal(4)),
        (discharge.median_current_a, Decimal(-4)),
    ):
        assert abs(found / known - 1) < Decimal("1e-5")
    for step, known in ((charge, 2), (discharge, -2)):
        assert step.counter_ah is None or abs(step.counter_ah - known) < Decimal("1e-5")
    assert not {"counter-disagrees", "time-runs-back", "current-spike"} & {one.code for one in record.findings}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_record_of_any_maker_is_spelled_and_read_again(name):
    record = read(LAYOUTS[name][1])

    assert cycler_record_of(json.loads(record_text(record))) == record


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_header_without_rows_is_a_test_without_a_record(name):
    end = "\n".encode("utf-16-le") if "utf-16" in name else b"\n"
    records = 105 if name == "neware three layers" else 103  # and two rows of later steps between them
    lines = as_bytes(LAYOUTS[name][1]).split(end)

    record = read(end.join(lines[: -records - 1]) + end)

    assert (record.rows, record.steps, record.cycles) == (0, (), 0)


def test_one_file_in_a_zip_or_in_gzip_is_the_file_itself():
    content = as_bytes(LAYOUTS["maccor"][1])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/test.txt", content)
    deflater = zlib.compressobj(wbits=31)

    zipped, gzipped = read(packed.getvalue()), read(deflater.compress(content) + deflater.flush())

    assert zipped.steps == gzipped.steps == read(content).steps


# Known defects are findings, never silent.


def codes(content: str | bytes) -> list[str]:
    return [finding.code for finding in read(content).findings]


def test_an_unsigned_current_is_named():
    assert codes(LAYOUTS["maccor"][1]) == ["current-unsigned"]
    assert codes(LAYOUTS["maccor signed already"][1]) == []


def test_blanked_rows_are_left_out_and_named():
    text = str(LAYOUTS["novonix bare, minutes and mA"][1]).splitlines()
    text[20] = ",," + text[20].split(",", 2)[2]

    record = read("\n".join(text) + "\n")

    assert record.rows == 102
    assert [(one.code, one.rows) for one in record.findings] == [("rows-blanked", (20,))]
    assert abs(record.steps[1].charge_ah - 2) < Decimal("1e-5")


def test_sensors_that_read_nonsense_are_kept_out_and_named():
    header = "Rec#|Cyc#|Step|TestTime|Amps|Volts|State|Aux #1| Units|Aux #2| Units"
    content = table(header, "{n}|0|{step}|{days}|{absa}|{v}|{state}|-2501.7| C |24.5| C ", delimiter="\t")

    record = read(content)

    assert (record.temperature_c.lowest, record.temperature_c.highest) == (Decimal("24.5"), Decimal("24.5"))
    assert [one.code for one in record.findings] == ["current-unsigned", "sensor-implausible"]


def test_turns_made_radians_are_repaired_openly_and_other_broken_cycles_not_used():
    header = "test_time_second|voltage_volt|current_ampere|step_count|cycle_count"
    radians = read(table(header, "{t}|{v}|{a}|{step}|6.283185307179586"))
    broken = read(table(header, "{t}|{v}|{a}|{step}|1.37"))

    assert (radians.cycles_as_recorded, [one.code for one in radians.findings]) == (1, ["cycle-not-integer"])
    assert (broken.cycles_as_recorded, [one.code for one in broken.findings]) == (None, ["cycle-not-integer"])


def test_broken_header_text_is_named():
    assert codes(LAYOUTS["neware three layers"][1]) == ["header-broken-text"]


def test_a_foreign_encoding_is_named():
    assert codes(LAYOUTS["neware chinese in gb18030"][1]) == ["encoding-read-as"]


def test_where_pulses_are_sampled_at_their_edges_the_counter_counts():
    rows = "0,4,-5,1,0,0\n10,3.9,0,1,0,0.0138889\n20,3.9,0,2,0,0.0138889\n"
    text = "test_time_second,voltage_volt,current_ampere,step_count,charging_capacity_ah,discharging_capacity_ah\n"

    record = read(text + rows)

    assert record.steps[0].charge_ah == Decimal("-0.006944444")
    assert record.steps[0].counted_ah == Decimal("-0.01388890")
    assert [one.code for one in record.findings] == ["counter-disagrees"]


# Spectra.

EIS = {
    "biologic": (
        CyclerFormat.EIS_BIOLOGIC,
        "EC-Lab ASCII FILE\nNb header lines : 3\nfreq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\n"
        "1E3\t0.01\t-0.002\n1E2\t0.02\t0.002\n1E1\t0.03\t0.01\n",
    ),
    "gamry": (
        CyclerFormat.EIS_GAMRY,
        "EXPLAIN\nTAG\tEISPOT\nZCURVE\tTABLE\n\tPt\tFreq\tZreal\tZimag\n\t#\tHz\tohm\tohm\n"
        "\t0\t1E3\t0.01\t0.002\n\t1\t1E2\t0.02\t-0.002\n\t2\t1E1\t0.03\t-0.01\n",
    ),
    "gamry in milliohm and other order": (
        CyclerFormat.EIS_GAMRY,
        "EXPLAIN\nTAG\tEISPOT\nZCURVE\tTABLE\n\tZimag\tZreal\tFreq\n\tmohm\tmohm\tkHz\n"
        "\t2\t10\t1\n\t-2\t20\t0.1\n\t-10\t30\t0.01\n",
    ),
    "zplot": (
        CyclerFormat.EIS_ZPLOT,
        "ZPLOT2 ASCII\n  Comment\n  Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange\nEnd Comments\n"
        "1.0E+03, 0, 0, 1, 0.01, 0.002, 0, 0, 1\n1.0E+02, 0, 0, 2, 0.02, -0.002, 0, 0, 1\n"
        "1.0E+01, 0, 0, 3, 0.03, -0.01, 0, 0, 1\n",
    ),
    "csv": (
        CyclerFormat.EIS_CSV,
        "Z' (Ohm),Z'' (Ohm),Frequency (Hz)\n0.03,-0.01,10\n0.02,-0.002,100\n0.01,0.002,1000\n",
    ),
    "csv with minus Im and milliohm": (
        CyclerFormat.EIS_CSV,
        "Freq / Hz;Zreal / mOhm;-Zimag / mOhm\n10;30;10\n100;20;2\n1000;10;-2\n",
    ),
    "bdf keys": (
        CyclerFormat.EIS_CSV,
        "frequency_hertz,real_impedance_ohm,imaginary_impedance_ohm\n1000,0.01,0.002\n100,0.02,-0.002\n10,0.03,-0.01\n",
    ),
}


@pytest.mark.parametrize(("kind", "content"), EIS.values(), ids=EIS)
def test_every_spectrum_says_the_same(kind, content):
    record = read(content)

    assert (record.format, record.rows, record.steps) == (kind, 3, ())
    assert record.impedance.frequency_hz.highest == 1000
    assert record.impedance.ohmic_intercept_ohm == Decimal("0.015")
    assert cycler_record_of(json.loads(record_text(record))) == record


def test_a_table_without_a_header_is_read_in_the_customary_order_and_says_so():
    record = read("1000,0.01,0.002\n100,0.02,-0.002\n10,0.03,-0.01\n1,0.04,-0.01\n0.1,0.05,-0.02\n")

    assert record.impedance.ohmic_intercept_ohm == Decimal("0.015")
    assert [one.code for one in record.findings] == ["columns-by-order"]


# Refusals.


def workbook(sheet: str, **more: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, content in more.items():
            archive.writestr(name, content)
    return packed.getvalue()


def sheet(rows: list[list[str]], *, before: str = "", formula: bool = False) -> str:
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in rows
    )
    active = "<row><c><f>SUM(A1:A2)</f><v>3</v></c></row>" if formula else ""
    return f"<?xml version='1.0'?>{before}<worksheet><sheetData>{cells}{active}</sheetData></worksheet>"


NEBULA = [
    [
        "状态",
        "工步序号",
        "结果",
        "起始电压(V)",
        "结束电压(mV)",
        "起始电流(A)",
        "结束电流(mA)",
        "充电容量(Ah)",
        "放电容量(mAh)",
        "持续时间(h:min:s:ms)",
    ],
    ["静置", "1", "完成", "3.0", "3000", "0", "0", "0", "0", "00:10:00.000"],
    ["充电 CC", "2", "手动跳转", "3.0", "4000", "2", "2000", "2", "0", "01:00:00.000"],
    ["放电 DC", "3", "完成", "4.0", "3000", "-4", "-4000", "0", "-2000", "00:30:00:000"],
]


def test_a_step_layer_is_read_by_its_chinese_headers():
    record = read(workbook(sheet(NEBULA)))

    assert (record.format, record.rows) == (CyclerFormat.NEBULA_XLSX, 3)
    assert [step.kind for step in record.steps] == [StepKind.REST, StepKind.CC_CHARGE, StepKind.CC_DISCHARGE]
    assert [step.charge_ah for step in record.steps] == [0, 2, -2]
    assert record.steps[2].hours == Decimal("0.5")
    assert [one.code for one in record.findings] == ["steps-skipped-by-hand"]


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def gzip_bomb() -> bytes:
    deflater = zlib.compressobj(wbits=31)
    block = bytes(1024 * 1024)
    return b"".join(deflater.compress(block) for _ in range(520)) + deflater.flush()


def zip_saying(unpacked_bytes: int) -> bytes:
    """An archive of one megabyte of nothing whose directory says another size."""
    true = 1024 * 1024
    return zipped(("test.txt", bytes(true))).replace(struct.pack("<I", true), struct.pack("<I", unpacked_bytes))


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
GOOD = as_bytes(LAYOUTS["maccor"][1])
REFUSED = {
    "formulas": (lambda: workbook(sheet(NEBULA, formula=True)), "cycler-sheet-active"),
    "an external entity": (lambda: workbook(sheet(NEBULA, before=ENTITY)), "cycler-file-damaged"),
    "entities upon entities": (lambda: workbook(sheet(NEBULA, before=LAUGHS)), "cycler-file-damaged"),
    "a sheet cut short": (lambda: workbook(sheet(NEBULA)[:-40]), "cycler-file-damaged"),
    "a sheet of something else": (lambda: workbook(sheet([["a", "b"], ["1", "2"]])), "cycler-format-unknown"),
    "a path upwards": (lambda: zipped(("../evil.nda", b"NEWARE")), "cycler-archive-unsafe"),
    "a path from the root": (lambda: zipped(("/etc/evil.nda", b"NEWARE")), "cycler-archive-unsafe"),
    "a drive's path": (lambda: zipped(("C:\\evil.nda", b"NEWARE")), "cycler-archive-unsafe"),
    "two files in one": (lambda: zipped(("a.txt", GOOD), ("b.txt", GOOD)), "cycler-format-unknown"),
    "an archive in an archive": (lambda: zipped(("a.zip", zipped(("b.txt", GOOD)))), "cycler-format-unknown"),
    "a gzip bomb": (gzip_bomb, "cycler-file-too-long"),
    "a zip bomb": (lambda: zip_saying(600 * 1024 * 1024), "cycler-file-too-long"),
    "a zip that unpacks to more than it says": (lambda: zip_saying(10), "cycler-file-damaged"),
    "ten thousand members": (
        lambda: zipped(*((f"{n}.txt", b"") for n in range(10_000))),
        "cycler-file-too-long",
    ),
    "a sheet of more rows than are read": (
        lambda: workbook(sheet([["1"]]).replace("<sheetData>", "<sheetData>" + "<row/>" * 200_001)),
        "cycler-file-too-long",
    ),
    "a formula among the values of a CSV": (
        lambda: str(LAYOUTS["arbin mits"][1]).replace(",3.0,", ",=cmd|' /C calc'!A0,", 1).encode(),
        "cycler-file-damaged",
    ),
    "gzip cut short": (lambda: zlib.compress(GOOD, wbits=31)[:-20], "cycler-file-damaged"),
    "nonsense behind NEWARE": (lambda: b"NEWARE" + bytes(range(256)) * 40, "cycler-file-damaged"),
    "nonsense behind PAR1": (lambda: b"PAR1" + bytes(100) + b"PAR1", "cycler-file-damaged"),
    "a BioLogic binary": (lambda: b"BIO-LOGIC MODULAR FILE\x1a" + bytes(100), "cycler-binary-refused"),
    "a picture named .csv": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "cycler-format-unknown"),
    "a row cut short": (lambda: GOOD[:-20], "cycler-file-damaged"),
    "a column twice": (
        lambda: GOOD.replace(b"\tWatt-hr", b"\tVolts", 1),
        "cycler-file-damaged",
    ),
    "a time without a unit": (
        lambda: table("Rec#|Cyc#|Step|TestTime|Amps|Volts|State", "{n}|0|{step}|{t}|{absa}|{v}|{state}").encode(),
        "cycler-unit-unknown",
    ),
    "a unit that is none": (
        lambda: str(LAYOUTS["arbin mits"][1]).replace("Voltage (V)", "Voltage (furlong)").encode(),
        "cycler-unit-unknown",
    ),
    "impedance without frequency": (lambda: b"Zreal (Ohm),Zimag (Ohm)\n1,2\n3,4\n", "impedance-frequency-missing"),
}


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED)
def test_a_hostile_or_broken_file_is_refused_by_name(content, code):
    with pytest.raises(DomainError) as caught:
        read_content(content())

    assert caught.value.code == f"certification.{code}"
    assert len(caught.value.sentence("ko")) < 400


def test_without_mdbtools_the_package_is_named(monkeypatch):
    monkeypatch.setattr("adapters.ktr.readers.arbin.shutil.which", lambda _: None)

    with pytest.raises(DomainError) as caught:
        read_content(b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(100))

    assert caught.value.code == "certification.cycler-tool-missing"
    assert "mdbtools" in caught.value.sentence("en")


# Arithmetic.

amperes = st.floats(min_value=-500, max_value=500, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=80, deadline=None)
@given(amps=amperes, hours=st.integers(1, 50), rows=st.integers(2, 40), volts=st.integers(1, 800))
def test_a_constant_current_moves_current_times_time(amps, hours, rows, volts):
    lines = [f"{hours * 3600 * at / (rows - 1)!r},{volts},{amps},1" for at in range(rows)]

    step = read("test_time_second,voltage_volt,current_ampere,step_count\n" + "\n".join(lines) + "\n").steps[0]

    assert abs(float(step.charge_ah) - amps * hours) < 1e-5 * max(1, abs(amps * hours))
    assert abs(float(step.energy_wh) - amps * hours * volts) < 1e-5 * max(1, abs(amps * hours * volts))


@settings(max_examples=80, deadline=None)
@given(
    currents=st.lists(amperes, min_size=4, max_size=30),
    cut=st.integers(2, 28),
    unit=st.sampled_from([("s", 1.0), ("min", 60.0), ("h", 3600.0)]),
)
def test_a_step_is_the_sum_of_its_parts_in_any_unit(currents, cut, unit):
    name, seconds = unit
    cut = min(cut, len(currents) - 1)
    whole = [f"{at * 10 / seconds!r},3.7,{amps},1" for at, amps in enumerate(currents)]
    # The row where a step is cut belongs to both parts.
    parts = [*whole[: cut + 1], *(f"{line[:-1]}2" for line in whole[cut:])]
    header = f"Test Time / {name},Voltage / V,Current / A,Step Count / 1\n"

    one = read(header + "\n".join(whole) + "\n")
    two = read(header + "\n".join(parts) + "\n")

    total = sum(step.charge_ah for step in two.steps)
    assert abs(float(one.steps[0].charge_ah - total)) <= 3e-6


# Any bytes at all are a record or a refusal.

_PIECES = st.sampled_from(
    [
        *("\t", ",", ";", "\n", "\r\n", '"', "~", "|", ":", "/", "(", ")", "[Data]", "ZCURVE\tTABLE\n", "EXPLAIN\n"),
        *("1", "-1", "1e9", "1e308", "nan", "inf", "0d 00:00:1", "99:99:99", "12:00:00", "3,7", "-", "?", "\ufffd"),
        *("电压(V)", "电流(A)", "End Comments\n", "Nb header lines : 2\n", "CC DChg", "D", "R", "", " ", "\x00"),
    ]
)


def mutated(draw, content: bytes) -> bytes:
    """Cut, flip and splice a sound file."""
    found = bytearray(content[: draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(len(found) - 1, 0)))
        piece = draw(st.one_of(_PIECES.map(lambda word: word.encode()), st.binary(max_size=4)))
        past = at + draw(st.integers(0, 12))
        found[at:past] = piece
    return bytes(found)


@st.composite
def files(draw) -> bytes:
    """Draw a file that is nearly one of a maker's."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=300))
    if kind == 1:
        text = sheet(NEBULA)
        try:
            return workbook(mutated(draw, text.encode()).decode("utf-8", errors="replace"))
        except UnicodeEncodeError:
            return b""
    if kind == 2:
        return mutated(draw, workbook(sheet(NEBULA)))
    short = [b"\n".join(as_bytes(content).split(b"\n")[:30]) for _, content in LAYOUTS.values()]
    return mutated(draw, draw(st.sampled_from([*short, *(as_bytes(content) for _, content in EIS.values())])))


def a_record_or_a_refusal(content: bytes) -> None:
    code = "certification."
    try:
        record = cycler_record_of(json.loads(read_content(content)))
    except DomainError as error:
        code = error.code
    else:
        assert cycler_record_of(json.loads(record_text(record))) == record
    assert code.startswith("certification.")


@settings(max_examples=300, deadline=None)
@given(content=files())
def test_any_file_is_a_record_or_a_refusal(content):
    a_record_or_a_refusal(content)


@pytest.mark.prove
@settings(max_examples=100_000, deadline=None)
@given(content=files())
def test_a_hundred_thousand_files_are_records_or_refusals(content):
    a_record_or_a_refusal(content)


@pytest.mark.parametrize("cycle", ["9" * 400, "x"])
def test_a_cycle_that_is_no_number_is_a_damaged_row(cycle):
    head = "Cycle ID,Cap_Chg(mAh)\n,Step ID,Step Name\n,,Record ID,Time(h:min:s.ms),Voltage(mV),Current(mA)\n"

    with pytest.raises(DomainError) as refused:
        read_content((head + f"{cycle},0\n,1,Rest\n,,1,00:00:00.000,3000,0\n").encode())

    assert refused.value.code == "certification.cycler-file-damaged"
    assert read_content((head + "1,0\n,1,Rest\n,,1,00:00:00.000,3000,0\n").encode())


def test_a_counter_beyond_reckoning_counts_nothing():
    head = "test_time_second,voltage_volt,current_ampere,step_count,charging_capacity_ah,discharging_capacity_ah\n"
    rows = [f"{3600 * n},3.0,1.0,1,{'1e308' if n == 1 else n},0" for n in range(4)]

    step = read(head + "\n".join(rows) + "\n").steps[0]

    assert step.charge_ah == 3
    assert step.counter_ah is None


def test_a_number_beyond_reckoning_is_a_damaged_row():
    head = "[Summary]\nNovonix UHPC data file\n[End Summary]\n[Data]\n"
    head += "Date and Time,Cycle Number,Step Type,Run Time (h),Step Time (h),Current (A),Potential (V),Step Number"
    rows = [f"2026-01-01 00:00:00,1,7,{n / 60},{n / 60},{'1e300' if n == 3 else '1e10'},3.0,1" for n in range(8)]

    with pytest.raises(DomainError) as refused:
        read_content("\n".join([head, *rows]).encode())

    assert refused.value.code == "certification.cycler-file-damaged"
