"""Asking a message back, and seeing who has erased it (decision 0034)."""

from typing import Annotated

from comity.capabilities.messages.acts import Recall
from comity.capabilities.messages.acts import Why as Ground
from comity.capabilities.messages.desk.parts import About, Sent, say
from comity.capabilities.messages.rules import Matter, Recalling, recallings
from comity.core.act import Relation
from comity.core.capability import Reader
from comity.core.desk import about
from comity.core.envelope import Lane
from comity.core.errors import Misused
from comity.core.handling import Label
from comity.core.ids import BureauId
from comity.node.bureau import Bureau
from comity.node.view import View


def recall(
    bureau: Bureau, reader: Reader, act: About,
    why: Annotated[Ground, about("why it is asked back; the recipients read it")],
    to: Annotated[tuple[BureauId, ...], about("from this recipient only; repeat it for several")] = (),
) -> Sent:  # fmt: skip
    """Ask a message of ours back: the recipients' nodes erase it by themselves, and say so.

    Our own copy stays. That a node has erased its copy can be attested, not proven; what people read, they have read.

    Example: comity recall 3fa2 --why wrong-recipient --to et
    """
    found = View(bureau, reader).find(act)
    if found.sender != bureau.me:
        raise Misused("only our own messages can be asked back; tell the sender of this one")
    # The label of the message may have ended: asking it back must be possible for ever, and says nothing of it.
    label = Label(confidentiality=found.label.confidentiality)
    refs = (Relation(rel="recalls", act=found.id), Relation(rel="thread", act=found.thread))
    return say(
        bureau, reader, Recall(why=why), to or found.recipients, purpose=found.purpose, label=label, refs=refs,
        subject=found.subject or found.id, lane=Lane.URGENT,
    )  # fmt: skip


def recalls(bureau: Bureau, reader: Reader, act: About) -> tuple[Recalling, ...]:
    """Show who has erased what was asked back in a matter, and who has not yet.

    Example: comity recalls 3fa2
    """
    view = View(bureau, reader)
    found = view.find(act)
    state = view.state(found.subject or found.id, Matter)
    return () if state is None else recallings(state)
