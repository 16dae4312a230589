"""A real OpenID Connect provider as a process of its own: Canaille in memory, with one member and one client.

Run by the interpreter of `.provider` (make provider): serve.py PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI EMAIL PASSWORD
"""

import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # on this machine only, without TLS

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import JWKRegistry


class Quiet(WSGIRequestHandler):
    def log_request(self, code="-", size="-") -> None:
        return None


def main() -> None:
    port, client_id, client_secret, redirect_uri, email, password = sys.argv[1:]
    key = JWKRegistry.generate_key("RSA", 2048)
    key.ensure_kid()
    app = create_app(
        config={
            "ENV_FILE": None,
            "SECRET_KEY": "of-this-run-only",
            "WTF_CSRF_ENABLED": False,
            "PREFERRED_URL_SCHEME": "http",
            "SERVER_NAME": f"localhost:{port}",
            "CANAILLE": {
                "DATABASE": "memory",
                "JAVASCRIPT": False,
                "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}},
            },
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [key.as_dict(private=True)],
                "TRUSTED_DOMAINS": ["id.sunhwan.example"],
            },
        }
    )
    with app.app_context():
        Backend.instance.save(
            models.User(
                user_name="kim",
                formatted_name="Kim",
                family_name="Kim",
                emails=[email],
                password=password,
            )
        )
        client = models.Client(
            client_id=client_id,
            client_secret=client_secret,
            client_name="Sunhwan",
            client_uri="https://id.sunhwan.example",
            redirect_uris=[redirect_uri],
            grant_types=["authorization_code"],
            response_types=["code"],
            token_endpoint_auth_method="client_secret_basic",
            scope=["openid", "email"],
        )
        Backend.instance.save(client)
        Backend.instance.update(client, audience=[client])
        Backend.instance.save(client)
    with make_server("localhost", int(port), app, handler_class=Quiet) as server:
        print("ready", flush=True)
        server.serve_forever()


main()
