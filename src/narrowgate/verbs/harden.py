"""`narrowgate policy harden`: a vendor's file, what is known of the place, evidence; and what became of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from narrowgate import workload
from narrowgate.adapters.action_data import action_list
from narrowgate.catalogue.facts import Place
from narrowgate.derive.evidence import Evidence, together
from narrowgate.derive.ownership import own_of
from narrowgate.derive.scope import Own
from narrowgate.errors import UsageError
from narrowgate.harden.context import NO_TAGS, Choice, Context
from narrowgate.harden.hardening import Hardened, NotHardened, Task, harden
from narrowgate.harden.reach import Hole, Reached, among, holes, reached, tagging_in, unread
from narrowgate.harden.story import Lack, Told, lacks, notes, told
from narrowgate.identities import installation_of
from narrowgate.policy import Document, Faults, Proved, parse, surface
from narrowgate.policy.actions import ActionList
from narrowgate.policy.permission_surface import Surface
from narrowgate.resource import Installation
from narrowgate.spec import Spec, partition_of
from narrowgate.verbs.derive import Sources, own_of_words, parts_of
from narrowgate.verbs.policy_files import Files, shown, unsound
from narrowgate.verbs.spec_file import read_spec


@dataclass(frozen=True, slots=True)
class Site:
    """What the person says of the place; empty where the spec or the evidence tells it."""

    account: str = ""
    region: str = ""
    vpcs: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    node_profile: str = ""
    pass_roles: tuple[str, ...] = ()
    pass_to: tuple[str, ...] = ()
    boundary: str = ""
    own: tuple[str, ...] = ()
    untagged: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line said: the vendor's file, evidence, the place, and what is dropped."""

    file: str
    spec: Path | None = None
    holder: Literal["installer", "node"] = "installer"
    recordings: tuple[str, ...] = ()
    trails: tuple[str, ...] = ()
    principal: str = ""
    place: Site = field(default_factory=Site)
    drop: tuple[str, ...] = ()
    drop_unobserved: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The hardened policy with everything that is told of it."""

    made: Hardened
    evidence: Evidence | None
    before: Surface
    after: Surface
    reached_before: tuple[Reached, ...]
    reached_after: tuple[Reached, ...]
    holes: tuple[Hole, ...]
    told: tuple[Told, ...]
    lacks: tuple[Lack, ...]
    notes: tuple[str, ...]
    assumed: tuple[str, ...]
    lost: tuple[str, ...] = ()
    """Actions that nobody asked to drop, and that the file allows in another account, region or service only."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing dangerous stays open, nothing is lacking or left out, and both proofs hold."""
        proved = isinstance(self.made.contained, Proved) and not self.made.missing
        whole = not (self.evidence and any(each.serious for each in self.evidence.left_out))
        is_open = self.reached_after or self.lacks or any(hole.is_open for hole in self.holes)
        return proved and whole and not (is_open or self.lost)


def hardened(asked: Asked, files: Files) -> Answer:
    """Narrow a vendor's file. Raises UsageError for bad files and where account or region is not known."""
    actions = action_list()
    spec = read_spec(asked.spec) if asked.spec else None
    recorded = _recorded(asked, files, actions)
    place = _place(asked, spec, recorded)
    if recorded and recorded.place.account != place.account:
        raise UsageError(f"the evidence is of account {recorded.place.account}, not {place.account}")
    installation = installation_of(spec, place.account) if spec else None
    evidence = recorded or _reference(asked, spec, installation, actions)
    context = _context(asked.place, place, evidence, (spec, installation))
    documents = (_document(asked.file, files.read(asked.file), place),)
    choice = _choice(asked, documents, actions)
    holder: Literal["user", "role"] = "role" if asked.holder == "node" else "user"
    made = harden(Task(documents, evidence, context, choice, holder), actions)
    if isinstance(made, NotHardened):
        raise UsageError(f"cannot harden {shown(asked.file)}: {'; '.join(made.why)}")
    actions_told = told(made, actions)
    before, after = (reached(each, made.allows, made.context, actions) for each in (documents, made.documents))
    return Answer(
        made=made,
        evidence=evidence,
        before=surface(documents, actions),
        after=surface(made.documents, actions),
        reached_before=before,
        reached_after=after,
        holes=(
            *holes(documents, made.documents, made.allows, made.context),
            *among(before, after),
            *unread(made.kept),
            *tagging_in(documents, made.documents, made.allows, (made.context, actions)),
        ),
        told=actions_told,
        lacks=lacks(made),
        notes=notes(made, actions),
        assumed=tuple(_assumed(asked, made, evidence)),
        lost=tuple(_lost(actions_told, choice)),
    )


def _lost(found: Sequence[Told], choice: Choice) -> Iterator[str]:
    for each in found:
        unasked = each.action.lower() not in choice.actions and not (choice.unobserved and not each.calls)
        if each.status == "dropped" and unasked:
            yield each.action


def _document(name: str, text: str, place: Place) -> Document:
    variables = {"AWS_ACCOUNT_ID": place.account, "AWS_REGION": place.region, "AWS_PARTITION": place.partition}
    found = parse(text, "identity", variables=variables)
    if isinstance(found, Faults):
        raise unsound(name, found.items)
    return found


def _place(asked: Asked, spec: Spec | None, evidence: Evidence | None) -> Place:
    """Account and region: as given, else the spec's, else the evidence's."""
    told = asked.place
    account = told.account or (spec.account if spec else "") or (evidence.place.account if evidence else "")
    region = told.region or (spec.region if spec else "") or (evidence.place.region if evidence else "")
    if not account:
        raise UsageError("the account is not known: give `--account ID`, or a spec that has `account`")
    if not region:
        raise UsageError("the region is not known: give `--region NAME`, or `--spec FILE`")
    if len(account) != 12 or not account.isdecimal():
        raise UsageError(f"`{account}` is no account: it has 12 digits")
    partition = partition_of(region)
    if partition is None:
        raise UsageError(f"`{region}` is no region of a partition that is supported")
    return Place(partition, account, region)


def _recorded(asked: Asked, files: Files, actions: ActionList) -> Evidence | None:
    """The evidence of recordings and CloudTrail events; None without any."""
    sources = Sources(asked.recordings, asked.trails, (), asked.principal, asked.place.account)
    parts = parts_of(sources, files, actions)
    if not parts:
        return None
    try:
        return parts[0] if len(parts) == 1 else together(" and ".join(part.whose for part in parts), *parts)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _reference(
    asked: Asked, spec: Spec | None, installation: Installation | None, actions: ActionList
) -> Evidence | None:
    """Where only a spec is given: the calls of the reference installer, or of a node."""
    if spec is None or installation is None:
        return None
    made = workload.node_evidence if asked.holder == "node" else workload.installer_evidence
    return made(spec, installation, actions)


def _context(
    told: Site, place: Place, evidence: Evidence | None, site: tuple[Spec | None, Installation | None]
) -> Context:
    spec, installation = site
    profile, roles = told.node_profile, told.pass_roles
    if spec and installation:
        profile = profile or installation.arn("instance-profile", spec.instance_profile_name)
        roles = roles or (installation.arn("role", spec.role_name),)
    return Context(
        place=place,
        own=_own(told, evidence, installation),
        vpcs=told.vpcs,
        subnets=told.subnets,
        profile=profile,
        roles=roles,
        services=told.pass_to,
        boundary=told.boundary or (installation.boundary or "" if installation else ""),
    )


def _own(told: Site, evidence: Evidence | None, installation: Installation | None) -> Own:
    if told.untagged and told.own:
        raise UsageError("`--untagged` says that nothing is tagged, `--own` that it is: give one")
    if told.untagged:
        return NO_TAGS
    given = own_of_words(told.own)
    if given is not None:
        return given
    found = own_of(evidence) if evidence else NO_TAGS
    if found.tags or evidence is None or installation is None:
        return found
    # A node makes nothing that would show the tag; what it touches was made by the installer.
    return workload.own_of(installation) if evidence.whose.startswith("the reference ") else found


def _choice(asked: Asked, documents: Sequence[Document], actions: ActionList) -> Choice:
    for name in asked.drop:
        if not any(document.allowing(name) for document in documents):
            raise UsageError(f"cannot drop `{name}`: the file does not allow it")
    if asked.drop_unobserved and not (asked.recordings or asked.trails or asked.spec):
        raise UsageError("`--drop-unobserved` needs evidence: give `--recording`, `--cloudtrail` or `--spec`")
    return Choice(frozenset(name.lower() for name in asked.drop), asked.drop_unobserved)


def _assumed(asked: Asked, made: Hardened, evidence: Evidence | None) -> Iterator[str]:
    """What the narrowed policy takes for granted, a sentence each."""
    if made.context.own.tags:
        tags = ", ".join(f"{key}={value}" for key, value in made.context.own.tags.items())
        whence = "as given" if asked.place.own else f"as {evidence.whose} does" if evidence else ""
        yield (
            f"the program tags what it makes, when it makes it, with {tags} ({whence}): a program that does not is "
            "refused. `--untagged` if it does not"
        )
    if evidence and evidence.whose.startswith("the reference "):
        yield "no call of the vendor's own program was seen: give `--recording` or `--cloudtrail` of it"
    if any("iam:PassRole" in allow.names for allow in made.allows):
        yield f"roles are passed to {', '.join(made.context.services) or 'any service'} only"
    yield f"all calls go to {made.context.place.region}, and subnets shared by other accounts are not used"
