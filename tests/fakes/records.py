"""Files of records, as another body would send them."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

ROW = {
    "issuer": "대한시험원",
    "number": "DH-2025-0042",
    "kind": "certificate",
    "product_uri": "",
    "kr_battery_no": "SHD-202001-1",
    "maker_serial": "",
    "standard": "KC 10031:2023",
    "grade": "B",
    "verdict": "적합",
    "soh_percent": "84.25",
    "issued_on": "2025-11-03",
    "valid_until": "2027-11-02",
    "status": "valid",
}


def row(**changed: str) -> dict[str, str]:
    return {**ROW, **changed}


def csv_of(*rows: dict[str, str], encoding: str = "utf-8-sig", head: Sequence[str] | None = None) -> bytes:
    keys = list(ROW)
    lines = [",".join(head or keys), *(",".join(one.get(key, "") for key in keys) for one in rows)]
    return "\r\n".join(lines).encode(encoding)


def xlsx_of(*rows: Sequence[str], formula: str = "", more: dict[str, str] | None = None, sheets: int = 1) -> bytes:
    """A workbook of inline strings; `formula` stands in the last row's last cell."""
    lines = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in one) + "</row>"
        for one in rows
    )
    if formula:
        lines += f"<row><c><f>{formula}</f><v>1</v></c></row>"
    page = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{lines}</sheetData></worksheet>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        for number in range(1, sheets + 1):
            package.writestr(f"xl/worksheets/sheet{number}.xml", page)
        for name, content in (more or {}).items():
            package.writestr(name, content)
    return file.getvalue()
