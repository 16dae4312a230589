"""Which fact may follow which state: the life of a pack as a table."""

from collections.abc import Mapping
from types import MappingProxyType

from domain.passport.errors import StepOutOfOrder
from domain.passport.model import EntryKind, Fact, PackState, UnitKind

_K, _S = EntryKind, PackState

_CERTIFIED = frozenset({_S.CERTIFIED, _S.SECOND_LIFE, _S.IN_SERVICE, _S.SUSPENDED})
_AT_THE_BODY = frozenset({_S.RECEIVED, _S.UNDER_TEST, _S.GRADED, _S.APPROVED, _S.REJECTED})
"""While a pack is inspected again its old certificate may end or come back, and it may leave or serve its contract."""
_GOES_ON_AS = frozenset({_S.CERTIFIED, _S.SECOND_LIFE, _S.IN_SERVICE})

_STAYS: Mapping[EntryKind, frozenset[PackState]] = MappingProxyType(
    {
        _K.PASSPORT_ISSUED: frozenset({_S.MANUFACTURED}),
        _K.REVIEWED: frozenset({_S.GRADED, _S.REJECTED}),
        _K.REPORTED: frozenset({_S.REJECTED}),
        _K.LABELLED: frozenset({_S.SECOND_LIFE, _S.IN_SERVICE}),
        _K.HEALTH_CHECKED: _CERTIFIED,
        _K.ALARM_TRIPPED: _CERTIFIED,
        _K.ALARM_CLEARED: _CERTIFIED,
        _K.OPENED: _CERTIFIED,
        _K.MOVED: _CERTIFIED,
        _K.BMS_CHANGED: _CERTIFIED,
        _K.BILLED: frozenset({_S.IN_SERVICE, _S.SUSPENDED, _S.SECOND_LIFE, *_AT_THE_BODY}),
        _K.IN_SERVICE: _AT_THE_BODY,
        _K.WITHDRAWN_FROM_USE: _AT_THE_BODY,
        _K.CERTIFICATE_ENDED: _AT_THE_BODY | {_S.SUSPENDED},
        _K.CERTIFICATE_REINSTATED: _AT_THE_BODY,
        _K.REPORT_AMENDED: frozenset(_S) - {_S.UNBORN},  # paper set right: where the pack stands, other entries say
        _K.EXTERNAL_RECORD_KNOWN: frozenset(_S) - {_S.UNBORN},  # another issuer's word: it moves nothing
    }
)
"""Facts that leave the state as it is."""

_MOVES: Mapping[EntryKind, Mapping[PackState, PackState]] = MappingProxyType(
    {
        _K.MANUFACTURED: {_S.UNBORN: _S.MANUFACTURED},
        _K.INSTALLED_IN_VEHICLE: {_S.MANUFACTURED: _S.EV_IN_USE, _S.REMOVED: _S.EV_IN_USE},
        _K.REMOVED: {_S.EV_IN_USE: _S.REMOVED},
        _K.COLLECTED: {_S.REMOVED: _S.COLLECTED},
        _K.RECEIVED: {
            _S.COLLECTED: _S.RECEIVED,
            _S.REJECTED: _S.RECEIVED,
            _S.SUSPENDED: _S.RECEIVED,
            _S.CERTIFIED: _S.RECEIVED,
            _S.SECOND_LIFE: _S.RECEIVED,
            _S.IN_SERVICE: _S.RECEIVED,
        },
        _K.TESTED: {
            _S.RECEIVED: _S.UNDER_TEST,
            _S.UNDER_TEST: _S.UNDER_TEST,
            _S.GRADED: _S.UNDER_TEST,
            _S.REJECTED: _S.UNDER_TEST,
        },
        _K.HOLD_RELEASED: {_S.REJECTED: _S.GRADED},
        _K.APPROVED: {_S.GRADED: _S.APPROVED, _S.REJECTED: _S.REJECTED},
        _K.RELEASED: {
            _S.RECEIVED: _S.COLLECTED,
            _S.UNDER_TEST: _S.COLLECTED,
            _S.GRADED: _S.COLLECTED,
            _S.REJECTED: _S.REJECTED,
        },
        _K.CERTIFIED: {_S.APPROVED: _S.CERTIFIED},
        _K.REPURPOSED: {_S.CERTIFIED: _S.SECOND_LIFE},
        _K.DEPLOYED: {_S.SECOND_LIFE: _S.IN_SERVICE},
        _K.IN_SERVICE: {_S.IN_SERVICE: _S.IN_SERVICE},
        _K.WITHDRAWN_FROM_USE: {_S.IN_SERVICE: _S.SECOND_LIFE, _S.SUSPENDED: _S.SUSPENDED},
        _K.CERTIFICATE_ENDED: {
            _S.CERTIFIED: _S.SUSPENDED,
            _S.SECOND_LIFE: _S.SUSPENDED,
            _S.IN_SERVICE: _S.SUSPENDED,
        },
        _K.CERTIFICATE_REINSTATED: {_S.SUSPENDED: _S.SUSPENDED},
    }
)


_JUDGED_IN = frozenset({_S.UNDER_TEST, _S.GRADED, _S.REJECTED})
"""Where a pack is judged; also again, where a reviewer returned the judgement before."""


_PARTS = frozenset({UnitKind.MODULE.value, UnitKind.CELL.value})
"""A part is received as it is: what it was in before is its pack's life, and often nobody knows it."""


def state_after(state: PackState, fact: Fact) -> PackState:
    """Return the state that a fact leads to.

    Grading leads on only with the disposition `reuse`; any other ends in `rejected`. A certificate that is issued or
    comes back leads to where the fact says that the pack goes on, `goes_on_as`: one in its second life needs no second
    passport, and one with a contract serves it on.

    Raises:
        StepOutOfOrder: the fact cannot follow the state.
    """
    if fact.kind is EntryKind.GRADED and state in _JUDGED_IN:
        return PackState.GRADED if fact.particulars.get("disposition") == "reuse" else PackState.REJECTED
    if state in _STAYS.get(fact.kind, frozenset()):
        return state
    if fact.kind is EntryKind.RECEIVED and state is PackState.MANUFACTURED and fact.particulars.get("scope") in _PARTS:
        return PackState.RECEIVED
    moves = _MOVES.get(fact.kind, {})
    if state not in moves:
        raise StepOutOfOrder(state=state, kind=fact.kind)
    goes_on_as = fact.particulars.get("goes_on_as")
    if fact.kind in (EntryKind.CERTIFIED, EntryKind.CERTIFICATE_REINSTATED) and goes_on_as in _GOES_ON_AS:
        return PackState(str(goes_on_as))
    return moves[state]


def may_follow(state: PackState, kind: EntryKind) -> bool:
    """Say whether a fact of this kind could follow the state."""
    return (
        state in _STAYS.get(kind, frozenset())
        or state in _MOVES.get(kind, {})
        or (kind is EntryKind.GRADED and state in _JUDGED_IN)
    )
