"""The scripts of the pages keep nothing in the browser, hear no other window, and build nothing from text."""

import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "app" / "pages" / "static"
OURS = sorted(STATIC.glob("*.js"))
KEEPS = re.compile(r"localStorage|sessionStorage|indexedDB|caches\.|document\.cookie")
HEARS = re.compile(r"postMessage|[\"']message[\"']|onmessage")
BUILDS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|__proto__|\bprototype\b"
)


@pytest.mark.parametrize("script", OURS, ids=lambda one: one.name)
def test_a_script_of_ours_keeps_hears_and_builds_nothing(script: Path) -> None:
    text = script.read_text("utf-8")

    assert not KEEPS.search(text)
    assert not HEARS.search(text)
    assert not BUILDS.search(text)


def test_there_are_scripts_and_the_words_are_found_where_they_stand() -> None:
    assert {one.name for one in OURS} == {"docs.js", "passkey.js"}
    assert KEEPS.search("localStorage.setItem('a', 'b')")
    assert HEARS.search("window.addEventListener('message', take)")
    assert BUILDS.search("box.innerHTML = text")


def test_the_vendors_script_is_the_documentations_alone_and_keeps_no_token() -> None:
    pages = (STATIC.parent / "templates").rglob("*.html")
    shipped = json.loads((STATIC / "vendor" / "VENDOR.json").read_text("utf-8"))

    assert "swagger" in json.dumps(shipped)
    assert "persistAuthorization" not in (STATIC / "docs.js").read_text("utf-8")  # off unless asked for
    assert [page.name for page in pages if "swagger" in page.read_text("utf-8")] == []
