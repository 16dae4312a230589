"""Labels without a QR: the URI stands in the picture as text."""

from html import escape


class FakeLabels:
    """Draws the URI as words."""

    def svg(self, product_uri: str) -> str:
        """Return an SVG that holds the URI.

        Raises:
            ValueError: the URI is empty or not printable ASCII.
        """
        _check(product_uri)
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>{escape(product_uri)}</title></svg>'

    def png(self, product_uri: str, *, module_px: int = 8) -> bytes:
        """Return a PNG's first bytes and the URI.

        Raises:
            ValueError: as `svg`, or `module_px` is out of range.
        """
        _check(product_uri)
        if not 1 <= module_px <= 64:
            raise ValueError("a module is 1 to 64 pixels wide")
        return b"\x89PNG\r\n\x1a\n" + f"{module_px} {product_uri}".encode()


def _check(product_uri: str) -> None:
    if not product_uri or not (product_uri.isascii() and product_uri.isprintable()):
        raise ValueError("a label's URI is printable ASCII")
