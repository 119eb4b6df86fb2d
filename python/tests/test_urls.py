"""Inputs at URLs: read in parts, and kept nowhere."""
import contextlib
import http.server
import os
import threading

import pytest

import tracemill as tm

fsspec = pytest.importorskip("fsspec")

ROWS = 60_000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One trace as text, compressed text, Parquet, a tar, and a folder of parts."""
    folder = tmp_path_factory.mktemp("files")
    work = tm.generate("study", tasks=ROWS, seed=7).to_dict()
    lines = [
        f"{job},{submit},{run},{cpu!r}\n"
        for job, submit, run, cpu in zip(
            work["job_id"], work["submit_us"], work["run_us"], work["cpu_cores"]
        )
    ]
    head = "job_id,submit_us,run_us,cpu_cores\n"
    (folder / "tasks.csv").write_text(head + "".join(lines))
    import gzip
    import tarfile

    with gzip.open(folder / "tasks.csv.gz", "wt") as file:
        file.write(head + "".join(lines))
    tm.convert(folder / "tasks.csv", folder / "tasks.parquet")
    with tarfile.open(folder / "tasks.tar", "w") as archive:
        archive.add(folder / "tasks.csv", "tasks.csv")
    (folder / "parts").mkdir()
    for part in range(3):
        (folder / "parts" / f"tasks-{part}.csv").write_text(
            head + "".join(lines[part * ROWS // 3 : (part + 1) * ROWS // 3])
        )
    return folder


NAMES = ["tasks.csv", "tasks.csv.gz", "tasks.parquet", "tasks.tar", "parts"]


@pytest.fixture(scope="module")
def expected(files):
    return tm.open(files / "tasks.csv").records().to_dict()


@contextlib.contextmanager
def counted():
    """The parts that are read, and that nothing is kept."""
    from tracemill._files import Files

    parts, read = [], Files.read

    def counting(self, url, offset, count):
        got = read(self, url, offset, count)
        parts.append((offset, len(got)))
        return got

    Files.read = counting
    try:
        yield parts
    finally:
        Files.read = read


def check(url, files, name, expected, tmp_path, **options):
    local = files / name
    size = (
        sum(p.stat().st_size for p in local.iterdir()) if local.is_dir() else local.stat().st_size
    )
    kept = tmp_path / "kept"
    kept.mkdir()
    with counted() as parts:
        trace = tm.open(url, storage_options=options, temporary_directory=str(kept))
        # A part alone does not tell what becomes of a task.
        got = tm.open(local).records().to_dict() if name == "parts" else expected
        assert trace.records().to_dict() == got
    assert max(length for _, length in parts) <= 4 << 20
    # The head is looked at, and a container is gone through, before it is read.
    assert sum(length for _, length in parts) <= 3 * size + (1 << 20)
    assert os.listdir(kept) == []


@pytest.mark.parametrize("name", NAMES)
def test_memory(files, expected, name, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.put(str(files), "/traces", recursive=True)
    check(f"memory://traces/{name}", files, name, expected, tmp_path)


def test_columns_of_parquet_that_do_not_count_are_not_read(files, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = parquet.read_table(files / "tasks.parquet")
    # A list is no attribute that could be kept.
    ballast = pyarrow.array([[os.urandom(150)] for _ in range(ROWS)])
    table = table.append_column("ballast", ballast)
    parquet.write_table(table, tmp_path / "large.parquet")
    size = (tmp_path / "large.parquet").stat().st_size
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "large.parquet"), "/one/large.parquet")
    with counted() as parts:
        got = tm.open("memory://one/large.parquet").records().to_dict()
    assert got == tm.open(files / "tasks.parquet").records().to_dict()
    assert size > 9_000_000 and sum(length for _, length in parts) < size / 3


class Ranges(http.server.SimpleHTTPRequestHandler):
    """A server of files in parts."""

    def log_message(self, *words):
        pass

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, has_body):
        path = self.translate_path(self.path)
        if not os.path.isfile(path):
            return self.send_error(404)
        with open(path, "rb") as file:
            data = file.read()
        wanted = self.headers.get("Range")
        start, end = 0, len(data)
        if wanted:
            first, last = wanted.removeprefix("bytes=").split("-")
            start, end = int(first), min(int(last) + 1 if last else end, end)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if has_body:
            self.wfile.write(data[start:end])


@pytest.fixture(scope="module")
def web(files):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *words: Ranges(*words, directory=str(files))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", NAMES[:-1])
def test_web(files, expected, web, name, tmp_path):
    pytest.importorskip("aiohttp")
    check(f"{web}/{name}", files, name, expected, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_s3(files, expected, name, tmp_path, s3):
    check(f"s3://traces/{name}", files, name, expected, tmp_path, **s3)


@pytest.fixture(scope="module")
def s3(files):
    pytest.importorskip("s3fs")
    server_of = pytest.importorskip("moto.server")
    serving = pytest.importorskip("werkzeug.serving")
    # Its answers name two servers, which aiohttp takes for damage under -X dev.
    send = serving.WSGIRequestHandler.send_header

    def send_one(self, name, value):
        if name.lower() != "server" or value != self.version_string():
            send(self, name, value)

    serving.WSGIRequestHandler.send_header = send_one
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    options = {
        "key": "key",
        "secret": "secret",
        "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{port}"},
    }
    system = fsspec.filesystem("s3", **options)
    system.mkdir("traces")
    system.put(str(files) + "/", "traces", recursive=True)
    yield options
    server.stop()
    serving.WSGIRequestHandler.send_header = send


def test_simulate_and_inspect_read_urls(files, s3):
    trace = tm.open("s3://traces/tasks.parquet", storage_options=s3)
    assert trace.inspect()["format"] == "records"
    local = tm.simulate(files / "tasks.parquet", "study:100", "best-fit", 1, tasks=False)
    there = tm.simulate(trace, "study:100", "best-fit", 1, tasks=False)
    assert there.summary["wait_s"] == local.summary["wait_s"]
    memory = fsspec.filesystem("memory")
    memory.put(str(files / "tasks.csv"), "/w/tasks.csv")
    again = tm.simulate("memory://w/tasks.csv", "study:100", "best-fit", 1, tasks=False)
    assert again.summary["wait_s"] == local.summary["wait_s"]


def test_consumers_that_hold_the_gil_do_not_wait_for_ever(files):
    polars = pytest.importorskip("polars")
    memory = fsspec.filesystem("memory")
    memory.put(str(files / "tasks.csv"), "/gil/tasks.csv")
    frame = polars.DataFrame(tm.open("memory://gil/tasks.csv").records())
    assert len(frame) == ROWS


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A trace whose parts are files of their own."""
    folder = tmp_path_factory.mktemp("google") / "t"
    tm._commands.run_command(
        "generate", "google-2011-tasks", to_format="google-2011", parts=6, rows_per_part=2000, warm_up="2h", output=folder
    )  # fmt: skip
    return folder / "task_events"


def test_shares_of_a_trace_at_a_url(parts, s3, tmp_path):
    """Each reads its own parts, in pieces; together they are what one process makes of the files."""
    fsspec.filesystem("s3", **s3).put(str(parts), "traces/task_events", recursive=True)
    tm.convert(parts, tmp_path / "one.parquet")
    size = sum(path.stat().st_size for path in parts.iterdir())
    kept = tmp_path / "kept"
    kept.mkdir()
    files, read = [], 0
    for number in (1, 2, 3):
        files.append(tmp_path / f"{number}.parts")
        with counted() as pieces:
            trace = tm.open("s3://traces/task_events", storage_options=s3, temporary_directory=str(kept))
            told = trace.split(f"{number}/3", files[-1])
        assert told["all_parts"] == 6 and 0 < told["parts"] < 6
        assert max(length for _, length in pieces) <= 4 << 20
        read += sum(length for _, length in pieces)
    assert os.listdir(kept) == []
    # Each looks at the heads of all parts to know what they are.
    assert read <= 2 * size + 3 * 6 * (64 << 10), (read, size)
    tm._commands.run_command("merge", *files, output=tmp_path / "merged.parquet")
    assert (tmp_path / "merged.parquet").read_bytes() == (tmp_path / "one.parquet").read_bytes()
    with pytest.raises(tm.DescriptionError) as caught:
        trace.split("4/3", "x.csv")
    assert {issue.path for issue in caught.value.issues} == {"shard", "output"}


class Forbidden(Ranges):
    """A server that lets nobody in."""

    def answer(self, has_body):
        self.send_error(403)


def test_a_bucket_without_permission_is_told_with_its_url(s3, files):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forbidden)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        there = f"http://127.0.0.1:{server.server_port}"
        options = {"key": "key", "secret": "wrong", "client_kwargs": {"endpoint_url": there}}
        for url, storage in (("s3://closed/t.csv", options), (f"{there}/t.csv", {})):
            for use in (lambda trace: trace.inspect(), lambda trace: trace.split("1/2", "x.parts")):
                with pytest.raises(tm.InputError, match="403|Forbidden|Permission") as caught:
                    use(tm.open(url, storage_options=storage))
                assert caught.value.path == url and url in str(caught.value)
        assert not os.path.exists("x.parts")
    finally:
        server.shutdown()
        server.server_close()


def test_what_fails_is_told(web, s3):
    with pytest.raises(tm.InputError) as caught:
        tm.open("memory://none/tasks.csv").inspect()
    assert caught.value.path == "memory://none/tasks.csv" and "no such file" in str(caught.value)
    with pytest.raises(tm.InputError) as caught:
        tm.open("s3://nobucket/x.csv", storage_options=s3).inspect()
    assert "s3://nobucket/x.csv" in str(caught.value)
    with pytest.raises(tm.InputError) as caught:
        tm.open("nosuch://x/y.csv").inspect()
    assert "nosuch" in str(caught.value)
