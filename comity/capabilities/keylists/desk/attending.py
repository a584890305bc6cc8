"""What the source's node does by itself: it answers questions, and lets keys and points go when an epoch ends.

No officer is asked: what a question may be is ruled by gates before it is accepted. `app.py` hands `attend` to the node
(`node/attending.py`), which may hand over an act twice; what is done is seen from the acts.
"""

from functools import partial

from comity.capabilities.keylists.acts import Answer, AnswerKind, End, Question, Secret, Setup
from comity.capabilities.keylists.desk.parts import secrets, state_of
from comity.capabilities.keylists.rules import Keylist
from comity.core.act import Act, Relation, Said, kind_of
from comity.core.errors import Malformed
from comity.core.ids import ActId
from comity.engines import psi
from comity.node.bureau import Bureau, Utterance
from comity.node.database import Transaction

SETUP = kind_of(Setup)

ATTENDED = (kind_of(Question), SETUP, kind_of(End))
"""The kinds to hand over to `attend`."""

_GOES = (kind_of(Secret), SETUP)
"""What is destroyed when an epoch ends."""


def attend(bureau: Bureau, said: Said) -> bool:
    """Answer a question of another bureau, or destroy what an epoch leaves; returns whether there was anything to do.

    Raises:
        Refused: the registry or a gate forbids the answer now.

    """
    listed, ours = said.head.subject, said.head.sender == bureau.me
    if listed is None or ours is not isinstance(said.act, End):
        return False
    if isinstance(said.act, End):
        return _forget(bureau, listed)
    state = state_of(bureau, listed)
    if state is not None and isinstance(said.act, Setup):
        return _replaced(bureau, listed, state)
    if state is None or state.source != bureau.me or said.id not in state.waiting:
        return False
    return _answer(bureau, listed, said)


def _answer(bureau: Bureau, listed: ActId, question: Said) -> bool:
    """Evaluate outside of any transaction, which may take a second, then say the answer if nobody has meanwhile."""
    answer = _evaluated(bureau, listed, question)
    utterance = Utterance(
        act=answer, to=(question.head.sender,), purpose=question.head.purpose, label=question.head.label,
        subject=listed, refs=(Relation(rel="answers", act=question.id),),
    )  # fmt: skip

    def write(tx: Transaction) -> bool:
        state = bureau.past(tx).state(listed, Keylist)
        if state is None or question.id not in state.waiting:
            return False
        bureau.utter(tx, utterance)
        return True

    return bureau.database.write(write)


def _evaluated(bureau: Bureau, listed: ActId, question: Said) -> Answer:
    key = next((secret.key for _, secret in secrets(bureau, listed) if secret.peer == question.head.sender), None)
    if key is None or not isinstance(question.act, Question):
        return Answer(outcome=AnswerKind.UNAVAILABLE)
    try:
        return Answer(outcome=AnswerKind.EVALUATED, evaluated=psi.evaluate(key, question.act.blinded))
    except Malformed:
        return Answer(outcome=AnswerKind.MALFORMED)


def _forget(bureau: Bureau, listed: ActId) -> bool:
    return _erase(bureau, [act for kind in _GOES for act in _resting(bureau, listed, kind)])


def _replaced(bureau: Bureau, listed: ActId, state: Keylist) -> bool:
    """Destroy the points of a set that its source has since replaced; its own copy goes when the epoch ends."""
    counts = {act for filling in state.fillings for _, act in filling.acts}
    return _erase(bureau, [act for act in _resting(bureau, listed, SETUP) if act not in counts])


def _resting(bureau: Bureau, listed: ActId, kind: str) -> list[ActId]:
    with bureau.database.read() as tx:
        return [said.id for said in bureau.past(tx).every(kind, listed) if isinstance(said.act, Act)]


def _erase(bureau: Bureau, acts: list[ActId]) -> bool:
    for act in acts:
        bureau.database.write(partial(_erase_one, bureau, act))
    return bool(acts)


def _erase_one(bureau: Bureau, act: ActId, tx: Transaction) -> None:
    bureau.store.erase(tx, act)
