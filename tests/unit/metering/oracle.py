"""A second opinion, written from the rules and sharing no code with the domain: fractions, dictionaries, no speed."""

import math
from fractions import Fraction


def shares(total, weights):
    """Largest remainder, ties to the earlier; by fractions."""
    whole = sum(weights)
    exact = [Fraction(total * weight, whole) for weight in weights]
    parts = [math.floor(one) for one in exact]
    while sum(parts) < total:
        best = max(
            range(len(parts)),
            key=lambda i: (exact[i] - math.floor(exact[i]) if parts[i] == math.floor(exact[i]) else -1, -i),
        )
        parts[best] += 1
    return parts


def follow(slots, *, efficiency_ppm, fifo, lots=()):
    """Each Wh in store is an entry of a list: (slot, source). Slow and plain."""
    efficiency = Fraction(efficiency_ppm, 1_000_000)
    stored = []
    charged, delivered, lost = ([0] * (2 + len(lots)) for _ in range(3))
    unknown = 0
    for number, slot in enumerate(slots):
        charge, discharge = slot["charge"] or 0, slot["discharge"] or 0
        if charge:
            solar = 0
            if slot["pv"] is not None and slot["load"] is not None:
                spare = max(0, slot["pv"] - slot["load"])
                solar = min(charge, spare)
                if spare and slot["bought"] == 0 and charge - spare in (1, 2):
                    solar = charge
            rest = charge - solar
            sums = [solar, rest] + [0] * len(lots)
            here = [lot.get(number, 0) for lot in lots]
            if rest and slot["bought"] and sum(here):
                if sum(here) > slot["bought"]:
                    here = shares(slot["bought"], here)
                inside = min(rest, slot["bought"])
                parts = shares(inside, [slot["bought"] - sum(here), *here])
                sums = [solar, parts[0] + rest - inside, *parts[1:]]
            for source, wh in enumerate(sums):
                charged[source] += wh
                stored.extend([(number, source)] * wh)
        if discharge:
            needed = math.ceil(discharge / efficiency)
            given = discharge
            if needed > len(stored):
                needed = len(stored)
                given = math.floor(needed * efficiency)
                unknown += discharge - given
            if not needed:
                continue
            if fifo:
                pieces, stored = stored[:needed], stored[needed:]
                keys = list(dict.fromkeys(pieces))
                draws = [pieces.count(key) for key in keys]
                for (_, source), drawn, part in zip(keys, draws, shares(given, draws), strict=True):
                    delivered[source] += part
                    lost[source] += drawn - part
            else:
                stock = [sum(1 for _, one in stored if one == source) for source in range(len(charged))]
                draws = shares(needed, stock)
                for source, (drawn, part) in enumerate(zip(draws, shares(given, draws), strict=True)):
                    delivered[source] += part
                    lost[source] += drawn - part
                    for _ in range(drawn):
                        stored.remove(next(one for one in stored if one[1] == source))
    closing = [sum(1 for _, one in stored if one == source) for source in range(len(charged))]
    return {"charged": charged, "delivered": delivered, "lost": lost, "closing": closing, "unknown": unknown}
