"""Every wrong config ends in one line that names the file, the key, what is wrong and what would be right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import expand, flatten, load_experiment

Write = Callable[..., Path]
LR, DEEP, TITLE = "lr = [1e-3, 1e-2]", "depth = 3", 'title = "An experiment of one\'s own"'
GROUP = 'name = "pair"\ntitle = "A pair"\nkind = "group"\nmembers = ["fig3", "own.toml"]\n'

# What is replaced by what, and what the message must say besides the file's name.
WRONG = {
    "unknown key": ((LR, LR + "\nlearning_rate = 1"), ["[trial]", "unknown key 'learning_rate'", "Valid: dataset"]),
    "misspelt key": ((DEEP, "dpeth = 3"), ["[[curves]] 'deep'", "'dpeth'", "did you mean 'depth'?"]),
    "unknown top key": (("kind =", "knid = 1\nkind ="), ["unknown key 'knid'", "did you mean 'kind'?"]),
    "key of another kind": (("kind =", 'members = ["fig3"]\nkind ='), ["'members'", "kind 'linear'"]),
    "unknown kind": (('"linear"', '"deep"'), ["kind = 'deep'", "linear, cnn, theory, group"]),
    "no title": ((TITLE, ""), ["'title' is missing"]),
    "title is a number": ((TITLE, "title = 3"), ["title = 3", "non-empty string"]),
    "name unfit for a folder": (('name = "own"', 'name = "My own"'), ["name = 'My own'", "lower-case"]),
    "name is a path": (('name = "own"', 'name = "../own"'), ["name = '../own'"]),
    "reserved name": (('name = "own"', 'name = "all"'), ["name = 'all'", "reserved"]),
    "no trial": (("[trial]", "[smoke]"), ["'trial' is missing"]),
    "trial is no table": (("[trial]", "[[trial]]"), ["[trial] must be a table"]),
    "curves is no list": (("[[curves]]", "[[curve]]"), ["unknown key 'curve'", "did you mean 'curves'?"]),
    "bool for an int": (("iterations = 100", "iterations = true"), ["iterations = true", "integer"]),
    "float for an int": (("iterations = 100", "iterations = 1.5"), ["iterations = 1.5", "integer"]),
    "no iterations": (("iterations = 100", ""), ["'iterations'", "give it there or in [trial]"]),
    "iterations 0": (("iterations = 100", "iterations = 0"), ["iterations = 0", "at least 1"]),
    "no lr": ((LR, ""), ["curve 'shallow' has no 'lr'"]),
    "empty grid": ((LR, "lr = []"), ["lr = []", "empty grid"]),
    "lr 0": ((LR, "lr = 0"), ["lr = 0", "above 0"]),
    "lr negative": ((LR, "lr = [-1e-3]"), ["lr = [-0.001]", "above 0"]),
    "lr nan": ((LR, "lr = nan"), ["lr = nan", "finite"]),
    "lr inf": ((LR, "lr = [1e-3, inf]"), ["inf", "finite"]),
    "lr text": ((LR, 'lr = "fast"'), ["lr = 'fast'", "above 0"]),
    "lr quoted": ((LR, 'lr = ["1e-3"]'), ["above 0"]),
    "lr bool": ((LR, "lr = true"), ["lr = true"]),
    "lr grid backwards": ((LR, "lr = { from = 1e-2, to = 1e-3, count = 3 }"), ["lr = {", "0 < from < to"]),
    "lr grid of nothing": ((LR, 'lr = "1e-4:1e-2:0/decade"'), ["lr = '1e-4:1e-2:0/decade'", "1e-4:1e-2:10/decade"]),
    "lr twice": ((LR, "lr = [1e-3, 0.001]"), ["0.001 twice"]),
    "odd p": (('"l4"', '"l3"'), ["loss = 'l3'", "even p"]),
    "p 0": (('"l4"', '"l0"'), ["loss = 'l0'", "at least 2"]),
    "loss is a number": (('"l4"', "4"), ["loss = 4", "l2, l4"]),
    "depth 0": ((DEEP, "depth = 0"), ["'deep'", "depth = 0", "at least 1"]),
    "depth list": ((DEEP, "depth = [2, 3]"), ["'deep'", "depth = [2, 3]"]),
    "negative width": ((DEEP, DEEP + "\nwidth = -1"), ["width = -1", "at least 1"]),
    "width 0 in a list": ((DEEP, DEEP + "\nwidth = [3, 0]"), ["width = [3, 0]", "at least 1"]),
    "width list too short": ((DEEP, DEEP + "\nwidth = [3]"), ["'deep'", "1 entry", "depth 3 has 2 hidden layers"]),
    "init list": ((DEEP, DEEP + '\ninit = ["identity"]'), ["init = "]),
    "unknown init": ((DEEP, DEEP + '\ninit = "identiy"'), ["'deep'", "did you mean 'identity'?", "near-zero"]),
    "negative init_std": ((DEEP, DEEP + "\ninit_std = -1"), ["init_std = -1", "at least 0"]),
    "unknown optimizer": ((DEEP, DEEP + '\noptimizer = "adm"'), ["'deep'", "did you mean 'adam'?", "end-to-end"]),
    "unknown semantics": ((DEEP, DEEP + '\nsemantics = "jax"'), ["semantics = 'jax'", "tf1, torch"]),
    "unknown dtype": ((LR, LR + '\ndtype = "float16"'), ["dtype = 'float16'", "float32, float64"]),
    "unknown dataset": (('"simulated"', '"simulatd"'), ["did you mean 'simulated'?", "ethanol", ".csv"]),
    "unknown data set option": (
        ('"simulated"', '"simulated:sed=1"'),
        ["own.toml:6 [trial]", "'sed=1' is no option", "seed="],
    ),
    "bad data set option": (('"simulated"', '"two-points:y1=x"'), ["own.toml:6 [trial]", "'y1'", "finite number"]),
    "missing table": (('"simulated"', '"missing.csv"'), ["missing.csv", "No such file"]),
    "unknown preprocessing": ((LR, LR + '\npreprocessing = "zscor"'), ["did you mean 'zscore'?"]),
    "seeds 0": ((LR, LR + "\nseeds = 0"), ["seeds = 0", "at least 1"]),
    "negative weight decay": ((LR, LR + "\nweight_decay = -0.1"), ["weight_decay = -0.1"]),
    "foreign hyperparameter": (
        (DEEP, DEEP + "\nbeta1 = 0.9"),
        ["'deep'", "no hyperparameter 'beta1'", "none"],
    ),
    "hyperparameter out of range": ((DEEP, DEEP + '\noptimizer = "adam"\nbeta1 = 1'), ["beta1 = 1", "below 1"]),
    "dataset in a curve": ((DEEP, DEEP + '\ndataset = "ethanol"'), ["'deep'", "'dataset'", "[variants.…]"]),
    "curve without name": (('name = "deep"', ""), ["[[curves]] no. 2", "name = None"]),
    "curves of one name": (('"deep"', '"shallow"'), ["two [[curves]] are named 'shallow'"]),
    "bad linestyle": ((DEEP, DEEP + '\nlinestyle = "wavy"'), ["linestyle = 'wavy'", "dashed"]),
    "bad color": ((DEEP, DEEP + '\ncolor = "red"'), ["color = 'red'", "that curves of one colour share", "'#d55e00'"]),
    "unknown baseline": ((DEEP, DEEP + '\n[analysis]\nbaseline = "shalow"'), ["[analysis]", "did you mean 'shallow'?"]),
    "unknown selection": (
        (DEEP, DEEP + '\n[analysis]\nselection = "best"'),
        ["selection = 'best'", "final-gap, lowest-gap"],
    ),
    "selection lacks target": (
        (DEEP, DEEP + '\n[analysis]\nselection = "iterations-to-gap"'),
        ["target_gap goes with"],
    ),
    "unknown panel": ((DEEP, DEEP + '\n[variants.x]\n[plot]\npanels = ["y"]'), ["[plot]", "'y'", "no variant"]),
    "unknown drawn curve": ((DEEP, DEEP + '\n[plot]\ncurves = ["dep"]'), ["'dep'", "did you mean 'deep'?"]),
    "titles do not match": ((DEEP, DEEP + '\n[variants.x]\n[plot]\ntitles = ["a", "b"]'), ["2 titles for 1 panel"]),
    "limits reversed": ((DEEP, DEEP + "\n[plot]\nylim = [1, 0]"), ["ylim = [1, 0]", "[lower, upper]"]),
    "unknown plot key": ((DEEP, DEEP + "\n[plot]\ntitel = 1"), ["[plot]", "did you mean 'title'?"]),
    "bad smoke": ((DEEP, DEEP + "\n[smoke]\niterations = 0"), ["[smoke]", "iterations = 0"]),
    "bad variant": ((DEEP, DEEP + "\n[variants]\nx = 3"), ["[variants.x] must be a table"]),
    "bad variant name": ((DEEP, DEEP + '\n[variants."L 4"]'), ["variant = 'L 4'"]),
    "duplicate key": ((LR, LR + "\n" + LR), ["not valid TOML", "line 9"]),
    "syntax error": ((LR, "lr = [1e-3"), ["not valid TOML", "line"]),
    "single curve table": (
        ('[[curves]]\nname = "shallow"\ndepth = 1\n\n[[curves]]', "[curves]"),
        ["[curves] is one table", "write [[curves]]"],
    ),
    "curve tables": (("[[curves]]", "[curves]"), ["not valid TOML", "headed [[curves]], in two pairs of brackets"]),
    "misspelt kind": (('"linear"', '"liner"'), ["kind = 'liner' is no kind", "did you mean 'linear'?"]),
    "a trial's key at the top": (("[trial]", "lr = 1\n[trial]"), ["'lr' describes trials", "[trial]"]),
    "a grid of iterations": (("iterations = 100", "iterations = [1, 2]"), ["iterations = [1, 2]", "grid of lr alone"]),
    "a grid of depths": ((DEEP, "depth = [2, 3]"), ["a list makes a grid of lr alone"]),
    "a number of many digits": ((LR, "lr = 1" + "0" * 5000), ["not valid TOML", "digits"]),
    "nested too deeply": ((LR, "lr = " + "[" * 100_000), ["not valid TOML: it is nested too deeply"]),
    "borrowed name": (('name = "own"', 'name = "fig3"'), ["'fig3' is a built-in", "another name"]),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_wrong_files_are_refused_in_one_line(write: Write, change: tuple[str, str], said: list[str]) -> None:
    path = write(change)
    with pytest.raises(ConfigError) as caught:
        load_experiment(path)
    message = str(caught.value)
    assert "own.toml" in message
    assert "\n" not in message
    for words in said:
        assert words in message


def test_the_line_of_a_syntax_error_is_the_files(write: Write) -> None:
    text = "\n" * 41 + "lr = = 3\n"
    with pytest.raises(ConfigError, match="line 42"):
        load_experiment(write(text=text))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fig33.toml: no such file.*did you mean 'fig3'\? Valid: fig1"):
        load_experiment(tmp_path / "fig33.toml")


def test_a_folder_is_no_experiment(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_experiment(tmp_path)


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is not UTF-16-LE text from byte 0 on: save it as UTF-8"):
        load_experiment(path)


def test_a_group_of_built_in_and_own(write: Write) -> None:
    write()
    group = load_experiment(write(text=GROUP, name="pair.toml"))
    assert [member.name for member in flatten(group)] == ["fig3", "own"]


def test_groups_inside_groups_give_each_member_once(write: Write) -> None:
    path = write(('"own.toml"', '"fig4", "fig4-left"'), text=GROUP, name="pair.toml")
    assert [member.name for member in flatten(load_experiment(path))] == ["fig3", "fig4-left", "fig4-right"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ('["fig33"]', "unknown member 'fig33'; did you mean 'fig3'?"),
        ('["none.toml"]', "unknown member 'none.toml'"),
        ('["pair.toml"]', "the group contains itself: pair > pair"),
        ("[]", "members is empty"),
        ('["fig3", "fig3"]', "'fig3' twice"),
        ("3", "list of non-empty strings"),
    ],
)
def test_wrong_groups(write: Write, members: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(write(('["fig3", "own.toml"]', members), text=GROUP, name="pair.toml"))
    assert message in str(caught.value)
    assert "pair.toml" in str(caught.value)


def test_a_longer_cycle(write: Write) -> None:
    write(("own.toml", "pair.toml"), ('"pair"', '"other"'), text=GROUP, name="other.toml")
    with pytest.raises(ConfigError, match="pair > other > pair"):
        load_experiment(write(("own.toml", "other.toml"), text=GROUP, name="pair.toml"))


def test_a_member_may_not_borrow_a_name_either(write: Write) -> None:
    write(('name = "own"', 'name = "blog"'))
    with pytest.raises(ConfigError, match="'blog' is a built-in"):
        load_experiment(write(text=GROUP, name="pair.toml"))


def test_two_different_members_of_one_name(write: Write) -> None:
    write()
    write((LR, "lr = 1"), name="twin.toml")
    with pytest.raises(ConfigError, match="two different members are named 'own'"):
        load_experiment(write(('"fig3"', '"twin.toml"'), text=GROUP, name="pair.toml"))


def test_a_copy_of_a_built_in_may_keep_its_name(write: Write) -> None:
    from overparam_cli.experiments import config_folder

    text = (config_folder() / "fig3.toml").read_text(encoding="utf-8")
    assert load_experiment(write(text=text)).name == "fig3"


def test_a_whole_float_is_the_integer_that_the_command_line_makes_of_it(write: Write) -> None:
    (trial, *_) = expand(load_experiment(write(("iterations = 100", "iterations = 1e2"))))["l4"]
    (same, *_) = expand(load_experiment(write()))["l4"]
    assert trial.iterations == 100
    assert isinstance(trial.iterations, int)
    assert trial.trial_id == same.trial_id


def test_the_mark_that_some_editors_begin_a_file_with_is_no_matter(write: Write, tmp_path: Path) -> None:
    path = write()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_experiment(path).name == "own"


def test_everything_that_is_wrong_is_said_at_once(write: Write) -> None:
    iterations = ("iterations = 100", "iterations = 0\nwidht = 3")
    changes = (("title = ", "titel = "), iterations, (DEEP, DEEP + "\ncolor = -1"))
    with pytest.raises(ConfigError) as caught:
        load_experiment(write(*changes))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("5 faults: (1) own.toml: 'title' is missing; (2) own.toml:2: unknown key 'titel'")
    said = ("iterations = 0", "unknown key 'widht'", "color = -1")
    where = ("own.toml:9 [trial]: ", "own.toml:10 [trial]: ", "own.toml:19 [[curves]] 'deep': ")
    for place, words in enumerate(map("".join, zip(where, said, strict=True)), start=3):
        assert words in message.partition(f"({place})")[2].partition(f"({place + 1})")[0]


def test_names_are_looked_up_beside_everything_else(write: Write) -> None:
    """What a registry lacks is said with the rest, once, where it stands, and not once for every curve."""
    changes = (
        (DEEP, DEEP + '\noptimizer = "adm"\ninit = "identiy"'),
        (LR, LR + '\npreprocessing = "zscor"\ndtype = "x"'),
    )
    with pytest.raises(ConfigError) as caught:
        load_experiment(write(*changes))
    message = str(caught.value)
    assert message.startswith("4 faults: (1) own.toml:9 [trial]: unknown preprocessing 'zscor'; did you mean")
    assert "(2) own.toml:10 [trial]: dtype = 'x'" in message
    assert "own.toml:20 [[curves]] 'deep': unknown optimizer 'adm'" in message
    assert "own.toml:21 [[curves]] 'deep': unknown init 'identiy'" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("[trial]", "[[trial]]")], "own.toml:5 [trial] must be a table, given once"),
        ([('[[curves]]\nname = "shallow"', '[curves]\nname = "shallow"')], "a curve is headed [[curves]]"),
        ([('kind = "linear"', "")], "own.toml: 'kind' is missing: give one of linear, cnn, theory, group"),
        ([("kind =", "knd =")], "own.toml: 'kind' is missing, and 'knd' is no key: did you mean 'kind'?: give one of"),
        (
            [('kind = "linear"', 'kind = "liner"')],
            "own.toml:3: kind = 'liner' is no kind of experiment; did you mean 'linear'?",
        ),
        ([("iterations = 100", "iterations = 1e6 0")], "at line 9"),
        ([(DEEP, DEEP + "\n[plot]\nylim = [\n 1,\n 0]\nyscale = 'lgo'")], "own.toml:22 [plot]: yscale = 'lgo'"),
        (
            [(DEEP, DEEP + "\n[analysis]\nbaseline = 'shalow'")],
            "own.toml:18 [analysis]: baseline = 'shalow' is no curve",
        ),
        ([(LR, "lr = 'a # b'")], "own.toml:8 [trial]: lr = 'a # b'"),
    ],
)
def test_a_fault_is_said_with_its_line(changes: list[tuple[str, str]], said: str, write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment(write(*changes))
    assert said in str(caught.value)
