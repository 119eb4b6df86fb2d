"""What needs Python only: these run in a bare system too."""
import json
import os
import shutil
import subprocess
import sys
import threading

import pytest

import tracemill as tm


def test_version_and_command():
    out = subprocess.run([sys.executable, "-m", "tracemill", "--version"], capture_output=True, text=True)
    assert out.stdout.strip() == tm.__version__
    assert tm.__build__ in ("release", "debug")


def test_command_and_package_give_the_same_figures():
    run = tm.simulate("study:tasks=500,load=0.8", "study:10", "best-fit", 5)
    printed = json.loads(
        tm._commands.run_command(
            "simulate", workload="study:tasks=500,load=0.8", cluster="study:10", scheduler="best-fit",
            seed=5, json=True,
        )
    )
    for cost in ("wall_s", "cpu_s", "tasks_per_cpu_second"):
        printed.pop(cost)
        run.summary.pop(cost)
    assert run.summary == printed


def test_same_seed_same_tasks(work):
    again = tm.generate("study", tasks=600, load=0.9, cluster="study:10", seed=3)
    other = tm.generate("study", tasks=600, load=0.9, cluster="study:10", seed=4)
    assert again.to_dict() == work.to_dict()
    assert other.to_dict() != work.to_dict()
    assert len(work) == 600


def test_tables_of_a_run(work):
    run = tm.simulate(work, "study:10", "best-fit", 1)
    tasks = run.tasks.to_dict()
    assert len(tasks["job_id"]) == run.summary["submitted"] == 600
    assert tasks["outcome"].count("finished") == run.summary["outcomes"]["finished"]
    waits = [wait for wait in tasks["wait_us"]]
    assert sum(waits) / 600 / 1e6 == pytest.approx(run.summary["wait_s"]["mean"], rel=1e-9)
    assert len(run.machines.to_dict()["machine_id"]) == 10
    assert sum(run.machines.to_dict()["energy_kwh"]) == pytest.approx(
        run.summary["energy_kwh"]["total"], rel=1e-6
    )
    assert run.series.to_dict()["start_us"] == sorted(run.series.to_dict()["start_us"])
    assert "best-fit" in repr(run) and "<pre>" in run._repr_html_()
    assert tm.simulate(work, "study:10", tasks=False).tasks.to_dict()["job_id"] == []


@pytest.mark.parametrize(
    "kind, path, call",
    [
        (tm.DescriptionError, "cluster.groups[1].cores", dict(cluster=[
            {"count": 1, "cores": 4, "memoryGiB": 8}, {"count": 1, "cores": -4, "memoryGiB": 8}])),
        (tm.DescriptionError, "engine.qeue", dict(cluster="study:5", qeue="sjf")),
        (tm.DescriptionError, "engine.mode", dict(cluster="study:5", mode="centrall")),
        (tm.RequestError, None, dict(cluster="study:five")),
        (tm.RequestError, None, dict(cluster="study:5", scheduler="bst-fit")),
        (tm.DescriptionError, "seed", dict(cluster="study:5", seed=-1)),
    ],
)
def test_mistakes_are_told_with_their_path(work, kind, path, call):
    with pytest.raises(kind) as caught:
        tm.simulate(work, **call)
    assert caught.value.path == path


def test_every_mistake_is_told(work):
    with pytest.raises(tm.DescriptionError) as caught:
        tm.simulate(work, [{"count": -1, "cores": "x"}], queue="nope", scale_run_times=-2)
    paths = {issue.path for issue in caught.value.issues}
    assert {"cluster.groups[0].count", "cluster.groups[0].cores", "engine.queue", "scaleRunTimes"} <= paths


def test_input_errors_have_file_and_line(tmp_path):
    with pytest.raises(tm.InputError) as caught:
        tm.open(tmp_path / "none").inspect()
    assert caught.value.path == str(tmp_path / "none")
    bad = tmp_path / "bad.csv"
    bad.write_text("job_id,submit_us,run_us,cpu_cores\n1,0,5,1\n2,x,5,1\n")
    with pytest.raises(tm.InputError) as caught:
        tm.open(bad).records().to_dict()
    assert "bad.csv:3:2" in str(caught.value)


def test_trace_from_files(tmp_path, work):
    path = tmp_path / "tasks.csv"
    path.write_text("job_id,submit_us,run_us,cpu_cores\n1,0,5000000,1\n2,1000000,6000000,0.5\n")
    trace = tm.open(path)
    assert trace.records().to_dict()["run_us"] == [5000000, 6000000]
    assert trace.records(from_=0.5).to_dict()["job_id"] == [2]
    assert trace.inspect()["format"] == "records" and "2 tasks" in repr(trace)
    run = tm.simulate(trace, cluster=[{"count": 1, "cores": 1, "memoryGiB": 1}])
    assert run.summary["submitted"] == 2 and run.summary["makespan_s"] == 11.0
    assert tm.simulate(trace.records(from_="500ms"), "study:5").summary["submitted"] == 1
    tm.convert(path, tmp_path / "tasks.parquet")
    assert tm.open(tmp_path / "tasks.parquet").records().to_dict()["job_id"] == [1, 2]
    with pytest.raises(tm.CommandError) as caught:
        tm.convert(tmp_path / "absent", tmp_path / "x.csv")
    assert caught.value.returncode == 1 and "absent" in str(caught.value)


def test_fit():
    values = tm.generate("study", tasks=3000, seed=1).to_dict()["run_us"]
    fit = tm.fit([value / 1e6 for value in values], families=["lognormal", "weibull"], replicates=0)
    assert {law["fit"]["family"] for law in fit.laws} == {"lognormal", "weibull"}
    assert fit.best["aic"] == min(law["aic"] for law in fit.laws)
    with pytest.raises(tm.DescriptionError) as caught:
        tm.fit([1.0, 2.0], families=["lognormall"])
    assert caught.value.path == "families[0]"
    with pytest.raises(tm.RequestError):
        tm.fit([1.0, -1.0, 2.0])
    with pytest.raises(tm.RequestError):
        tm.fit([])


def test_interrupt_stops_soon_and_leaves_nothing():
    code = (
        "import threading, time, os, signal, tracemill as tm\n"
        # Whoever started the tests may have had it ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def stop():\n"
        "    global sent; time.sleep(0.7); sent = time.monotonic(); os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=stop).start()\n"
        "try: tm.CALL\n"
        "except KeyboardInterrupt: print(time.monotonic() - sent)\n"
    )
    for call in (
        "simulate('study:tasks=50000000,load=0.9', 'study:100', 'best-fit', tasks=False)",
        "generate('study', tasks=200000000)",
        "compare(['study:tasks=50000000,load=0.9'], ['study:100'], ['random', 'best-fit'])",
        "fit([1 + i % 997 + i / 7e5 for i in range(20000)], replicates=1000000)",
    ):
        out = subprocess.run(
            [sys.executable, "-c", code.replace("CALL", call)], capture_output=True, text=True, timeout=60
        )
        assert out.returncode == 0, out.stderr
        # 0.2 s on a machine that has nothing else to do.
        assert float(out.stdout) < 2, call


def test_progress_is_told_and_its_exception_ends_the_call():
    class Enough(Exception):
        pass

    seen = []

    def progress(done, total, tasks):
        seen.append(tasks)
        if len(seen) == 3:
            raise Enough

    with pytest.raises(Enough):
        tm.simulate("study:tasks=50000000,load=0.9", "study:100", tasks=False, progress=progress)
    assert seen == sorted(seen) and seen[-1] > 0


def test_threads_do_not_disturb_each_other(work):
    expected = tm.simulate(work, "study:10", "best-fit", 1).tasks.to_dict()
    results, failures = [], []

    def job():
        try:
            results.append(tm.simulate(work, "study:10", "best-fit", 1).tasks.to_dict())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=job) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and all(result == expected for result in results)


def test_import_is_quick_and_light():
    code = "import sys, tracemill; print([m for m in ('numpy', 'pandas', 'pyarrow') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_header_is_shipped():
    with open(os.path.join(tm.include(), "tracemill.h")) as file:
        assert "TRACEMILL_ABI_VERSION" in file.read()


def test_processors_of_x86_64_v2(tmp_path):
    """What is quicker on newer processors is chosen when it runs."""
    if not shutil.which("qemu-x86_64"):
        pytest.skip("no qemu-user")
    program = ["qemu-x86_64", "-cpu", "Nehalem", tm._commands.PROGRAM]
    path = tmp_path / "tasks.parquet"

    def run(*words):
        out = subprocess.run([*program, *words], capture_output=True, text=True)
        assert out.returncode == 0, out.stderr
        return out.stdout

    run("generate", "study", "--tasks", "300", "-o", str(path))
    assert "300 tasks" in run("inspect", str(path))
    run("fit", str(path))
    words = ["simulate", "--workload", "study:tasks=200,load=0.5", "--cluster", "study:20", "--seed", "3", "--json"]
    for scheduler in ("best-fit", "marl:study-100"):
        there = json.loads(run(*words, "--scheduler", scheduler))
        here = tm.simulate("study:tasks=200,load=0.5", "study:20", scheduler, 3).summary
        assert there["wait_s"] == here["wait_s"], scheduler
