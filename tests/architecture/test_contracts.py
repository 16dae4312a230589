"""Every import contract holds, and every one of them breaks when its rule is broken."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "adapters", "domain", "migrations")

PLANTED = {
    "the house: app above adapters above domain": ("adapters/qr/planted_a.py", "import app.settings"),
    "the domain: journeys above independent contexts above shared words": (
        "domain/passport/planted_b.py",
        "import domain.billing.model",
    ),
    "one context: use cases above ports above the pure model": (
        "domain/billing/model.py",
        "import domain.billing.usecases",
    ),
    "nothing is certified by a screen or billed on a forecast": (
        "domain/journeys/month_close.py",
        "import domain.journeys.pack_health",
    ),
    "the domain knows no library": ("domain/shared/planted_c.py", "import msgspec"),
    "adapters do not know each other": ("adapters/qr/planted_d.py", "import adapters.sandbox.runner"),
    "only wiring meets adapters": ("app/http/planted_e.py", "import adapters.system.clock"),
    "migrations know the tables and nothing else": ("migrations/planted_f.py", "import domain.billing.model"),
    "nobody imports a migration": ("adapters/postgres/planted_g.py", "import migrations.steps"),
    "the app: starts above wiring above doors above what doors are given": (
        "app/http/planted_h.py",
        "import app.wiring",
    ),
    "SQL lives in adapters.postgres and migrations": ("adapters/system/planted_i.py", "import sqlalchemy"),
    "stripe lives in adapters.stripe": ("adapters/bank/planted_j.py", "import stripe"),
    "qrcode lives in adapters.qr": ("adapters/documents/planted_k.py", "import qrcode"),
    "typst lives in adapters.documents": ("adapters/qr/planted_l.py", "import typst"),
    "webauthn lives in adapters.system": ("adapters/qr/planted_q.py", "import webauthn"),
    "aiomqtt lives in adapters.mqtt": ("app/wiring.py", "import aiomqtt"),
    "joserfc lives in adapters.oidc": ("adapters/qr/planted_r.py", "import joserfc.jwt"),
    "fastnda lives in adapters.ktr": ("adapters/sandbox/planted_m.py", "import fastnda"),
    "apscheduler lives in app.jobs": ("app/http/planted_n.py", "import apscheduler.schedulers.asyncio"),
    "HTTP words live in app.http, app.pages and where the application is put together": (
        "adapters/stripe/planted_o.py",
        "import litestar",
    ),
    "the terminal lives in app.cli, app.workbench, app.registrar, app.attesting, app.answers and app.terminal": (
        "app/http/planted_p.py",
        "import typer",
    ),
}


def contracts_of(folder: Path) -> dict[str, str]:
    """Return what import-linter says of each contract in a folder: KEPT or BROKEN."""
    answer = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {
        name.strip(): state
        for name, state in re.findall(r"^(.+?)\s*(KEPT|BROKEN)(?: \(.*\))?$", answer.stdout, re.MULTILINE)
    }
    assert found, answer.stdout + answer.stderr
    return found


def test_every_contract_breaks_when_its_rule_is_broken(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, line in PLANTED.values():
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    assert contracts_of(tmp_path) == dict.fromkeys(PLANTED, "BROKEN")


def test_every_contract_holds_and_has_a_planted_violation() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]

    assert {contract["name"] for contract in contracts} == set(PLANTED)
    assert contracts_of(ROOT) == dict.fromkeys(PLANTED, "KEPT")
