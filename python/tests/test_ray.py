"""Work in shards on a real cluster of three nodes on this machine: whatever dies, the bytes are those of one process.

Skipped where Ray is not installed (``pip install tracemill[ray]``; ``tools/test-ray`` does it).
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import Any, Iterator

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install tracemill[ray]")

import ray as engine
from ray.cluster_utils import Cluster

import tracemill.ray as shards
from tracemill._commands import run_command

#: A second of the debug program or so: long enough to be killed in the middle of it.
PARTS = int(os.environ.get("TRACEMILL_RAY_PARTS", "8"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "object_store_memory": 80 << 20, "include_dashboard": False},
    )
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    engine.init(address=cluster.address, log_to_driver=False)
    yield cluster
    engine.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("trace") / "t"
    run_command(
        "generate",
        "google-2011-tasks",
        to_format="google-2011",
        parts=PARTS,
        rows_per_part=4000,
        warm_up="2h",
        output=folder,
    )
    return folder / "task_events"


@pytest.fixture(scope="module")
def whole(trace: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "one.parquet"
    run_command("convert", trace, output=path)
    return path.read_bytes()


EXPERIMENT = """
name: small
workloads: [{name: short, source: "study:tasks=400"}]
clusters: [{name: small, source: "study:20"}]
schedulers: [first-fit, best-fit, random]
seeds: 8
outputs: [markdown]
"""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("experiment") / "small.yaml"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture(scope="module")
def tables(experiment: pathlib.Path) -> bytes:
    folder = experiment.parent / "one"
    run_command("compare", experiment=experiment, output=folder)
    return (folder / "tables.md").read_bytes()


@pytest.fixture
def deaths(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """Every shard's first worker dies: within 0.2 s of its beginning, or when the work is done and not yet handed in.

    No clock decides whether one dies, however short the work. The folder has a file for each that did.
    """
    from tracemill.ray import _shards

    do, folder = _shards.do, tmp_path / "deaths"
    folder.mkdir()

    def die_once(make: Any, shard: str, version: str) -> bytes:
        try:
            os.close(os.open(folder / shard.replace("/", "-of-"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return do(make, shard, version)

        def die() -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Timer(0.05 * (int(shard.split("/")[0]) % 5), die).start()
        do(make, shard, version)
        die()
        raise AssertionError("a process outlived SIGKILL")

    monkeypatch.setattr(_shards, "do", die_once)
    yield folder
    assert os.listdir(folder), "no worker did a shard"


@pytest.fixture
def held(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Shards from the fifth on wait until this file is there: the work is not done before."""
    from tracemill.ray import _shards

    do, sign = _shards.do, tmp_path / "go-on"

    def wait(make: Any, shard: str, version: str) -> bytes:
        end = time.monotonic() + 300
        while int(shard.split("/")[0]) > 4 and not sign.exists() and time.monotonic() < end:
            time.sleep(0.02)
        return do(make, shard, version)

    monkeypatch.setattr(_shards, "do", wait)
    return sign


def test_plain(cluster: Any, trace: pathlib.Path, whole: bytes, tmp_path: pathlib.Path) -> None:
    seen: list[shards.Progress] = []
    summary = shards.convert(trace, tmp_path / "a.parquet", shards=4, progress=seen.append)
    assert (tmp_path / "a.parquet").read_bytes() == whole
    assert summary["records"] > 0
    assert seen[-1].done == seen[-1].total == 4 and "4 of 4 shards" in str(seen[-1])
    assert os.listdir(tmp_path) == ["a.parquet"]


def test_workers_killed(
    cluster: Any, trace: pathlib.Path, whole: bytes, tmp_path: pathlib.Path, deaths: pathlib.Path
) -> None:
    shards.convert(trace, tmp_path / "a.parquet", shards=8, retries=40, progress=None)
    assert len(os.listdir(deaths)) == 8
    assert sum(node["Alive"] for node in engine.nodes()) == 3, "workers die here, nodes elsewhere"
    assert (tmp_path / "a.parquet").read_bytes() == whole


def test_node_removed(
    cluster: Any,
    trace: pathlib.Path,
    whole: bytes,
    experiment: pathlib.Path,
    tables: bytes,
    tmp_path: pathlib.Path,
    held: pathlib.Path,
) -> None:
    removed: list[float] = []

    def remove(progress: shards.Progress) -> None:
        if progress.done >= 1 and not removed:
            removed.append(progress.done)
            cluster.remove_node(sorted(cluster.worker_nodes, key=id)[0], allow_graceful=False)
            cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
            held.touch()

    shards.convert(trace, tmp_path / "a.parquet", shards=8, retries=10, progress=remove)
    assert removed and removed[0] <= 4
    assert (tmp_path / "a.parquet").read_bytes() == whole
    removed.clear()
    held.unlink()
    shards.compare(experiment, tmp_path / "results", shards=8, retries=10, progress=remove)
    assert removed and removed[0] <= 4
    assert (tmp_path / "results" / "tables.md").read_bytes() == tables


def test_driver_killed_and_resumed(
    cluster: Any, trace: pathlib.Path, whole: bytes, tmp_path: pathlib.Path
) -> None:
    target = tmp_path / "a.parquet"
    script = textwrap.dedent(
        f"""
        import time
        import tracemill.ray as shards
        from tracemill.ray import _shards
        do = _shards.do
        def hang(make, shard, version):
            time.sleep(600 if int(shard.split("/")[0]) > 4 else 0)
            return do(make, shard, version)
        _shards.do = hang  # the work is not done before the driver is killed
        shards.convert({str(trace)!r}, {str(target)!r}, shards=8, progress=None, address={cluster.address!r})
        """
    )
    driver = subprocess.Popen([sys.executable, "-c", script])
    work = tmp_path / "a.parquet.shards"
    end = time.monotonic() + 60
    while not list(work.glob("*.parts")) and driver.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in work.glob("*.parts")}
    assert kept and not target.exists()
    begun: list[shards.Progress] = []
    shards.convert(trace, target, work=work, progress=begun.append)
    assert target.read_bytes() == whole
    # What was there was not done again.
    assert {name: (work / name).stat().st_mtime_ns for name in kept} == kept
    # Other work does not mix with it.
    with pytest.raises(ValueError, match="holds shards of other work"):
        shards.convert(trace, target, work=work, lenient=True, progress=None)


def test_what_fails_is_named(cluster: Any, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    bad = tmp_path / "bad" / "task_events"
    bad.mkdir(parents=True)
    for path in trace.iterdir():
        (bad / path.name).symlink_to(path)
    last = sorted(bad.iterdir())[-1]
    last.unlink()
    last.write_bytes(b"1,,oops,0,,0,u,1,1,0.1,0.1,0.1,0\n")
    with pytest.raises(shards.ShardError) as failure:
        shards.convert(bad, tmp_path / "a.parquet", shards=4, progress=None)
    assert list(failure.value.failures) == ["shard 4/4"]
    assert "job ID" in str(failure.value) and "is kept in" in str(failure.value)
    assert sorted(path.name for path in (tmp_path / "a.parquet.shards").glob("*.parts")) == [
        "1.parts",
        "2.parts",
        "3.parts",
    ]


def test_stragglers_run_twice(
    cluster: Any, trace: pathlib.Path, whole: bytes, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that hangs over its shard is overtaken by a twin, and the call does not wait for it."""
    marker = tmp_path / "first"

    def slow(make: Any, shard: str, version: str) -> bytes:
        if shard.startswith("2/"):
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                time.sleep(600)
        return do(make, shard, version)

    from tracemill.ray import _shards

    do = _shards.do
    monkeypatch.setattr(_shards, "do", slow)
    begun = time.monotonic()
    target = tmp_path / "a.parquet"
    seen: list[shards.Progress] = []
    shards.convert(trace, target, shards=6, stragglers=3, progress=seen.append)
    assert marker.exists() and time.monotonic() - begun < 300
    assert target.read_bytes() == whole
    assert seen[-1].done == 6 and seen[-1].failed == 0


def test_a_worker_without_the_package_is_told(cluster: Any, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n\n\nclass Absent:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'tracemill':\n"
        "            raise ModuleNotFoundError(f\"No module named '{name}'\", name=name)\n\n\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    bare = {"num_cpus": 1, "runtime_env": {"env_vars": {"PYTHONPATH": str(tmp_path)}}}
    with pytest.raises(shards.ShardError, match="a worker has no tracemill: pip install tracemill on every node"):
        shards.convert(trace, tmp_path / "a.parquet", shards=2, resources=bare, retries=0, progress=None)
    assert not (tmp_path / "a.parquet").exists()


def test_find(cluster: Any, tmp_path: pathlib.Path, deaths: pathlib.Path) -> None:
    options: dict[str, Any] = {"workload": "study:tasks=400", "cluster": "study:10", "seeds": 4}
    condition, vary = "load where wait_mean_s < 20", "load=0.2:1.8"
    names = ["first-fit", "random"]
    alone = run_command("sweep", json_output=True, scheduler=names, find=condition, vary=vary, **options)
    assert len(alone["found"][0]["points"]) > 3, "a search of several rounds"
    seen: list[shards.Progress] = []
    found = shards.find(condition, vary, schedulers=names, retries=20, shards=3, progress=seen.append, **options)
    assert found == alone["found"] and len(os.listdir(deaths)) == 3
    assert {progress.total for progress in seen} == {3}
    # What is known is not run again, and what is wrong is told with the shard's name.
    work = tmp_path / "work"
    for _ in range(2):
        kept = {path: path.stat().st_mtime_ns for path in work.glob("*/*.points")}
        assert shards.find(condition, vary, schedulers=names, work=work, progress=None, **options) == found
        assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    with pytest.raises(shards.ShardError, match="shard 1/2: .*no metric"):
        shards.find("load where wait < 20", vary, schedulers=names, shards=2, progress=None, **options)


def test_a_trace_at_a_url(cluster: Any, trace: pathlib.Path, whole: bytes, tmp_path: pathlib.Path) -> None:
    """Workers read an S3 server of their own accord; nothing is put down."""
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        storage = {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
        system = fsspec.filesystem("s3", **storage)
        system.mkdir("traces")
        system.put(str(trace), "traces/task_events", recursive=True)
        url, target = "s3://traces/task_events", tmp_path / "a.parquet"
        shards.convert(url, target, shards=4, storage_options=storage, progress=None)
        assert target.read_bytes() == whole
        with pytest.raises(shards.ShardError, match="shard 1/2: s3://none/task_events: ") as failure:
            shards.convert("s3://none/task_events", target, shards=2, storage_options=storage, progress=None)
        kept = pathlib.Path(f"{target}.shards") / "plan.json"
        assert "secret" not in kept.read_text() and list(failure.value.failures) == ["shard 1/2", "shard 2/2"]
    finally:
        server.stop()


SHARED = {
    "ppo": "cluster: tiers:10\nloads: [0.5, 0.8]\ntasks: 40\ntraining: {candidates: 3, iterations: 3, episodes: 4, "
    "minibatch: 40, validationEvery: 2, validationEpisodes: 2}\n",
    "evolution": "cluster: tiers:10\nloads: [0.5]\ntasks: 40\ntraining: {candidates: 3, iterations: 0}\n"
    "polish: {pairs: 3, generations: 3, validationEvery: 2, validationEpisodes: 2}\n",
}


@pytest.mark.parametrize("kind", list(SHARED))
def test_episodes_of_a_training_are_shared(
    cluster: Any, tmp_path: pathlib.Path, kind: str, deaths: pathlib.Path
) -> None:
    """The policy is that of one process, bit by bit, whatever learns and whoever dies."""
    scenario = tmp_path / "small.yaml"
    scenario.write_text("name: small\n" + SHARED[kind])
    run_command("train", scenario, output=tmp_path / "one")
    summary = shards.train(scenario, tmp_path / "ray", shards=3, retries=20)
    names = sorted(path.name for path in (tmp_path / "one").iterdir() if path.suffix in (".safetensors", ".csv"))
    assert "policy.safetensors" in names and len(names) > 1
    for name in names:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name
    assert summary["policy"] == str(tmp_path / "ray" / "policy.safetensors")
    assert not (tmp_path / "ray" / "shards").exists()


@pytest.mark.parametrize(
    "text",
    [
        "name: search\ndecision: order\n",
        "decision: 'device'\n",
        '{"decision": "stage"}',
        '{\n  "name": "search",\n  "decision" : "stage"\n}\n',
    ],
)
def test_searches_are_not_shared(cluster: Any, tmp_path: pathlib.Path, text: str) -> None:
    scenario = tmp_path / "search.yaml"
    scenario.write_text(text)
    with pytest.raises(ValueError, match="search.yaml: .* is trained in one go: without shards"):
        shards.train(scenario, tmp_path / "ray", shards=2)
    assert not (tmp_path / "ray" / "shards").exists()


def test_train(cluster: Any, tmp_path: pathlib.Path) -> None:
    scenario = tmp_path / "small.yaml"
    scenario.write_text(
        "name: small\ncluster: tiers:10\nloads: [0.5]\ntasks: 40\ntraining: {candidates: 3, iterations: 5, "
        "episodes: 4, minibatch: 40, validationEvery: 1, validationEpisodes: 1}\n"
    )
    run_command("train", scenario, output=tmp_path / "one")
    seen: list[int] = []
    shards.train(
        scenario, tmp_path / "ray", iterations_a_task=2, progress=lambda summary: seen.append(summary["iterations"])
    )
    assert seen == [2, 4, 5, 5]
    for name in ("policy.safetensors", "policy.curve.csv"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
