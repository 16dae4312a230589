"""No file of the project holds a secret, and the scan that says so finds each kind."""

import pytest

from tests.security import libraries
from tests.security.secrets import KINDS, findings, secrets_in, tracked_files

PLANTED = {
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAxyz0123456789",
    "AWS key": "AKIAABCDEFGHIJKLMNOP",
    "Stripe key": "sk_live_0123456789abcdefABCDEF",
    "webhook secret": "whsec_0123456789abcdef0123456789",
    "our own key": "sh_live_0123456789abcdef012345",
    "GitHub token": "ghp_0123456789abcdef0123456789abcdef0123",
    "Slack token": "xoxb-0123456789-abcdef",
    "Google key": "AIza0123456789abcdef0123456789abcdef012",
    "JSON web token": "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.0123456789abcdef0123456789",
    "password in an address": "postgresql://sunhwan:kx83mZq0pw@db/sunhwan",
}


def test_no_tracked_file_holds_a_secret() -> None:
    assert findings(tracked_files()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_secret_is_found_where_it_stands(kind: str) -> None:
    assert list(secrets_in(f"first\nsecond = '{PLANTED[kind]}'\n")) == [(2, kind)]


@pytest.mark.parametrize("innocent", ["postgresql://user:password@host/name", "whsec_", "sk_live_…", "{url}:{port}@"])
def test_what_stands_for_a_secret_is_none(innocent: str) -> None:
    assert list(secrets_in(innocent)) == []


@pytest.mark.parametrize(
    ("code", "said", "required", "exit_code"),
    [
        pytest.param(0, "No known vulnerabilities found", True, 0, id="nothing known"),
        pytest.param(1, "Found 1 known vulnerability", False, 1, id="something known"),
        pytest.param(1, "ConnectionError: …", False, 0, id="no network, at a desk"),
        pytest.param(0, "idna could not be audited: …", False, 0, id="no list, at a desk"),
        pytest.param(0, "idna could not be audited: …", True, 1, id="no list, for a release"),
        pytest.param(1, "ConnectionError: …", True, 1, id="no network, for a release"),
    ],
)
def test_an_audit_that_could_not_be_made_is_said_and_stops_a_release(
    code: int, said: str, required: bool, exit_code: int
) -> None:
    found, words = libraries.verdict(code, said, required=required)

    assert found == exit_code
    assert ("NOT CHECKED" in words) == ("Connection" in said or "could not" in said)
