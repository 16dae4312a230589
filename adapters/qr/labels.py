"""The QR of a product URI, as SVG and as PNG: level Q, quiet zone of four modules, equal input equal bytes."""

import io
from functools import lru_cache
from html import escape
from itertools import groupby

from PIL import Image
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode

QUIET_ZONE_MODULES = 4
"""Source: GS1 General Specifications, QR Code quiet zone; ISO/IEC 18004, clause 6.3.8."""

_URI_CHARACTERS_MAX = 512
_MODULE_PX_MAX = 64


class QrLabels:
    """Draws QR labels. Safe to share between threads; what was drawn is remembered."""

    def svg(self, product_uri: str) -> str:
        """Return an SVG, one unit a module, without style attributes or scripts.

        Raises:
            ValueError: the URI is empty, longer than 512 characters or not printable ASCII.
        """
        return _svg(product_uri)

    def png(self, product_uri: str, *, module_px: int = 8) -> bytes:
        """Return a black-and-white PNG.

        Args:
            product_uri: what the QR says.
            module_px: the side of one module, 1..64.

        Raises:
            ValueError: as `svg`, or `module_px` is out of range.
        """
        if not 1 <= module_px <= _MODULE_PX_MAX:
            raise ValueError(f"a module is 1 to {_MODULE_PX_MAX} pixels wide")
        return _png(product_uri, module_px)


@lru_cache(maxsize=1024)
def _modules(uri: str) -> tuple[tuple[bool, ...], ...]:
    """Return the symbol's dark modules, row by row, without its quiet zone."""
    if not uri or len(uri) > _URI_CHARACTERS_MAX or not (uri.isascii() and uri.isprintable()):
        raise ValueError(f"a label's URI is 1 to {_URI_CHARACTERS_MAX} printable ASCII characters")
    code = QRCode(error_correction=ERROR_CORRECT_Q, border=QUIET_ZONE_MODULES)
    code.add_data(uri)
    try:
        code.make(fit=True)
    except DataOverflowError as error:
        raise ValueError("the URI is too long for a QR code") from error
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


@lru_cache(maxsize=1024)
def _svg(uri: str) -> str:
    """Draw each run of dark modules of a row as one rectangle of one path."""
    rows = _modules(uri)
    side = len(rows) + 2 * QUIET_ZONE_MODULES
    path: list[str] = []
    for y, row in enumerate(rows, QUIET_ZONE_MODULES):
        x = QUIET_ZONE_MODULES
        for dark, run in groupby(row):
            length = len(tuple(run))
            if dark:
                path.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" '
        f'aria-label="{escape(f"QR {uri}")}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{"".join(path)}"/></svg>'
    )


@lru_cache(maxsize=256)
def _png(uri: str, module_px: int) -> bytes:
    rows = _modules(uri)
    side = len(rows) + 2 * QUIET_ZONE_MODULES
    picture = Image.new("1", (side, side), 1)
    for y, row in enumerate(rows, QUIET_ZONE_MODULES):
        for x, dark in enumerate(row, QUIET_ZONE_MODULES):
            if dark:
                picture.putpixel((x, y), 0)
    written = io.BytesIO()
    enlarged = picture.resize((side * module_px, side * module_px), Image.Resampling.NEAREST)
    enlarged.save(written, format="PNG", optimize=True)
    return written.getvalue()
