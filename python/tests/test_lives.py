"""Objects that were closed, processes that were forked, libraries that do not fit."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import tracemill as tm


def test_closed_objects_say_so():
    with tm.generate("study", tasks=10, seed=1) as work:
        run = tm.simulate(work, "study:5")
        assert len(work) == 10
    for use in (lambda: len(work), work.to_dict, lambda: tm.simulate(work, "study:5")):
        with pytest.raises(tm.Closed, match="Workload has been closed"):
            use()
    assert "closed" in repr(work)
    tasks = run.tasks
    run.close()
    run.close()
    with pytest.raises(tm.Closed, match="Run has been closed"):
        tasks.to_dict()
    assert run.summary["submitted"] == 10


def test_closed_environments_say_so():
    numpy = pytest.importorskip("numpy")
    gymnasium = pytest.importorskip("gymnasium")
    from tracemill.envs import NativeEnvironments

    rules = dict(workload="study:tasks=20", cluster="study:3")
    native = NativeEnvironments("placement", 2, **rules)
    native.reset(1)
    native.close()
    for use in (lambda: native.step([0, 0]), lambda: native.reset(1), lambda: native.send([0, 0])):
        with pytest.raises(tm.Closed):
            use()
    env = gymnasium.make("tracemill/Placement-v0", **rules).unwrapped
    env.reset(seed=1)
    env.close()
    with pytest.raises(tm.Closed):
        env.step(0)
    with pytest.raises(tm.Closed):
        env.reset(seed=1)
    vector = gymnasium.make_vec(
        "tracemill/Placement-v0", 2, vectorization_mode="vector_entry_point", **rules
    )
    vector.reset(seed=1)
    vector.close()
    with pytest.raises(tm.Closed):
        vector.step(numpy.zeros(2, int))


FORK = """
import os, sys, tracemill as tm
{before}
child = os.fork()
if child == 0:
    try:
        print(len({use}))
    except RuntimeError as error:
        print("refused", "forked" in str(error))
    sys.stdout.flush()
    os._exit(0)
_, status = os.waitpid(child, 0)
print("child", status)
"""


@pytest.mark.parametrize(
    "before, use, told",
    [
        ("work = tm.generate('study', tasks=7)", "tm.generate('study', tasks=7)", "refused True"),
        ("work = tm.generate('study', tasks=7)", "work.to_dict()", "refused True"),
        ("pass", "tm.generate('study', tasks=7)", "7"),
    ],
)
def test_fork(before, use, told):
    code = FORK.format(before=before, use=use)
    command = [sys.executable, "-W", "ignore", "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert out.stdout.split("\n")[:2] == [told, "child 0"], out.stdout + out.stderr


def test_a_library_of_another_version_is_refused(tmp_path):
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    with open(os.path.join(tm.include(), "tracemill.h")) as file:
        names = set(re.findall(r"\b(tm_[a-z_]+)\(", file.read())) - {"tm_abi_version"}
    (tmp_path / "other.c").write_text(
        "unsigned tm_abi_version(void) { return 99; }\n"
        + "".join(f"void {name}(void) {{}}\n" for name in sorted(names))
    )
    package = pathlib.Path(tm.include())
    ignored = shutil.ignore_patterns("libtracemill.so", "_bin", "__pycache__")
    shutil.copytree(package, tmp_path / "tracemill", ignore=ignored)
    shutil.copy(package.parent / "tracemill_command.py", tmp_path)
    command = ["cc", "-shared", "-fPIC", "-Wl,-soname,libtracemill.so", "other.c", "-o", "tracemill/libtracemill.so"]
    subprocess.run(command, cwd=tmp_path, check=True)
    out = subprocess.run(
        [sys.executable, "-c", "import tracemill"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert out.returncode == 1 and "of version 99 of its interface, not 1" in out.stderr, out.stderr


def test_a_plugin_of_another_version_is_refused(tmp_path):
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    (tmp_path / "old.c").write_text("const int tm_scheduler_abi = 99;\n")
    subprocess.run(["cc", "-shared", "-fPIC", "old.c", "-o", "old.so"], cwd=tmp_path, check=True)
    with pytest.raises(tm.SchedulerError, match="is for version 99 of tracemill.h"):
        tm.simulate("study:tasks=10", "study:5", f"plugin:{tmp_path}/old.so")


def test_no_program_is_left_behind(examples):
    """A scheduler that is a program ends with its run, however that ends."""
    pytest.importorskip("numpy")
    for program in ("cat >/dev/null; sleep 1000", f"{sys.executable} {examples}/best_fit_process.py"):
        command = f"process:: marks-this-test; {program}"
        try:
            tm.simulate("study:tasks=5", "study:3", command, scheduler_timeout=1)
        except (tm.SchedulerError, tm.DescriptionError):
            pass
    lines = [
        line
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")
        for line in [_read(path)]
        if b"marks-this-test" in line and b"pytest" not in line
    ]
    assert not lines


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
