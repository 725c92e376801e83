"""What is beside us stays: other accounts, other specs of the folder, copies of it, earlier forms of the spec."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.account import CSV, SECRET, Cloud, Setting, yes
from support.worlds import Cut

from narrowgate.adapters.clock import Shifted
from narrowgate.adapters.stop import Stop
from narrowgate.calls import Call, Reply, World
from narrowgate.errors import AwsError, Refused, UsageError
from narrowgate.rotation import Pace
from narrowgate.verbs import planning
from narrowgate.verbs.rotate import Asked, rotate, undo
from narrowgate.verbs.setup import setup
from narrowgate.verbs.site import Options, Seams, Surroundings, open_site
from narrowgate.verbs.teardown import teardown

pytestmark = pytest.mark.slow
AT_ONCE = Asked(Pace(timedelta(), timedelta()))


def test_two_specs_of_a_folder_do_not_take_each_others_sink(setting: Setting) -> None:
    setting.write(credentials=[CSV])
    with setting.site() as site:
        setup(site, yes)
    kept = setting.csv()
    setting.write(system="other", name_prefix="b-")
    setting.file.rename(setting.folder / "b.yaml")
    setting.write(system="demo", name_prefix=None)
    beside = Beside(setting, "b.yaml")
    with beside.site() as site, pytest.raises(Refused, match="not known to be ours"):
        setup(site, yes)
    assert setting.csv() == kept


class Beside(Setting):
    """The same setting, opened at another file of the folder."""

    def __init__(self, setting: Setting, name: str) -> None:
        self._name = name
        self.cloud, self.folder, self.region = setting.cloud, setting.folder, setting.region
        self.sinks, self.heard, self.environ = setting.sinks, setting.heard, setting.environ
        self.spec = json.loads((setting.folder / name).read_text())

    @property
    def file(self) -> Path:
        """The other spec."""
        return self.folder / self._name


def test_a_teardown_of_one_spec_leaves_the_other_of_the_folder(setting: Setting) -> None:
    setting.write(credentials=[CSV])
    with setting.site() as site:
        setup(site, yes)
    kept = setting.census()
    setting.write(system="other", name_prefix="b-", credentials=[{"sink": "csv", "path": "out/b.csv"}])
    setting.file.rename(setting.folder / "b.yaml")
    setting.write(system="demo", name_prefix=None, credentials=[CSV])
    with Beside(setting, "b.yaml").site() as site:
        setup(site, yes)
        assert teardown(site, yes).left == ()
    assert setting.census() == kept and setting.csv() is not None


def test_a_copied_folder_does_not_tear_down_the_original(
    setting: Setting, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with setting.site() as site:
        setup(site, yes)
    kept = setting.census()
    folder = tmp_path_factory.mktemp("copy") / "copy"
    shutil.copytree(setting.folder, folder)
    copy = Setting(setting.cloud, folder, setting.region)
    copy.write(system="copy", name_prefix="c-")
    with copy.site() as site:
        done = teardown(site, yes)
    assert setting.census() == kept
    assert any("installation `demo`" in left for left in done.left), "it is told, not passed over"


def test_a_spec_whose_system_changed_says_what_it_left(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
    setting.write(system="renamed")
    with setting.site() as site:
        done = teardown(site, yes)
    assert done.steps == 0 and len(done.left) > 0


def test_a_renamed_policy_leaves_the_user(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
    setting.write(installer={"policy": "Renamed"})
    with setting.site() as site:
        setup(site, yes)
    attached = setting.iam().list_attached_user_policies(UserName="Provazio")["AttachedPolicies"]
    assert [p["PolicyName"] for p in attached] == ["Renamed"]
    with setting.site() as site:
        assert teardown(site, yes).left == ()
    assert setting.census()["policies"] == []


def test_names_that_changed_places_are_refused(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
    setting.write(installer={"policy": "AssignPrivateIPAddresses"}, node={"policy": "ManageIguazioSystems"})
    before = setting.census()
    with setting.site() as site, pytest.raises(Refused, match="changed places"):
        setup(site, yes)
    assert setting.census() == before


@pytest.mark.parametrize("change", [{"installer": {"user": "Other"}}, {"path": "/x/"}, {"name_prefix": "p-"}])
def test_what_an_earlier_form_attached_is_no_strangers(setting: Setting, change: dict[str, object]) -> None:
    with setting.site() as site:
        setup(site, yes)
    setting.write(**change)
    with setting.site() as site:
        assert not [f for f in planning.make(site).findings if f.check == "foreign_permissions"]
        assert teardown(site, yes).left == ()
    census = setting.census()
    assert not any(census[kind] for kind in ("users", "roles", "policies"))


def test_a_policy_that_others_use_is_not_adopted(setting: Setting) -> None:
    iam = setting.iam()
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    arn = iam.create_policy(PolicyName="ManageIguazioSystems", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.create_user(UserName="backup")
    iam.attach_user_policy(UserName="backup", PolicyArn=arn)
    with setting.site(adopt=True) as site, pytest.raises(Refused, match="user backup"):
        setup(site, yes)


def test_a_rotation_that_a_hand_finished_is_followed_by_a_new_one(setting: Setting) -> None:
    setting.write(credentials=[CSV])
    with setting.site() as site:
        setup(site, yes)
    with setting.site() as site:
        rotate(site, Asked(Pace(timedelta(), timedelta(days=7)), wait=False), yes)
    held = setting.csv()
    assert held is not None
    [old] = [key for key in setting.keys("Provazio") if key != held[0]]
    setting.iam().delete_access_key(UserName="Provazio", AccessKeyId=old)
    setting.cloud.clock.sleep(90 * 86400)
    with setting.site() as site:
        assert rotate(site, AT_ONCE, yes).old == held[0]
    assert setting.csv() != held and len(setting.keys()) == 1


@pytest.mark.parametrize("minutes", [-10, -1, 1, 10])
def test_a_crash_heals_although_this_machines_clock_is_wrong(setting: Setting, minutes: int) -> None:
    def attempt(*wraps: Callable[[World], World]) -> None:
        around = Surroundings(Shifted(setting.cloud.clock, timedelta(minutes=minutes)), {}, setting.heard, Stop())
        with open_site(
            Options(setting.file), around, Seams(lambda _, __, spec: setting._target(spec, wraps, None, None))
        ) as site:
            setup(site, yes)

    def killed(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            reply = world(call)
            if call.operation == "CreateAccessKey":
                raise Cut
            return reply

        return ask

    setting.write(credentials=[CSV])
    with pytest.raises(Cut):
        attempt(killed)
    assert len(setting.keys("Provazio")) == 1 and setting.csv() is None
    setting.cloud.clock.sleep(60)
    attempt()
    held = setting.csv()
    assert held is not None and setting.keys("Provazio") == [held[0]]


def test_the_old_key_of_a_rotation_can_be_switched_on_again(setting: Setting) -> None:
    setting.write(credentials=[CSV])
    with setting.site() as site:
        setup(site, yes)
    [old] = setting.keys("Provazio")
    with setting.site() as site:
        rotate(site, Asked(Pace(timedelta(), timedelta(days=7)), wait=False), yes)
    with setting.site() as site:
        assert undo(site, lambda key: key != old) == old
    listed = setting.iam().list_access_keys(UserName="Provazio")["AccessKeyMetadata"]
    assert {k["Status"] for k in listed} == {"Active"}
    with setting.site() as site, pytest.raises(Refused, match="nothing can be switched on"):
        undo(site, yes)
    with setting.site() as site:
        assert rotate(site, AT_ONCE, yes).old == old
    assert len(setting.keys("Provazio")) == 1


def test_a_teardown_that_aws_refuses_lists_what_is_still_there(setting: Setting) -> None:
    with setting.site() as site:
        setup(site, yes)
    setting.iam().untag_user(UserName="Provazio", TagKeys=["narrowgate:installation"])
    with setting.site() as site, pytest.raises(AwsError, match="still there: arn:aws:iam::123456789012:policy/"):
        teardown(site, yes)


def test_a_sink_on_the_spec_itself_is_refused(setting: Setting) -> None:
    setting.write(credentials=[{"sink": "env_yaml", "path": "platform.yaml"}])
    with pytest.raises(UsageError, match="the spec itself"), setting.site():
        pass


def test_a_secret_renamed_in_the_spec_is_still_torn_down(cloud: Cloud, tmp_path: Path) -> None:
    setting = Setting(cloud, tmp_path, sinks=(SECRET,))
    with setting.site() as site:
        setup(site, yes)
    setting.write(credentials=[{**SECRET, "name": "demo/other"}])
    with setting.site() as site:
        setup(site, yes)
        assert teardown(site, yes).left == ()
    assert setting.census()["secrets"] == []
