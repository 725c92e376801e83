"""Puts a site together: the wanted resources, the sinks, the journal, the administrator's World."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from narrowgate import recall
from narrowgate.adapters.journal import Journal
from narrowgate.adapters.observe import dispatch
from narrowgate.adapters.patient import patient
from narrowgate.adapters.target import Target
from narrowgate.calls import Call, Reply, World
from narrowgate.errors import Refused
from narrowgate.identities import Documents, Places, identities, installation_of
from narrowgate.profiles import profiles
from narrowgate.resource import Installation
from narrowgate.spec import Spec
from narrowgate.verbs.keeping import Opening, open_keeping
from narrowgate.verbs.past import Lineage, forms_of, is_shrunk, past_specs
from narrowgate.verbs.policies import read_documents
from narrowgate.verbs.site import Options, Site, Surroundings


@dataclass(frozen=True, slots=True)
class Account:
    """The account that answered, and how to reach it."""

    number: str
    caller: str
    target: Target
    admin_in: Callable[[str], World]
    folder: Path
    journal: Journal


def assemble(spec: Spec, options: Options, around: Surroundings, account: Account) -> Site:
    """Everything that a verb needs, ready to use."""
    installation = installation_of(spec, account.number)
    profile = profiles()[spec.profile]
    lineage = Lineage(account.number, options.spec.name, spec.system)
    shrunk = is_shrunk(account.journal.entries, lineage)
    documents = read_documents(spec, installation, profile, options.spec)
    if options.policy == "shrunk" or (shrunk and options.policy == "as journalled"):
        documents = _shrunk(documents, spec, installation, asked=options.policy == "shrunk")

    past = past_specs(account.journal.entries, lineage)
    opening = Opening(account.folder, around.environ, account.admin_in, options.adopt, (options.spec,))
    keeping = open_keeping(spec, installation, opening, past)

    def memory(asked: Call) -> Reply:
        return recall.keys(account.journal.entries, asked.params.text("UserName"), account.number)

    places = Places(tuple(keeping.sinks), tuple(keeping.former), options.beside)
    local: dict[str, World] = {"sink": keeping, "journal": memory}
    return Site(
        spec=spec,
        options=options,
        around=around,
        profile=profile,
        installation=installation,
        caller=account.caller,
        documents=documents,
        resources=identities(spec, installation, documents, places, forms_of((*past, spec), account.number)),
        keeping=keeping,
        journal=account.journal,
        admin=dispatch(local, opening.world(spec.region)),
        admin_in=lambda region: dispatch(local, opening.world(region)),
        connect=lambda who: patient(account.target.connect(who, spec.region), around.clock),
        expect=lambda service: account.target.expect(service, spec.region),
        shrunk=shrunk,
    )


def _shrunk(documents: Documents, spec: Spec, installation: Installation, *, asked: bool) -> Documents:
    """The documents with the shrunk policy. Raises Refused where there is none and it was `asked` for.

    What the journal says stops no look and no teardown: where a file has taken the policy's place, setup refuses.
    """
    from narrowgate.adapters.action_data import action_list
    from narrowgate.shrinking import NotShrunk, shrunk

    found = shrunk(spec, installation, action_list())
    if isinstance(found, NotShrunk):
        if asked:
            raise Refused(f"the policy of {spec.user_name} cannot be shrunk: " + "\n".join(found.why))
        return documents
    return Documents(found, documents.node)
