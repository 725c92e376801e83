"""The place a verb works at: the spec, the account that answers, the resources wanted there.

Everything that can be found wrong without touching the account is found here: a bad spec, bad policies, root or
missing credentials, another account than the spec names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from narrowgate import fit, recall
from narrowgate.adapters import sinks as sink_kinds
from narrowgate.adapters.aws import Identity
from narrowgate.adapters.clock import Clock
from narrowgate.adapters.journal import FOLDER, Journal
from narrowgate.adapters.keeping import Keeping
from narrowgate.adapters.observe import dispatch
from narrowgate.adapters.patient import patient
from narrowgate.adapters.regions import regions
from narrowgate.adapters.stop import Stop
from narrowgate.adapters.target import SANDBOX_FOLDER, Target, real, sandbox
from narrowgate.calls import Call, Reply, World, call
from narrowgate.errors import AwsError, NotPermitted, Refused, UsageError
from narrowgate.plan import Step
from narrowgate.policy import Document, Faults, from_value
from narrowgate.profiles import Profile, profiles
from narrowgate.profiles.identities import Documents, Places, identities, installation_of
from narrowgate.resource import INSTALLATION, Installation, Resource
from narrowgate.spec import Known, Spec
from narrowgate.spec_text import parse


class Listener(Protocol):
    """Who is told what happens, as it happens; called from several threads."""

    def say(self, text: str) -> None:
        """A line of news."""
        ...

    def step(self, step: Step, event: str) -> None:
        """A step of the plan: `start`, `wait`, `done` or `fail`."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process gives: the clock, the environment, who listens, and whether to stop."""

    clock: Clock
    environ: Mapping[str, str]
    listener: Listener
    stop: Stop


@dataclass(frozen=True, slots=True)
class Options:
    """How a verb was asked to work."""

    spec: Path
    sandbox: bool = False
    delay: float = 0.0
    aws_profile: str | None = None
    adopt: bool = False
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Site:
    """An opened spec: everything that the verbs need."""

    spec: Spec
    options: Options
    around: Surroundings
    profile: Profile
    installation: Installation
    caller: str
    documents: Documents
    resources: tuple[Resource, ...]
    keeping: Keeping
    journal: Journal
    admin: World
    """The administrator, the sinks and the journal, as one World."""
    connect: Callable[[Identity], World]
    """The World of another key, in the spec's region."""

    @property
    def user_arn(self) -> str:
        """The installer user's ARN."""
        return self.installation.arn("user", self.spec.user_name)

    @property
    def scope(self) -> dict[str, Any]:
        """What the journal remembers of a run: enough to find its things again after the spec changed."""
        return {"account": self.installation.account, "spec": self.spec.model_dump(mode="json")}


@dataclass(frozen=True, slots=True)
class Seams:
    """Where another AWS and another journal can be put in, for tests that cut, delay or lose what passes."""

    target: Callable[[Options, Path], Target]
    journal: Callable[[Path, Clock], Journal] = Journal


@contextmanager
def open_site(options: Options, around: Surroundings, seams: Seams | None = None) -> Iterator[Site]:
    """Read the spec, ask who we are, make ready. Raises every error of a wrong start; changes nothing."""
    seams = seams or Seams(_target)
    spec = read_spec(options.spec)
    folder = options.spec.resolve().parent
    target = seams.target(options, folder)
    try:
        admin = patient(target.connect(None, spec.region), around.clock)
        account, caller = who_am_i(admin, spec)
        journal = seams.journal(folder, around.clock)
        yield _site(spec, options, around, _Account(account, caller, target, admin, folder, journal))
    finally:
        target.close()


@dataclass(frozen=True, slots=True)
class _Account:
    number: str
    caller: str
    target: Target
    admin: World
    folder: Path
    journal: Journal


def _site(spec: Spec, options: Options, around: Surroundings, account: _Account) -> Site:
    installation = installation_of(spec, account.number)
    profile = profiles()[spec.profile]
    documents = read_documents(spec, installation, profile, account.folder)
    outside = (account.admin, around.environ)
    keeping = open_sinks(spec, installation, account.folder, outside, adopt=options.adopt)
    journal = account.journal

    def former() -> Mapping[str, sink_kinds.Sink]:
        found: dict[str, sink_kinds.Sink] = {}
        for past in _past_specs(journal, account.number):
            found |= open_sinks(past, installation_of(past, account.number), account.folder, outside).sinks
        return found

    keeping = replace(keeping, former=former)

    def memory(asked: Call) -> Reply:
        return recall.keys(journal.entries, asked.params.text("UserName"))

    return Site(
        spec=spec,
        options=options,
        around=around,
        profile=profile,
        installation=installation,
        caller=account.caller,
        documents=documents,
        resources=identities(spec, installation, documents, Places(tuple(keeping.sinks), options.beside)),
        keeping=keeping,
        journal=journal,
        admin=dispatch({"sink": keeping, "journal": memory}, account.admin),
        connect=lambda who: patient(account.target.connect(who, spec.region), around.clock),
    )


def known() -> Known:
    """What a spec may name on this machine."""
    return Known(
        profiles={p.name: p.defaults for p in profiles().values()},
        regions=regions(),
        sinks={kind.name: kind.settings for kind in sink_kinds.kinds().values()},
    )


def read_spec(path: Path) -> Spec:
    """The spec in the file. Raises UsageError with the line of everything that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no `{path}`: write one with `narrowgate init`, or name it with `--spec`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read `{path}`: {error}") from None
    return parse(text, path.name, known())


def who_am_i(admin: World, spec: Spec) -> tuple[str, str]:
    """The account and the caller's ARN. Raises NotPermitted for root, Refused for another account."""
    reply = admin(call("sts", "GetCallerIdentity"))
    if reply is None:
        raise AwsError("AWS STS does not say who we are", code="NoIdentity")
    account, caller = reply.text("Account"), reply.text("Arn")
    if caller.endswith(":root"):
        raise NotPermitted("these are the account's root credentials: use an administrator user or role instead")
    if spec.account and spec.account != account:
        raise Refused(f"the credentials are of account {account}, the spec names {spec.account}; nothing was touched")
    partition = caller.split(":")[1] if caller.startswith("arn:") else ""
    if partition != spec.partition:
        raise Refused(f"the credentials are of partition `{partition}`, region {spec.region} is in `{spec.partition}`")
    return account, caller


def _target(options: Options, folder: Path) -> Target:
    if options.sandbox:
        return sandbox(folder / FOLDER / SANDBOX_FOLDER, delay=options.delay)
    return real(options.aws_profile)


def open_sinks(
    spec: Spec,
    installation: Installation,
    folder: Path,
    outside: tuple[World | None, Mapping[str, str]],
    *,
    adopt: bool = False,
) -> Keeping:
    """Every sink of the spec by its label; `outside` is the World for sinks in AWS, and the environment."""
    world, environ = outside
    context = sink_kinds.Context(
        folder=folder, world=world, environ=environ, owner_tags={INSTALLATION: installation.system}, adopt=adopt
    )
    kinds = sink_kinds.kinds()
    opened = [
        kinds[choice.sink].open(kinds[choice.sink].settings.model_validate(choice.model_extra or {}), context)
        for choice in spec.credentials
    ]
    return Keeping(
        {sink.describe(): sink for sink in opened},
        account=installation.account,
        region=installation.region,
        instance_profile=spec.instance_profile_name,
    )


def read_documents(spec: Spec, installation: Installation, profile: Profile, folder: Path) -> Documents:
    """Both policies, read and checked against the spec. Raises UsageError with file and line."""
    names = _names(spec, installation, profile)
    own = profile.installer_policy(installation, spec.role_name)
    conditions = spec.installer.key_conditions
    restriction = fit.restriction(conditions.source_ips, conditions.source_vpces)
    installer = _document(spec.installer.policy_source.file, own, (folder, installation, names))
    node = _document(spec.node.policy_source.file, profile.node_policy(installation), (folder, installation, names))
    if restriction:
        installer = _checked(fit.restricted(installer, restriction), "installer.key_conditions", names, installation)
    return Documents(installer, node)


def _document(file: str | None, own: Mapping[str, Any], context: tuple[Path, Installation, fit.Names]) -> Document:
    folder, installation, names = context
    if file is None:
        return _checked(from_value(own, "identity"), "the profile's policy", names, installation)
    path = folder / file
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"cannot read the policy file `{path}`: {reason}") from None
    return _sound(fit.read(text, installation, names), file)


def _checked(found: Document | Faults, name: str, names: fit.Names, installation: Installation) -> Document:
    document = _sound(found, name)
    return _sound(fit.check(document, installation, names), name)


def _sound(found: Document | Faults, name: str) -> Document:
    if isinstance(found, Faults):
        lines = (
            f"{name}:{f.line}:{f.column}: {f.path}: {f.message}" if f.line else f"{name}: {f.message}"
            for f in found.items
        )
        raise UsageError("\n".join(lines))
    return found


def _names(spec: Spec, installation: Installation, profile: Profile) -> fit.Names:
    installer, node = profile.defaults["installer"], profile.defaults["node"]
    return fit.Names(
        vendor={
            "user": (installer["user"],),
            "role": (node["role"],),
            "instance-profile": (node["instance_profile"],),
            "policy": (installer["policy"], node["policy"]),
        },
        ours=(
            installation.arn("user", spec.user_name),
            installation.arn("role", spec.role_name),
            installation.arn("instance-profile", spec.instance_profile_name),
            installation.arn("policy", spec.installer_policy_name),
            installation.arn("policy", spec.node_policy_name),
        ),
        role=installation.arn("role", spec.role_name),
    )


def _past_specs(journal: Journal, account: str) -> tuple[Spec, ...]:
    """The specs that mutating commands worked on in the account since all was last torn down, oldest first."""
    scopes = (s for s in recall.scopes(journal.entries) if s["account"] == account)
    return tuple(Spec.model_validate(s["spec"]) for s in scopes)


@dataclass(frozen=True, slots=True)
class Group:
    """Resources that one system name owns."""

    system: str
    resources: tuple[Resource, ...]


def earlier(site: Site) -> tuple[Group, ...]:
    """The resources of earlier specs, by the journal, that the present one no longer names.

    One group for each earlier scope in this account; an identity that is wanted now is left out.
    """
    wanted = {r.identity for r in site.resources}
    found: list[Group] = []
    for spec in _past_specs(site.journal, site.installation.account):
        if spec == site.spec:
            continue
        installation = installation_of(spec, site.installation.account)
        keeping = open_sinks(spec, installation, site.options.spec.resolve().parent, (site.admin, site.around.environ))
        resources = identities(spec, installation, site.documents, Places(tuple(keeping.sinks)))
        left = tuple(r for r in resources if r.identity not in wanted)
        wanted |= {r.identity for r in left}
        if left:
            found.append(Group(spec.system, left))
    return tuple(found)
