"""A small Stripe of our own, spoken to only through the real SDK: customers, invoices, items, finalising.

It keeps what matters of Stripe's behaviour: form encoding, idempotency keys (replay, refusal of other parameters),
numbers that are taken once, drafts that close, the customer's balance and the smallest amount, both of which change
what is asked for. Faults are scripted, before or after the effect.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
from stripe import HTTPXClient, StripeClient

Scope = MutableMapping[str, object]
Receive = Callable[[], Awaitable[MutableMapping[str, object]]]
Send = Callable[[MutableMapping[str, object]], Awaitable[None]]
Body = dict[str, object]
Answer = tuple[int, Body]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong once with the next call to a path; a status of 0 cuts the connection."""

    path_end: str
    status: int
    type: str = "api_error"
    code: str | None = None
    after_effect: bool = False


@dataclass(slots=True, kw_only=True)
class StripeApi:
    """The state of the fake; `balance_krw` is what new customers already owe (above 0) or have (below)."""

    balance_krw: int = 0
    customers: dict[str, Body] = field(default_factory=dict)
    invoices: dict[str, Body] = field(default_factory=dict)
    items: dict[str, Body] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    authorised: bool = True
    _kept: dict[str, tuple[str, str, Answer]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI."""
        body = b""
        while True:
            message = await receive()
            chunk = message.get("body", b"")
            assert isinstance(chunk, bytes)
            body += chunk
            if not message.get("more_body"):
                break
        raw_headers = scope["headers"]
        assert isinstance(raw_headers, list)
        headers = {name.decode(): value.decode() for name, value in raw_headers}
        method, path = str(scope["method"]), str(scope["path"])
        self.calls.append((method, path))
        (status, answer), replayed = self._answer(method, path, body.decode(), headers.get("idempotency-key"))
        extra = [(b"idempotent-replayed", b"true")] if replayed else []
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json"), (b"request-id", b"req_1"), *extra],
            }
        )
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def _answer(self, method: str, path: str, body: str, key: str | None) -> tuple[Answer, bool]:
        if not self.authorised:
            return _error(401, "invalid_request_error", None), False
        fault = next((one for one in self.faults if path.endswith(one.path_end)), None)
        if fault is not None:
            self.faults.remove(fault)
            if fault.after_effect:
                self._effect(method, path, body, key)
            if fault.status == 0:
                raise httpx.ConnectError("cut")
            return _error(fault.status, fault.type, fault.code), False
        return self._effect(method, path, body, key)

    def _effect(self, method: str, path: str, body: str, key: str | None) -> tuple[Answer, bool]:
        if method == "POST" and key is not None and key in self._kept:
            kept_path, kept_body, answer = self._kept[key]
            if (kept_path, kept_body) != (path, body):
                return _error(400, "idempotency_error", None), False
            return answer, True
        answer = self._act(method, path, dict(parse_qsl(body, keep_blank_values=True)))
        if method == "POST" and key is not None and answer[0] < 400:
            self._kept[key] = (path, body, answer)
        return answer, False

    def _act(self, method: str, path: str, form: dict[str, str]) -> Answer:
        match method, path.strip("/").split("/"):
            case "POST", ["v1", "customers"]:
                made: Body = {
                    "id": f"cus_{len(self.customers) + 1}",
                    "object": "customer",
                    "name": form["name"],
                    "balance": self.balance_krw,
                }
                self.customers[str(made["id"])] = made
                return 200, made
            case "POST", ["v1", "invoices"]:
                return self._draft(form)
            case "POST", ["v1", "invoiceitems"]:
                return self._item(form)
            case "GET", ["v1", "invoices", invoice_id] if invoice_id in self.invoices:
                return 200, self._shown(invoice_id)
            case "POST", ["v1", "invoices", invoice_id, "finalize"] if invoice_id in self.invoices:
                return self._finalise(invoice_id)
            case _:
                return _error(404, "invalid_request_error", "resource_missing")

    def _draft(self, form: dict[str, str]) -> Answer:
        if form["customer"] not in self.customers:
            return _error(404, "invalid_request_error", "resource_missing")
        if any(one["number"] == form["number"] for one in self.invoices.values()):
            return _error(400, "invalid_request_error", "invoice_number_taken")
        invoice_id = f"in_{len(self.invoices) + 1}"
        self.invoices[invoice_id] = {
            "id": invoice_id,
            "object": "invoice",
            "customer": form["customer"],
            "currency": form["currency"],
            "number": form["number"],
            "status": "draft",
            "auto_advance": form["auto_advance"] == "true",
            "due_date": int(form["due_date"]),
            "collection_method": form["collection_method"],
            "hosted_invoice_url": None,
        }
        return 200, self._shown(invoice_id)

    def _item(self, form: dict[str, str]) -> Answer:
        invoice = self.invoices.get(form["invoice"])
        if invoice is None:
            return _error(404, "invalid_request_error", "resource_missing")
        if invoice["status"] != "draft":
            return _error(400, "invalid_request_error", "invoice_not_editable")
        item: Body = {
            "id": f"ii_{len(self.items) + 1}",
            "object": "invoiceitem",
            "invoice": form["invoice"],
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "description": form["description"],
        }
        self.items[str(item["id"])] = item
        return 200, item

    def _finalise(self, invoice_id: str) -> Answer:
        invoice = self.invoices[invoice_id]
        if invoice["status"] != "draft":
            return _error(400, "invalid_request_error", "status_transition_invalid")
        if not any(item["invoice"] == invoice_id for item in self.items.values()):
            return _error(400, "invalid_request_error", "invoice_no_customer_line_items")
        due = self._amount_due(invoice_id)
        invoice["status"] = "open" if due >= 100 else "paid"
        invoice["hosted_invoice_url"] = f"https://invoice.stripe.test/{invoice_id}"
        return 200, self._shown(invoice_id)

    def _amount_due(self, invoice_id: str) -> int:
        total = sum(_whole(item["amount"]) for item in self.items.values() if item["invoice"] == invoice_id)
        return total + _whole(self.customers[str(self.invoices[invoice_id]["customer"])]["balance"])

    def _shown(self, invoice_id: str) -> Body:
        return {**self.invoices[invoice_id], "amount_due": self._amount_due(invoice_id)}


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def _error(status: int, kind: str, code: str | None) -> Answer:
    return status, {"error": {"type": kind, "code": code, "message": "as scripted"}}


def client_of(api: StripeApi) -> StripeClient:
    """Return the real SDK's client, its wire led into the fake (a private attribute: the SDK is pinned)."""
    http_client = HTTPXClient()
    http_client._client_async = httpx.AsyncClient(transport=httpx.ASGITransport(api))
    return StripeClient(
        "sk_test_fake",
        base_addresses={"api": "https://api.stripe.test"},
        http_client=http_client,
        max_network_retries=0,
    )
