"""The C face, from C."""
import os
import re
import shutil
import subprocess

import pytest

import tracemill as tm

HERE = os.path.dirname(os.path.abspath(__file__))


def compiled(source, target, *options):
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    folder = tm.include()
    subprocess.run(
        ["cc", "-O1", "-g", "-Wall", *options, f"-I{folder}", str(source), "-o", str(target), f"-L{folder}",
         "-ltracemill", f"-Wl,-rpath,{folder}", "-Wl,--allow-shlib-undefined"],
        check=True,
    )  # fmt: skip
    return str(target)


def test_environments_from_c_are_those_of_python(tmp_path, examples):
    numpy = pytest.importorskip("numpy")
    from tracemill.envs import NativeEnvironments

    program = compiled(examples / "vector.c", tmp_path / "vector", "-O2")
    game = '{"workload": "study:tasks=60,load=0.9", "cluster": "study:5"}'
    count, rounds = 6, 150
    sums = []
    for threads in (1, 2):
        words = [program, game, str(count), str(threads), str(rounds), "6", "48"]
        out = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        assert int(out[0]) == count * rounds
        sums.append(float(out[1]))
    native = NativeEnvironments("placement", count, workload="study:tasks=60,load=0.9", cluster="study:5")
    seeds = numpy.arange(1, count + 1)
    native.reset(seeds)
    total = 0.0
    for _ in range(rounds):
        native.step(native.masks.argmax(1))
        total += float(native.rewards.astype(float).sum())
        over = native.terminals.astype(bool)
        if over.any():
            seeds[over] += count
            native.reset(seeds, over)
    assert sums[0] == sums[1] == pytest.approx(total, rel=1e-5)
    bad = subprocess.run([program, '{"cluster": 5}', "1", "1", "1", "6", "48"], capture_output=True, text=True)
    assert bad.returncode == 1 and "workload" in bad.stderr


def test_a_million_calls_leave_nothing(tmp_path):
    try:
        program = compiled(f"{HERE}/soak.c", tmp_path / "soak", "-fsanitize=address,undefined")
    except subprocess.CalledProcessError:
        pytest.skip("no sanitizers")
    # The tests of every change have a debug build, in which a million take minutes.
    calls = 1_000_000 if os.environ.get("TRACEMILL_SLOW") == "1" else 100_000
    left = []
    for rounds in (40, 400):
        out = subprocess.run(
            [program, str(rounds), str(calls)], capture_output=True, text=True,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1:exitcode=0"},
        )  # fmt: skip
        assert out.returncode == 0, out.stderr[-3000:]
        assert re.fullmatch(rf"{calls} calls, \d+ episodes\n", out.stdout)
        assert "ERROR: AddressSanitizer" not in out.stderr and "runtime error" not in out.stderr
        found = re.search(r"(\d+) byte\(s\) leaked", out.stderr)
        left.append(int(found[1]) if found else 0)
    # What Swift keeps for good, once, in words that the sanitizer does not know for pointers: no more for more.
    assert left[0] == left[1] < 100_000, left


def test_the_header_says_what_there_is(tmp_path):
    """Every function of the header is exported, and nothing else of ours."""
    with open(os.path.join(tm.include(), "tracemill.h")) as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    declared = set(re.findall(r"\b(tm_[a-z_]+)\(", text))
    if not shutil.which("nm"):
        pytest.skip("no nm")
    library = os.path.join(tm.include(), "libtracemill.so")
    listed = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    exported = {line.split()[-1] for line in listed.stdout.splitlines()} - {"tracemill_main"}
    assert {name for name in exported if not name.startswith("_")} == declared
