"""Comparisons: the command's figures, with schedulers of one's own among them."""
import json

import pytest

import tracemill as tm

NAMES = dict(workloads=["study:tasks=300,load=0.8"], clusters=["study:10"])


def test_the_same_statistics_as_the_command(tmp_path):
    printed = tm._commands.run_command(
        "compare", workload=NAMES["workloads"], cluster=NAMES["clusters"], seeds=6, output=tmp_path / "out",
        scheduler=["random", "best-fit", "first-fit"], no_report=True, json_output=True,
    )  # fmt: skip
    ours = tm.compare(**NAMES, schedulers=["random", "best-fit", "first-fit"], seeds=6)
    theirs = printed["tracemill"]["scenarios"][0]
    mine = ours.summary["tracemill"]["scenarios"][0]
    assert mine["comparisons"] == theirs["comparisons"] and mine["comparisons"]
    assert mine["winners"] == theirs["winners"]
    assert ours.summary["best-fit"] == printed["best-fit"]
    for a, b in zip(mine["schedulers"], theirs["schedulers"]):
        assert a["metrics"] == b["metrics"]
    assert {c["scheduler"] for c in ours.comparisons} == {"best-fit", "first-fit"}
    assert "p_holm" in ours.comparisons[0] and "verdict" in ours.comparisons[0]


def test_objects_of_ones_own_compete(work):
    class FirstFit:
        """Without NumPy: this runs in a bare system too."""

        name = "mine"

        def place(self, task, cluster):
            for machine in range(cluster.count):
                if (
                    cluster.up[machine]
                    and cluster.free_cpu_nano[machine] >= task.cpu_nano
                    and cluster.free_memory_bytes[machine] >= task.memory_bytes
                ):
                    return machine
            return None

    pytest.importorskip("numpy")
    table = tm.compare([work], ["study:10"], ["random", "first-fit", FirstFit()], seeds=3)
    cells = table.to_dict()
    assert len(cells["seed"]) == 9 and set(cells["scheduler"]) == {"random", "first-fit", "mine"}
    metrics = [name for name in cells if name not in ("scheduler", "wall_s", "cpu_s")]
    rows = {
        # As text: a figure that is unknown is equal to none, itself included.
        name: [[repr(cells[m][i]) for m in metrics] for i in range(9) if cells["scheduler"][i] == name]
        for name in ("first-fit", "mine")
    }
    assert rows["mine"] == rows["first-fit"]
    assert table.mean("mine") == table.mean("first-fit")
    with pytest.raises(KeyError):
        table.mean("mine", "no_metric")
    assert "first-fit" in repr(table) and "<pre>" in table._repr_html_()
    run = tm.simulate(work, "study:10", "first-fit", 2)
    assert run.summary["wait_s"]["mean"] in cells["wait_mean_s"]


def test_what_a_scheduler_raises_ends_a_comparison(work):
    class Mine(Exception):
        pass

    class Raises:
        def place(self, task, cluster):
            raise Mine

    pytest.importorskip("numpy")
    with pytest.raises(Mine):
        tm.compare([work], ["study:10"], ["random", Raises()], seeds=2)


def test_mistakes_are_told_together():
    with pytest.raises(tm.DescriptionError) as caught:
        tm.compare(["study:tasks=10"], ["study:5"], ["rndom"], seeds=0, baseline="x", qeue="sjf")
    paths = {issue.path for issue in caught.value.issues}
    assert {"seeds", "baseline", "engine.qeue", "schedulers[0]"} <= paths
    with pytest.raises(tm.RequestError):
        tm.compare(["study:tasks=10"], ["study:five"], ["random"], seeds=1)


AXES = dict(workloads=["study:tasks=150"], clusters=["study:10"], seeds=3)


def written(tmp_path, schedulers, more):
    """The same as an experiment's file, run by the command: its cells."""
    import csv
    import json

    file = tmp_path / "e.yaml"
    described = {
        "name": "comparison", "workloads": [{"name": "study:tasks=150", "source": "study:tasks=150"}],
        "clusters": [{"name": "study:10", "source": "study:10"}],
        "schedulers": [{"name": name, "policy": name} for name in schedulers], "seeds": 3, "outputs": ["csv"],
    }  # fmt: skip
    file.write_text(json.dumps({**described, **more}))
    tm._commands.run_command("compare", experiment=file, output=tmp_path / "out")
    with open(tmp_path / "out" / "cells.csv") as rows:
        return list(csv.DictReader(rows))


@pytest.mark.parametrize(
    "more, count, columns",
    [
        ({"axes": {"load": [0.5, 0.9]}}, 2, {"load": ["0.5", "0.9"]}),
        ({"axes": {"load": "0.5:0.9:0.2", "machines": [8, 10, 12]}, "zip": ["load", "machines"]}, 3,
         {"load": ["0.5", "0.7", "0.9"], "machines": ["8", "10", "12"]}),
        ({"axes": {"load": [0.5, 0.9], "engine.queue": ["fifo", "edf"]},
          "exclude": [{"engine.queue": "edf", "load": 0.5}, {"scheduler": "random", "load": 0.9}]}, 2,
         {"load": ["0.5", "0.9"], "engine.queue": ["fifo", "edf"]}),
    ],
)  # fmt: skip
def test_axes_are_those_of_a_file(tmp_path, more, count, columns):
    schedulers = ["random", "best-fit"]
    table = tm.compare(**AXES, schedulers=schedulers, **more)
    cells = table.to_dict()
    rows = written(tmp_path, schedulers, more)
    assert len(cells["seed"]) == len(rows) == count * 2 * 3
    for name in ["workload", "cluster", "scheduler"]:
        assert cells[name] == [row[name] for row in rows]
    for name, values in columns.items():
        assert {str(value).removesuffix(".0") for value in cells[name]} == set(values)
    assert cells["wait_mean_s"] == [float(row["wait_mean_s"]) for row in rows]


def test_a_list_of_the_engine_is_an_axis_and_sweep_is_one_of_many(work):
    listed = tm.compare([work], ["study:10"], ["best-fit"], seeds=2, queue=["fifo", "edf"])
    said = tm.sweep(work, "study:10", ["best-fit"], {"engine.queue": ["fifo", "edf"]}, seeds=2)
    assert listed.to_dict()["engine.queue"] == ["fifo", "edf", "fifo", "edf"]
    assert listed.to_dict()["wait_mean_s"] == said.to_dict()["wait_mean_s"]
    one = tm.compare([work], ["study:10"], ["best-fit"], seeds=2, queue="edf").to_dict()
    assert listed.to_dict()["wait_mean_s"][1::2] == one["wait_mean_s"]


@pytest.mark.parametrize(
    "more, path, message",
    [
        ({"axes": {"laod": [0.5]}}, "axes.laod", "did you mean 'load'?"),
        ({"axes": {"load": []}}, "axes.load", "is empty"),
        ({"axes": {"load": [0.5, "x"]}}, "axes.load[1]", "'x' is not a number"),
        ({"axes": {"load": [0.5, -1]}}, "axes.load[1]", "above 0"),
        ({"axes": {"engine.queue": ["fifo", "qeue"]}}, "axes.engine.queue[1]", "expected one of"),
        ({"axes": {"engine.queue": ["fifo"]}, "queue": "sjf"}, "axes.engine.queue", "without effect"),
        ({"axes": {"load": [0.5, 0.9], "machines": [5]}, "zip": ["load", "machines"]}, "zip", "as many values"),
        ({"axes": {"load": [0.5]}, "zip": ["load", "machine"]}, "zip[1]", "is no axis"),
        ({"axes": {"load": [0.5]}, "exclude": [{"load": 0.6}]}, "exclude[0].load", "is no value of load"),
        ({"axes": {"load": [0.5]}, "exclude": [{"load": 0.5}]}, "exclude[0]", "leaves no cell"),
        ({"axes": {"machines": [0]}}, "axes.machines[0]", "number of machines"),
    ],
)
def test_a_wrong_axis_is_told_with_its_path(more, path, message):
    with pytest.raises(tm.DescriptionError, match=message.replace("?", r"\?")) as caught:
        tm.compare(**AXES, schedulers=["random"], **more)
    assert caught.value.path == path and caught.value.line == 1 and caught.value.column


def test_an_experiment_is_kept_whole_or_in_shards(tmp_path):
    file = tmp_path / "e.yaml"
    file.write_text(
        "name: e\nworkloads: ['study:tasks=100']\nclusters: ['study:10']\nschedulers: [random, best-fit]\n"
        "seeds: 3\noutputs: [markdown]\n"
    )
    seen = []
    whole = tm.run_experiment(file, tmp_path / "one", progress=lambda *told: seen.append(told[2]))
    assert whole["done"] == whole["cells"] == 6 and whole["shard"] is None
    tm.report(whole["results"])
    shards = [tm.run_experiment(file, tmp_path / f"{n}", shard=f"{n}/4") for n in range(1, 5)]
    assert [shard["done"] for shard in shards] == [2, 2, 1, 1]
    tm._commands.run_command("merge", *[s["results"] for s in shards], output=tmp_path / "all" / "results.sqlite")
    tm.report(tmp_path / "all" / "results.sqlite")
    assert (tmp_path / "all" / "tables.md").read_bytes() == (tmp_path / "one" / "tables.md").read_bytes()
    with pytest.raises(tm.DescriptionError, match="expected a share such as 3/64") as caught:
        tm.run_experiment(file, tmp_path / "x", shard="5/4")
    assert caught.value.path == "shard"
    file.write_text("name: e\nworkloads: [none.csv]\nclusters: ['study:10']\nschedulers: [random]\nseeds: 1\n")
    with pytest.raises(tm.RequestError, match="none.csv"):
        tm.run_experiment(file, tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_learned_policies_compete(tmp_path):
    numpy = pytest.importorskip("numpy")

    def emptiest(observation, mask):
        """Of the machines that can take the task the one with the most free CPU."""
        free = numpy.append(observation[8:].reshape(-1, 8)[:, 1], -1)
        return int(numpy.where(mask, free, -2).argmax())

    policies = [tm.Policy(emptiest)]
    try:
        import onnx
        import onnxruntime  # noqa: F401
        from onnx import TensorProto, helper
    except ImportError:
        pass
    else:
        # The same as one matrix: the free CPU of machine i is input 8 + 8 i + 1; waiting scores -1.
        weights = numpy.zeros((88, 11), numpy.float32)
        weights[numpy.arange(10) * 8 + 9, numpy.arange(10)] = 1
        bias = numpy.zeros(11, numpy.float32)
        bias[-1] = -1
        graph = helper.make_graph(
            [helper.make_node("Gemm", ["x", "w", "b"], ["y"])],
            "policy",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 88])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 11])],
            [
                helper.make_tensor("w", TensorProto.FLOAT, weights.shape, weights.ravel()),
                helper.make_tensor("b", TensorProto.FLOAT, bias.shape, bias),
            ],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, tmp_path / "emptiest.onnx")
        policies.append(tm.Policy(tmp_path / "emptiest.onnx"))
    table = tm.compare(**NAMES, schedulers=["random", "best-fit", *policies], seeds=4)
    cells = table.to_dict()
    for policy in policies:
        assert table.mean(policy.name) == table.mean("emptiest")
    assert cells["scheduler"].count("emptiest") == 4
    assert table.mean("emptiest", "tasks_finished") == 300


def test_a_policy_decides_as_in_its_environment():
    numpy = pytest.importorskip("numpy")
    gymnasium = pytest.importorskip("gymnasium")
    import tracemill.envs  # noqa: F401

    for observation in ("machines", "columns", "study"):
        seen = []

        def first(row, mask):
            seen.append(row.copy())
            return int(mask.argmax())

        rules = dict(workload="study:tasks=200,load=0.9", cluster="study:6")
        tm.simulate(*rules.values(), tm.Policy(first, observation=observation), 5)
        env = gymnasium.make("tracemill/Placement-v0", observation=observation, **rules).unwrapped
        row, info = env.reset(seed=5)
        for place, expected in enumerate(seen):
            assert (row == expected).all(), (observation, place)
            row, _, over, _, info = env.step(int(info["action_mask"].argmax()))
        assert over


def test_comparison_as_json_survives(work):
    table = tm.compare([work], ["study:10"], ["random", "best-fit"], seeds=2)
    json.dumps(table.summary)
    table.close()
    with pytest.raises(tm.Closed):
        table.cells.to_dict()


def test_waits_are_told_apart(work):
    table = tm.compare([work], ["study:10"], ["first-fit", "best-fit"], seeds=1, by=["user", "size"])
    run = tm.simulate(work, "study:10", "first-fit", 1, by=["user", "size"])
    rows = [row for row in table.waits if row["scheduler"] == "first-fit"]
    keys = ("by", "group", "tasks", "wait_mean_s")
    ours = {(row["by"], row["group"]): [row[key] for key in keys] for row in run.waits}
    theirs = {(row["by"], row["group"]): [row[key] for key in keys] for row in rows}
    assert {by for by, _ in theirs} >= {"run-time", "size", "user"}
    assert len([by for by, _ in theirs if by == "run-time"]) == 10
    for key, row in theirs.items():
        assert ours[key][:3] == row[:3] and ours[key][3] == pytest.approx(row[3], rel=1e-12)
    # Whatever the groups are, together they are all tasks.
    for by in ("run-time", "size", "user"):
        parts = [row for row in rows if row["by"] == by]
        total = sum(row["tasks"] * row["wait_mean_s"] for row in parts)
        count = sum(row["tasks"] for row in parts)
        assert total / count == pytest.approx(run.summary["wait_s"]["mean"], rel=1e-9)
    with pytest.raises(tm.DescriptionError, match="waitsBy"):
        tm.compare([work], ["study:10"], ["first-fit"], seeds=1, by=["owner"])


def test_axes_are_columns_and_each_cell_is_that_of_its_values_alone() -> None:
    table = tm.sweep(
        "study:tasks=60",
        "study:10",
        ["first-fit", "best-fit"],
        {"load": [0.5, 2], "engine.heartbeat": [0, "5s"]},
        seeds=2,
        queue=["fifo", "edf"],
        exclude=[{"engine.queue": "edf", "load": 0.5}],
    )
    cells = table.to_dict()
    assert len(cells["seed"]) == 2 * (2 * 2 * 2 + 2 * 2)
    assert set(zip(cells["load"], cells["engine.heartbeat"], cells["engine.queue"])) == {
        (load, beat, queue) for load in (0.5, 2) for beat in (0, 5) for queue in ("fifo", "edf") if (load, queue) != (0.5, "edf")
    }
    alone = tm.compare(["study:tasks=60,load=2"], ["study:10"], ["best-fit"], seeds=2, heartbeat=5, queue="edf")
    wanted = [
        wait
        for wait, load, beat, queue, name in zip(
            cells["wait_mean_s"], cells["load"], cells["engine.heartbeat"], cells["engine.queue"], cells["scheduler"]
        )
        if (load, beat, queue) == (2, 5, "edf") and name.startswith("best-fit")
    ]
    assert wanted == alone.to_dict()["wait_mean_s"]
    with pytest.raises(tm.TracemillError, match=r"exclude\[0\]\.scheduler: is 'best-fit'; expected one of random"):
        tm.sweep("study:tasks=9", "study:5", ["random"], {"load": [1]}, exclude=[{"scheduler": "best-fit"}])
    with pytest.raises(tm.TracemillError, match="leaves nothing out"):
        tm.sweep("study:tasks=9", "study:5", ["random"], {"load": [1, 2]}, exclude=[{"load": 1}, {"load": 1}])
    # A table of the caller's is scaled as any other workload.
    work = tm.generate("study", tasks=40)
    scaled = tm.sweep(work, "study:5", ["random"], {"workload.scaleArrivals": [1, 4]}, seeds=1).to_dict()
    assert scaled["load_offered"][1] > 2 * scaled["load_offered"][0]
