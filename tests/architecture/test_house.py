"""The source keeps the rules of the house that import contracts cannot state; and each guard is shown to guard."""

import re
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import registry
from sqlalchemy.schema import SchemaItem
from sqlmodel import Field, SQLModel

import adapters.postgres.tables.all  # noqa: F401  (fills the metadata)
from adapters.postgres.tables.base import SCHEMA, TableMark, distributed, local, own_key, reference
from tests.architecture.source_rules import (
    dynamic_imports,
    foreign_imports,
    nameless_modules,
    names_an_index_host,
    python_files,
    requirement_faults,
    sql_faults,
    unknown_modules,
    unopened_revisions,
)
from tests.architecture.table_rules import faults, unwritten_columns

ROOT = Path(__file__).resolve().parents[2]
DYNAMIC_ALLOWED = {
    "adapters/postgres/supervisor.py": ["find_spec"],  # finds the wheel without running its code
    "adapters/sandbox/child.py": ["import_module"],  # the reader is named by the parent, for one child process
}


# ── tables ──


def test_every_table_can_live_on_one_server_and_on_a_cluster() -> None:
    assert len(SQLModel.metadata.tables) > 10
    assert faults(SQLModel.metadata, schema=SCHEMA) == []


def test_every_table_module_is_imported_by_all() -> None:
    folder = ROOT / "adapters" / "postgres" / "tables"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "all", "base"}
    text = (folder / "all.py").read_text("utf-8")

    assert [name for name in sorted(modules) if f"adapters.postgres.tables.{name}" not in text] == []


def test_every_column_has_its_type_written_out() -> None:
    mappers = list(SQLModel._sa_registry.mappers)

    assert len(mappers) > 10
    assert unwritten_columns(mappers) == []


def planted(mark: TableMark, *parts: SchemaItem) -> list[str]:
    """Return the faults of one table `planted` beside a contract, a pack and a tenant that are well."""
    metadata = MetaData()
    tables: list[tuple[str, TableMark, tuple[SchemaItem, ...]]] = [
        ("tenant", reference(), (tenant_column(), PrimaryKeyConstraint("tenant_id"))),
        ("pack", distributed("pack_id"), (Column("pack_id", Text, nullable=False), PrimaryKeyConstraint("pack_id"))),
        (
            "contract",
            distributed("tenant_id"),
            (
                tenant_column(),
                Column("contract_id", Text, nullable=False),
                PrimaryKeyConstraint("tenant_id", "contract_id"),
            ),
        ),
    ]
    for name, kind, columns in tables:
        Table(name, metadata, *columns, schema=kind["schema"], info=kind["info"])
    Table("planted", metadata, *parts, schema=mark["schema"], info=mark["info"])
    return faults(metadata, schema=SCHEMA)


def tenant_column() -> Column[int]:
    return Column("tenant_id", Integer, nullable=False, autoincrement=False)


def name_column() -> Column[str]:
    return Column("name", Text, nullable=False)


def key(*names: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint(*names)


def well(*more: SchemaItem) -> tuple[SchemaItem, ...]:
    return (tenant_column(), name_column(), key("tenant_id", "name"), *more)


def test_a_table_that_is_well_has_no_fault() -> None:
    to_contract = ForeignKeyConstraint(
        ["tenant_id", "name"], ["sunhwan.contract.tenant_id", "sunhwan.contract.contract_id"], name="of_contract"
    )
    to_tenant = ForeignKeyConstraint(["tenant_id"], ["sunhwan.tenant.tenant_id"], name="of_tenant")

    assert planted(distributed("tenant_id"), *well(to_contract, to_tenant)) == []
    assert planted(own_key("name"), name_column(), key("name")) == []


@pytest.mark.parametrize(
    ("mark", "parts", "said"),
    [
        pytest.param(
            distributed("tenant_id"), (tenant_column(), name_column(), key("name")), "lacks the distribution", id="key"
        ),
        pytest.param(
            distributed("tenant_id"), well(UniqueConstraint("name", name="u")), "lacks the distribution", id="unique"
        ),
        pytest.param(
            distributed("tenant_id"), well(Index("i", "name", unique=True)), "unique index i", id="unique index"
        ),
        pytest.param(
            distributed("tenant_id"),
            well(ForeignKeyConstraint(["name"], ["sunhwan.pack.pack_id"], name="f")),
            "crosses groups to pack",
            id="foreign key across groups",
        ),
        pytest.param(
            reference(),
            (name_column(), key("name"), ForeignKeyConstraint(["name"], ["sunhwan.pack.pack_id"], name="f")),
            "leaves a reference or local table",
            id="foreign key out of a reference table",
        ),
        pytest.param(
            local(),
            (name_column(), key("name"), ForeignKeyConstraint(["name"], ["sunhwan.pack.pack_id"], name="f")),
            "leaves a reference or local table",
            id="foreign key out of a local table",
        ),
        pytest.param(
            distributed("tenant_id"),
            well(ForeignKeyConstraint(["name"], ["sunhwan.contract.contract_id"], name="f")),
            "f lacks the distribution column",
            id="foreign key without the tenant",
        ),
        pytest.param(
            distributed("tenant_id"),
            well(
                ForeignKeyConstraint(
                    ["tenant_id", "name"],
                    ["sunhwan.contract.tenant_id", "sunhwan.contract.contract_id"],
                    name="f",
                    ondelete="SET NULL",
                )
            ),
            "would change the distribution column",
            id="set null",
        ),
        pytest.param(
            local(),
            (Column("n", Integer, nullable=False), key("n")),
            "counts by itself",
            id="serial",
        ),
        pytest.param(
            distributed("tenant_id"),
            well(Column("n", BigInteger, Identity(), nullable=False)),
            "identity or a sequence",
            id="identity",
        ),
        pytest.param(
            distributed("tenant_id"),
            well(Column("at", DateTime(timezone=True), server_default=func.now(), nullable=False)),
            "default of the server",
            id="now()",
        ),
        pytest.param(
            distributed("tenant_id"), well(Column("at", DateTime, nullable=False)), "without a zone", id="naive"
        ),
        pytest.param(distributed("tenant_id"), well(Column("f", Float)), "type Float", id="float"),
        pytest.param(distributed("tenant_id"), well(Column("j", JSON)), "type JSON", id="json"),
        pytest.param(distributed("tenant_id"), well(Column("d", Numeric)), "without precision", id="numeric"),
        pytest.param(distributed("tenant_id"), well(CheckConstraint("name <> ''")), "without a name", id="nameless"),
        pytest.param(distributed("tenant_id"), (name_column(), key("name")), "without tenant_id", id="no tenant"),
        pytest.param(
            own_key("name"),
            (name_column(), Column("tenant_id", BigInteger, nullable=False), key("name")),
            "tenant_id is not an Integer",
            id="wide tenant",
        ),
        pytest.param(
            distributed("tenant_id"),
            (
                Column("tenant_id", Integer, nullable=True),
                name_column(),
                UniqueConstraint("tenant_id", "name", name="u"),
            ),
            "may be null",
            id="null tenant",
        ),
        pytest.param(
            {"schema": SCHEMA, "info": {}}, (name_column(), key("name")), "not exactly one kind", id="no kind"
        ),
        pytest.param(
            {"schema": "public", "info": {"local": True}}, (name_column(), key("name")), "outside", id="public"
        ),
    ],
)
def test_a_table_that_a_cluster_could_not_keep_is_refused(
    mark: TableMark, parts: tuple[SchemaItem, ...], said: str
) -> None:
    found = planted(mark, *parts)

    assert any(said in fault for fault in found), found
    assert all(fault.startswith("planted: ") for fault in found)


def test_a_column_left_to_sqlmodel_is_refused() -> None:
    apart = registry()

    class Planted(SQLModel, registry=apart):
        metadata = MetaData()

    class PlantedRow(Planted, table=True):
        key: str = Field(sa_column=Column("key", Text, primary_key=True))
        amount_krw: int

    assert unwritten_columns(apart.mappers) == ["PlantedRow.amount_krw"]


# ── migrations ──


@pytest.mark.parametrize("path", sorted((ROOT / "migrations" / "versions").glob("*.py")), ids=lambda path: path.stem)
def test_a_revision_says_nothing_that_a_cluster_refuses(path: Path) -> None:
    source = path.read_text("utf-8")

    assert sql_faults(source) == []
    assert unopened_revisions(source) == []


def test_no_statement_sets_the_tenant_by_a_function() -> None:
    sources = {path: path.read_text("utf-8") for path in python_files(ROOT, "app", "adapters", "migrations")}

    # A setting that no policy reads may be set so; what a policy reads never (a cluster does not pass it on).
    told = re.compile(r"set_config\((?!'sunhwan\.(login|word)')")
    assert [str(path) for path, source in sources.items() if told.search(source)] == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("op.execute('select set_config(''app.tenant_id'', ''1'', true)')", "set_config"),
        ("op.execute('CREATE TRIGGER t BEFORE UPDATE ON x')", "trigger"),
        ("op.execute('create constraint trigger t after insert on x')", "trigger"),
        ("op.execute('create table t (id BIGSERIAL)')", "serial"),
        ("op.execute('create table t (id int generated always as identity)')", "identity"),
        ("sa.Column('id', sa.BigInteger(), sa.Identity(always=True))", "identity"),
        ("op.execute('create sequence s')", "sequence"),
        ("op.execute('create extension pgcrypto')", "extension"),
        ("sa.Column('at', sa.DateTime(), server_default=sa.func.now())", "default of the server"),
    ],
)
def test_sql_that_a_cluster_refuses_is_found(source: str, said: str) -> None:
    assert any(said in fault for fault in sql_faults(source))


def test_a_revision_that_does_not_begin_is_found() -> None:
    source = 'def upgrade():\n    """Go."""\n    op.create_table("t")\ndef downgrade():\n    begin()\n'

    assert unopened_revisions(source) == ["upgrade"]


# ── imports ──


def test_the_domain_imports_the_standard_library_only() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in python_files(ROOT, "domain")
        if (names := foreign_imports(path.read_text("utf-8"), own="domain"))
    }

    assert found == {}


def test_only_named_places_import_what_contracts_cannot_see() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in python_files(ROOT, "app", "domain", "adapters", "migrations")
        if (names := dynamic_imports(path.read_text("utf-8")))
    }

    assert found == DYNAMIC_ALLOWED


def test_contracts_name_modules_that_exist() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

    assert len(settings["contracts"]) > 8
    assert unknown_modules(settings["contracts"]) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import importlib\nimportlib.import_module('stripe')", ["import_module"]),
        ("__import__('stripe')", ["__import__"]),
        ("eval('1')", ["eval"]),
        ("from importlib.resources import files\nfiles('app')", []),
        ("connection.exec('x')\npattern.eval()", []),
    ],
)
def test_a_dynamic_import_is_found(source: str, found: list[str]) -> None:
    assert dynamic_imports(source) == found


def test_a_library_in_the_domain_is_found() -> None:
    source = "import json\nimport msgspec\nfrom sqlalchemy.orm import x\nfrom domain.shared import y\nfrom . import z"

    assert foreign_imports(source, own="domain") == ["msgspec", "sqlalchemy"]


def test_a_misspelt_library_in_a_contract_is_found() -> None:
    contract: dict[str, object] = {"forbidden_modules": ["stirpe", "sqlalchemy"], "protected_modules": ["adapters.qt"]}

    assert unknown_modules([contract]) == ["adapters.qt", "stirpe"]


# ── names and requirement files ──


def test_every_module_has_a_name_that_says_something() -> None:
    files = python_files(ROOT, "app", "domain", "adapters", "migrations", "tests")

    assert nameless_modules(path.relative_to(ROOT) for path in files) == []


def test_a_module_whose_name_says_nothing_is_found() -> None:
    paths = [Path("app/utils.py"), Path("domain/common/money.py"), Path("adapters/qr/labels.py")]

    assert nameless_modules(paths) == ["app/utils.py", "domain/common/money.py"]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_hashed_and_name_no_host(name: str) -> None:
    assert requirement_faults((ROOT / name).read_text("utf-8")) == []


@pytest.mark.parametrize("name", ["pyproject.toml", "Makefile", ".ci/run", "docker/Dockerfile", "docker/compose.yaml"])
def test_no_file_chooses_a_package_index(name: str) -> None:
    assert not names_an_index_host((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://packages.example/simple\n",
        "--extra-index-url=//packages.example\n",
        "--find-links wheels\n",
        "stripe @ https://packages.example/stripe.whl \\\n    --hash=sha256:00\n",
        "stripe==16.1.0\n",
        "stripe>=16 \\\n    --hash=sha256:00\n",
    ],
)
def test_a_loose_or_hosted_requirement_is_found(text: str) -> None:
    assert requirement_faults(text) != []


def test_a_pinned_and_hashed_requirement_is_well() -> None:
    assert requirement_faults("stripe==16.1.0 ; python_version >= '3.11' \\\n    --hash=sha256:00\n    # via x\n") == []
