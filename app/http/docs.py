"""The API's own documentation page, from files we ship; no other host is asked."""

from typing import Any

from litestar import Request
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, Contact, SecurityScheme

from app.http.health import VERSION
from app.http.identity import SECURE_SESSION_COOKIE, SESSION_COOKIE

SWAGGER = "/static/vendor/swagger-ui-dist-5.35.0"


class DocsPage(OpenAPIRenderPlugin):
    """Swagger UI without inline script; the page reads `/docs/openapi.json`."""

    def __init__(self) -> None:
        super().__init__(path="/", favicon="", style="")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        return (
            '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>순환 API</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="/static/mark.svg">'
            f'<link rel="stylesheet" href="{SWAGGER}/swagger-ui.css">'
            '<link rel="stylesheet" href="/static/docs.css">'
            f'<script src="{SWAGGER}/swagger-ui-bundle.js" defer></script>'
            '<script src="/static/docs.js" defer></script>'
            '</head><body><div id="docs"></div></body></html>'
        ).encode()


def openapi_config() -> OpenAPIConfig:
    """Return the OpenAPI document's frame."""
    return OpenAPIConfig(
        title="순환 Sunhwan API",
        version=VERSION,
        description=(
            "재사용 배터리의 일생: 접수, 시험, 인증, 여권, 구독, 계량, 청구. "
            "The life of a reuse battery: reception, test, certificate, passport, subscription, metering, billing. "
            "Energy is integer Wh, money integer KRW, shares are ppm; instants carry an offset; days and months are "
            "those of Asia/Seoul."
        ),
        contact=Contact(name="Sunhwan"),
        path="/docs",
        render_plugins=[DocsPage(), JsonRenderPlugin(path="/openapi.json")],
        components=Components(
            security_schemes={
                "session": SecurityScheme(
                    type="http", scheme="bearer", description="The token that POST /api/v1/sessions returns."
                ),
                "key": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="A machine's key, `sh_live_…`, that POST /api/v1/keys shows once; its role and scope "
                    "are those it was made with.",
                ),
                "cookie": SecurityScheme(
                    type="apiKey",
                    name=SESSION_COOKIE,
                    security_scheme_in="cookie",
                    description=f"The pages' cookie; over TLS it is named {SECURE_SESSION_COOKIE}.",
                ),
            }
        ),
        security=[{"session": []}, {"key": []}, {"cookie": []}],
        use_handler_docstrings=True,
    )
