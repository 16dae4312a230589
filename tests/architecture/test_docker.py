"""The container files ask for no more rights than the program needs, and every service says when it is well."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCKER = Path(__file__).resolve().parents[2] / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (DOCKER / "Dockerfile").read_text("utf-8")


def test_the_services_are_database_migrations_application_and_worker() -> None:
    assert {name: service.get("command") for name, service in SERVICES.items() if name != "database"} == {
        "migrate": ["sunhwan", "migrate"],
        "app": ["sunhwan", "serve"],
        "worker": ["sunhwan", "work"],
    }
    assert SERVICES["database"]["image"] == "postgres:16"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert not service["user"].startswith(("0", "root"))
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service["init"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_stays_says_when_it_is_well(name: str) -> None:
    if name == "migrate":
        assert SERVICES[name]["restart"] == "no"
    else:
        assert SERVICES[name]["healthcheck"]["test"]
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_application_and_the_worker_wait_for_the_migrations() -> None:
    for name in ("app", "worker"):
        assert SERVICES[name]["depends_on"] == {
            "database": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }


def test_the_password_comes_from_a_file_and_stands_nowhere() -> None:
    assert COMPOSE["secrets"] == {
        name: {"file": f"./secrets/{name}"} for name in ("database_password", "serving_password")
    }
    serving = {"DATABASE_PASSWORD_FILE": "/run/secrets/serving_password"}
    owning = {"DATABASE_OWNER_PASSWORD_FILE": "/run/secrets/database_password"}
    told = {
        name: {key: value for key, value in service["environment"].items() if "PASSWORD" in key}
        for name, service in SERVICES.items()
    }
    assert told == {
        "database": {"POSTGRES_PASSWORD_FILE": "/run/secrets/database_password"},
        "migrate": serving | owning,
        "app": serving,
        "worker": serving,
    }


def test_only_the_migrations_know_the_owners_password_and_nobody_serves_as_the_owner() -> None:
    assert {name: service["secrets"] for name, service in SERVICES.items()} == {
        "database": ["database_password"],
        "migrate": ["serving_password", "database_password"],
        "app": ["serving_password"],
        "worker": ["serving_password"],
    }
    owner = SERVICES["database"]["environment"]["POSTGRES_USER"]
    for name in ("migrate", "app", "worker"):
        assert SERVICES[name]["environment"]["DATABASE_USER"] == "sunhwan_serving" != owner
    assert SERVICES["migrate"]["environment"]["DATABASE_OWNER_USER"] == owner


def test_the_one_trusted_proxy_is_the_gateway_that_the_published_port_comes_from() -> None:
    network = COMPOSE["networks"]["outside"]["ipam"]["config"][0]

    assert SERVICES["app"]["environment"]["SUNHWAN_TRUSTED_PROXIES"].endswith(f":-{network['gateway']}}}")
    assert SERVICES["app"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_databases_log_holds_no_value_of_a_row() -> None:
    assert {"log_error_verbosity=terse", "log_min_error_statement=panic"} <= set(SERVICES["database"]["command"])


def test_only_the_application_is_published_and_only_on_this_machine() -> None:
    assert {name: service.get("ports") for name, service in SERVICES.items() if service.get("ports")} == {
        "app": ["127.0.0.1:8000:8000"]
    }
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["database"]["networks"] == ["inside"]


def test_what_is_kept_lies_in_named_volumes_that_exist() -> None:
    named = {mount.split(":")[0] for service in SERVICES.values() for mount in service["volumes"]}

    assert named == set(COMPOSE["volumes"])


def test_the_image_is_built_from_the_hashed_requirements_and_runs_as_nobody_special() -> None:
    lines = DOCKERFILE.splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users == ["10001:10001"]
    assert "--require-hashes -r /source/requirements.txt" in DOCKERFILE
    assert len([line for line in lines if line.startswith("FROM python:3.11-slim")]) == 2
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert not re.search(r"(?i)password|secret|token", DOCKERFILE)


def test_what_the_image_copies_exists_and_passes_the_ignore_file() -> None:
    ignore = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").split()
    copied = [
        name
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
        if not name.startswith("--")
    ]

    assert [name for name in copied if not (DOCKER.parent / name).exists()] == []
    assert [name for name in copied if f"!{name}" not in ignore] == []


def test_the_proxy_takes_no_old_protocol_and_no_weak_cipher() -> None:
    proxy = (DOCKER / "proxy.conf").read_text("utf-8")

    (protocols,) = re.findall(r"ssl_protocols (.+);", proxy)
    (ciphers,) = re.findall(r"ssl_ciphers (.+);", proxy)
    assert protocols.split() == ["TLSv1.2", "TLSv1.3"]
    assert all(
        re.fullmatch(r"ECDHE-(ECDSA|RSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", one) for one in ciphers.split(":")
    )
    assert "autoindex off;" in proxy
    assert "client_header_timeout 10s;" in proxy


def test_over_plain_http_pages_are_led_on_and_programs_are_refused() -> None:
    plain = (DOCKER / "proxy.conf").read_text("utf-8").partition("listen 443")[0]

    assert "location /api/ { return 403; }" in plain
    assert "return 308 https://$host$request_uri;" in plain
