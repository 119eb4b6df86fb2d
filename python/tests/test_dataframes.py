"""Tables of pandas, polars, pyarrow and DuckDB: out and in again."""
import pytest

import tracemill as tm

pyarrow = pytest.importorskip("pyarrow")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

COLUMNS = {
    "submit_us": {"from": "arrival", "unit": "s"},
    "run_us": {"from": "seconds", "unit": "s"},
    "cpu_cores": "cores",
    "memory_bytes": {"from": "gib", "unit": "GiB"},
}


def arrow(work):
    return pyarrow.table(work)


def duck(work):
    duckdb = pytest.importorskip("duckdb")
    return duckdb.from_arrow(pyarrow.table(work))


KINDS = {
    "pyarrow": arrow,
    "pandas": lambda work: pyarrow.table(work).to_pandas(),
    "polars": polars.DataFrame,
    "duckdb": duck,
}


@pytest.mark.parametrize("kind", KINDS)
def test_out_and_in_again(work, kind):
    table = KINDS[kind](work)
    again = tm.workload(table)
    ours, theirs = work.to_dict(), again.to_dict()
    for name in ("job_id", "submit_us", "run_us", "cpu_cores", "memory_bytes", "priority_class"):
        assert ours[name] == theirs[name], name
    run = tm.simulate(KINDS[kind](work), "study:10", "best-fit", 1)
    expected = tm.simulate(work, "study:10", "best-fit", 1)
    assert run.tasks.to_dict()["wait_us"] == expected.tasks.to_dict()["wait_us"]


@pytest.mark.parametrize("kind", KINDS)
def test_columns_under_other_names(work, kind):
    columns = work.to_dict()
    plain = pyarrow.table(
        {
            "arrival": [value / 1e6 for value in columns["submit_us"]],
            "seconds": [value / 1e6 for value in columns["run_us"]],
            "cores": columns["cpu_cores"],
            "gib": [value / 2**30 for value in columns["memory_bytes"]],
        }
    )
    renamed = tm.workload(KINDS[kind](plain), columns=COLUMNS)
    got = renamed.to_dict()
    assert got["submit_us"] == columns["submit_us"] and got["run_us"] == columns["run_us"]
    assert got["memory_bytes"] == columns["memory_bytes"]


def test_tables_of_runs_and_comparisons(work):
    run = tm.simulate(work, "study:10", "best-fit", 1)
    for table in (run.tasks, run.series, run.machines):
        frame = table.to_pandas()
        assert list(frame.columns) == list(table.to_dict()) and len(frame) == len(polars.DataFrame(table))
    cells = tm.compare([work], ["study:10"], ["random", "best-fit"], seeds=2)
    assert len(cells.to_pandas()) == len(cells.to_polars()) == 4
    fit = tm.fit(polars.DataFrame(work)["run_us"] / 1e6, families=["lognormal"], replicates=0)
    assert fit.best["fit"]["family"] == "lognormal"


def test_what_no_column_can_be_is_told():
    for table, told in (
        (pyarrow.table({"arrival": [1.0]}), "submit_us"),
        (pyarrow.table({"submit_us": ["soon"], "run_us": [1]}), "submit_us"),
        (pyarrow.table({"submit_us": [1], "cpu_cores": [[1, 2]]}), "cpu_cores"),
    ):
        with pytest.raises(tm.TracemillError, match=told):
            tm.workload(table)
    with pytest.raises(tm.DescriptionError) as caught:
        tm.workload(pyarrow.table({"t": [1]}), columns={"submit_us": {"from": "t", "unit": "fortnight"}, "zzz": "t"})
    assert any("submit_us" in issue.path for issue in caught.value.issues)
    with pytest.raises(TypeError, match="is no table"):
        tm.workload([1, 2])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("stated", [None, "s", "ms", "us"])
def test_lengths_of_time_have_a_unit_of_their_own(unit, stated):
    """A mapping that says another unit than the column's own is refused; what it says alike, or not, is the same."""
    lengths = pyarrow.array([120, 60], pyarrow.int64())
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    table = pyarrow.table({
        "t": pyarrow.array([1_709_287_200 * scale, 1_709_287_260 * scale], pyarrow.timestamp(unit)),
        "run": pyarrow.array([length.as_py() * scale for length in lengths], pyarrow.duration(unit)),
    })  # fmt: skip
    for column in ("submit_us", "run_us"):
        columns = {"submit_us": {"from": "t"}, "run_us": {"from": "run"}}
        if stated:
            columns[column]["unit"] = stated
        if stated in (None, unit):
            rows = tm.workload(table, columns=columns).to_dict()
            assert rows["submit_us"] == [0, 60_000_000] and rows["run_us"] == [120_000_000, 60_000_000]
        else:
            with pytest.raises(tm.TracemillError, match=f"column '{columns[column]['from']}' has a unit of its own"):
                tm.workload(table, columns=columns)


def test_what_a_trace_says_besides(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "job_id,submit_us,run_us,qos,level\n1,5,7,LS,1\n2,6,7,BE,2.5\n3,7,7,LS,\n", encoding="utf-8"
    )
    records = tm.open(path).records()
    assert records.to_dict()["qos"] == ["LS", "BE", "LS"]
    assert records.to_dict()["level"] == [1, 2.5, None]
    chosen = tm.open(path).records(select="qos=LS")
    assert chosen.to_dict()["job_id"] == [1, 3]
    both = tm.open(path).records(select=["qos=LS", "level=1"])
    assert both.to_dict()["job_id"] == [1]
