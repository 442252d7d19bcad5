"""States of DVC, git or the branch's own files by which a check once passed falsely, or might."""

import re
import sys

import pytest

from tests.cli.test_validate import validate

NOT_COMMITTED = "not as in the last commit: "
DIFFERS = "the rebuild differs from the committed results in dvc.lock"
CACHE = "DVC's cache holds other content"
DAMAGE = "f=.dvc/cache/files/md5/${MODEL:0:2}/${MODEL:2}; rm $f; echo x > $f; chmod 444 $f"
BETTER = """echo '{"accuracy": 0.99, "macro_f1": 0.99}' > metrics/evaluation/one.json"""
NO_STAGE = "sed -i '/^  train:/,/outs:/d' dvc.yaml; "
RELOCK = "dvc commit -q --force"
COMMIT = "git add --all; git commit -q -m fooled"
CASES = {  # what is done; what the checks lock and rebuild must say then, None: that it is well
    "frozen, with the code changed": (
        f"dvc freeze -q train; echo '#' >> code/train.sh; dvc repro -q; {COMMIT}",
        "train (frozen: ", "train (frozen: ",
    ),
    "frozen, with parameters changed": (
        f"dvc freeze -q train; sed -i 's/seed: 0/seed: 1/' params.yaml; dvc repro -q; {COMMIT}",
        "train (frozen: ", "train (frozen: ",
    ),
    "metrics": (f"{BETTER}; {COMMIT}", "(metrics/evaluation)", "(metrics/evaluation)"),
    "metrics and their hash": (
        f"{BETTER}; {RELOCK}; {COMMIT}", None, f"{DIFFERS}, metrics/evaluation/one.json",
    ),
    "metrics, with autostage": (
        f"dvc config --local core.autostage true; {BETTER}; {RELOCK}; {COMMIT}",
        None, f"{DIFFERS}, metrics/evaluation/one.json",
    ),
    "metrics that no stage declares": (
        f"sed -i /dataset.json/d dvc.yaml; echo '{{}}' > metrics/dataset.json; {RELOCK}; {COMMIT}",
        None, "committed results in metrics/dataset.json",
    ),
    "an output in git, which its stage only keeps": (
        "sed -i 's/outs: .*/outs: [{models\\/one.keras: {persist: true}}, models\\/two.keras]/;"
        "s/sh code/date > models\\/two.keras # /' dvc.yaml; echo better > models/one.keras;"
        f"{RELOCK}; git add -f models/one.keras; {COMMIT}", None, "`dvc repro --force --all-",
    ),
    "metrics of a removed stage": (
        f"echo '{{}}' > metrics/old.json; {COMMIT}", None, "committed results in metrics/old.json",
    ),
    "an output": ("echo better > models/one.keras", "train (models/one.keras)", None),
    "an output and its hash": (
        f"echo better > models/one.keras; {RELOCK}; {COMMIT}", None, DIFFERS,
    ),
    "the hashes of an output that is not here": (
        f"rm models/one.keras; sed -i s/$MODEL/f${{MODEL:1}}/ dvc.lock; {COMMIT}",
        None, DIFFERS,
    ),
    "one of the hashes": (
        f"sed -i 0,/$MODEL/s/$MODEL/f${{MODEL:1}}/ dvc.lock; {COMMIT}",
        "evaluate (models/one.keras)", "evaluate (models/one.keras)",
    ),
    "code, of the same size and time": (
        "touch -r source.json t; printf '[1]' | dd conv=notrunc status=none of=source.json;"
        "touch -r t source.json; rm t", "train (source.json)", f"{NOT_COMMITTED}source.json",
    ),
    "the cache": (DAMAGE, CACHE, CACHE),
    "another cache": (
        f"{DAMAGE}; mv .dvc/cache ../other; dvc cache dir -q ../other; {COMMIT}", CACHE, CACHE,
    ),
    "parameters in a second file": (
        "printf 'train:\\n  seed: 0\\n' > more.yaml; sed -i 's/seed: 0/seed: 1/' params.yaml;"
        "sed -i 's/params: .train./params: [{more.yaml: [train]}]/' dvc.yaml;"
        f"{RELOCK}; {COMMIT}", "another file, more.yaml", "another file, more.yaml",
    ),
    "parameters that a stage does not list": (
        f"printf 'evaluate:\\n  seed: 1\\n' >> params.yaml; {COMMIT}",
        "its params lack the section evaluate", "its params lack the section evaluate",
    ),
    "wdir": (
        "mkdir sub; cp -r code source.json params.yaml sub; sed -i 's/^  train:/&\\n    wdir: sub/;"
        f"s/outs: .*/outs: [..\\/models\\/one.keras, ..\\/models\\/two.keras]/' dvc.yaml; {RELOCK};"
        f"{COMMIT}", "another file, sub/params.yaml", "another file, sub/params.yaml",
    ),
    "always_changed": (
        f"sed -i 's/^  train:/&\\n    always_changed: true/' dvc.yaml; {COMMIT}",
        "train (always changed)", "train (always changed)",
    ),
    "vars": (
        "sed -i 's/^stages:/vars: [vars.yaml]\\n&/; s/sh code/sh ${x}code/' dvc.yaml;"
        f"echo 'x: \"\"' > vars.yaml; {RELOCK}; echo 'x: -e ' > vars.yaml; {COMMIT}",
        "train (its command)", "train (its command)",
    ),
    "another command": (
        f"sed -i 's/train.sh/& -e/' dvc.yaml; {COMMIT}",
        "train (its command)", "train (its command)",
    ),
    "a removed stage, its models in git": (
        f"{NO_STAGE} git add --force models; {COMMIT}",
        "(no stage makes it)", "(no stage makes it)",
    ),
    "a removed stage, its models as data": (
        f"{NO_STAGE} dvc add -q models/one.keras models/two.keras; {COMMIT}",
        "(no stage makes it)", "(no stage makes it)",
    ),
    "an import": (
        f"dvc import-url -q $PWD/source.json data; {COMMIT}", "data.dvc (", "data.dvc (",
    ),
    "a stage in another folder": (
        "mkdir sub; printf 'stages:\\n  x:\\n    cmd: echo x > x\\n    outs: [x]' > sub/dvc.yaml;"
        f"dvc repro -q -P; sed -i 's/echo x/echo y/' sub/dvc.yaml; {COMMIT}",
        "sub/dvc.yaml:x", "sub/dvc.yaml:x",
    ),
    ".dvcignore": (
        f"echo code/train.sh > .dvcignore; {RELOCK}; echo '#' >> code/train.sh; {COMMIT}",
        "DVC ignores code/train.sh", "DVC ignores code/train.sh",
    ),
    "code that git ignores": (
        "echo /extra > .git/info/exclude; echo 'cp() { echo better > $2; }' > extra;"
        f"dvc repro -q --force; {COMMIT}", None, DIFFERS,
    ),
    "code that is not committed": (
        "echo 'cp() { echo better > $2; }' > extra; dvc repro -q --force; git commit -qam x",
        None, DIFFERS,
    ),
    "assume-unchanged": (
        "git update-index --assume-unchanged code/train.sh; echo '#' >> code/train.sh",
        "train (code)", f"{NOT_COMMITTED}code/train.sh",
    ),
    "skip-worktree": (
        "git update-index --skip-worktree code/train.sh; echo '#' >> code/train.sh",
        "train (code)", f"{NOT_COMMITTED}code/train.sh",
    ),
    "a sparse checkout": (
        "git status; git sparse-checkout set --no-cone '/*' '!/code/'",
        "train (code)", f"{NOT_COMMITTED}code/train.sh",
    ),
    "git replace": (
        f"old=$(git rev-parse HEAD:source.json); echo '[1]' > source.json; {RELOCK};"
        "git replace $old $(git hash-object -w source.json); git add dvc.lock; git commit -qm x",
        None, f"{NOT_COMMITTED}source.json",
    ),
    "an experiment": (
        "dvc exp run -q --name x -S train.seed=5; git reset -q --hard; dvc exp apply -q x",
        None, f"{NOT_COMMITTED}dvc.lock, params.yaml",
    ),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the commands are GNU's")
@pytest.mark.parametrize(
    "case",
    [  # where the stages run, it takes longer
        pytest.param(name, marks=[pytest.mark.slow] * (case[1] is None or case[2] is None))
        for name, case in CASES.items()
    ],
)
def test_no_check_says_ok_of_what_it_has_not_seen(small, case):
    script, *wanted = CASES[case]
    model = re.search(r"one.keras\n.*\n +md5: (\w+)", small.path("dvc.lock").read_text())[1]
    small.run("bash", "-euc", script, MODEL=model)
    names = ("lock", "rebuild")
    failed = [name for name, text in zip(names, wanted, strict=True) if text]
    said = validate(small, *names, failed=failed)
    for name, text in zip(names, wanted, strict=True):
        assert (text or "ok ") in said[name], said
