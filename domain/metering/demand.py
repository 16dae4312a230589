"""Fifteen-minute demand with the storage and as it would have been without, and KEPCO's billing demand."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.metering.efficiency import PPM, Peak, peak
from domain.metering.inventory import Columns
from domain.shared.time import Month

CONTRACT_FLOOR_PPM = 300_000
"""Billing demand is at least this share of the contract power; its exact base is the operator's to confirm."""

_RATCHET_MONTHS = frozenset({1, 2, 7, 8, 9, 12})
_RATCHET_REACH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The grid meter as it would have read without the storage, Wh by slot; None where a meter gave nothing."""

    bought: tuple[int | None, ...]
    sold: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """The highest import with the storage and without it; never compared with the load's, whose cut may be the PV's."""

    with_storage: Peak | None
    without_storage: Peak | None

    @property
    def shaved_w(self) -> int | None:
        """How much lower the peak is for the storage; negative where the storage made it higher."""
        if self.with_storage is None or self.without_storage is None:
            return None
        return self.without_storage.power_w - self.with_storage.power_w


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDemand:
    """What prices the demand charge (요금적용전력), and the month that set it; None: the contract's floor."""

    power_w: int
    set_by: Month | None


def without_storage(columns: Columns) -> Baseline:
    """Take the storage out of the balance: import - export + discharge - charge, as import or export.

    Source: metering reference §9.3.
    """
    bought: list[int | None] = []
    sold: list[int | None] = []
    rows = zip(columns.bought, columns.sold, columns.discharge, columns.charge, strict=True)
    for into, out, discharge, charge in rows:
        if into is None or out is None or discharge is None or charge is None:
            bought.append(None)
            sold.append(None)
            continue
        net = into - out + discharge - charge
        bought.append(net if net > 0 else 0)
        sold.append(-net if net < 0 else 0)
    return Baseline(bought=tuple(bought), sold=tuple(sold))


def peaks(columns: Columns, baseline: Baseline) -> Peaks:
    """Return the highest quarter hours; slots of which a meter gave nothing are in neither."""
    known = [then is not None for then in baseline.bought]
    return Peaks(
        with_storage=peak([now if there else None for now, there in zip(columns.bought, known, strict=True)]),
        without_storage=peak(baseline.bought),
    )


def ratchet_months(month: Month) -> tuple[Month, ...]:
    """Return the months whose peaks may set a month's billing demand, oldest first: itself and six of the last twelve.

    Source: metering reference §9.1 (July, August, September, December, January, February inside twelve months).
    """
    found = [month]
    earlier = month.before()
    for _ in range(_RATCHET_REACH - 1):
        if earlier is None:
            break
        if earlier.number in _RATCHET_MONTHS:
            found.append(earlier)
        earlier = earlier.before()
    return tuple(reversed(found))


def billing_demand(month: Month, peaks_w: Mapping[Month, int], *, contract_power_w: int) -> BillingDemand:
    """Return the demand that prices a month: a peak once incurred stays, however the storage behaves afterwards.

    Months without a figure count for nothing; the caller says which are missing.
    """
    floor_w = -(-contract_power_w * CONTRACT_FLOOR_PPM // PPM)
    found = BillingDemand(power_w=floor_w, set_by=None)
    for one in ratchet_months(month):
        power_w = peaks_w.get(one)
        if power_w is not None and power_w > found.power_w:
            found = BillingDemand(power_w=power_w, set_by=one)
    return found
