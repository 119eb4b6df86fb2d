"""A scheduler from outside, in four ways: the same bytes as Swift's best fit."""
import shutil
import subprocess
import sys

import pytest

numpy = pytest.importorskip("numpy")

import tracemill as tm

ENGINES = {
    "central": {},
    "backfilled": {"queue": "sjf", "backfilling": "easy", "exact_estimates": True},
    "stale": {"heartbeat": 5, "gateways": True},
    "refusing": {"refuse": True},
}


@pytest.fixture(scope="session")
def plugin(tmp_path_factory, examples):
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    path = tmp_path_factory.mktemp("plugin") / "best_fit.so"
    subprocess.run(
        ["cc", "-O2", "-Wall", "-shared", "-fPIC", f"-I{tm.include()}", str(examples / "best_fit.c"), "-o", str(path), "-lm"],
        check=True,
    )
    return f"plugin:{path}"


@pytest.fixture(scope="session")
def process(examples):
    return f"process:{sys.executable} {examples / 'best_fit_process.py'}"


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
def test_same_bytes_in_all_four_ways(work, plugin, process, engine):
    from best_fit import BestFit

    expected = tm.simulate(work, "study:10", "best-fit", 1, **engine).tasks.to_dict()
    for scheduler in (BestFit(), plugin, process):
        assert tm.simulate(work, "study:10", scheduler, 1, **engine).tasks.to_dict() == expected, scheduler


def test_columns_are_views_and_current(work):
    class Watches:
        def begin(self, cluster):
            self.columns = cluster.free_cpu_nano
            self.changed = 0
            self.ended = []

        def place(self, task, cluster):
            assert cluster.free_cpu_nano is self.columns and not self.columns.flags.owndata
            assert not self.columns.flags.writeable
            assert (cluster.free_cpu_nano <= cluster.cpu_nano).all()
            fits = cluster.fits(task)
            return int(fits.argmax()) if fits.any() else None

        def machine_changed(self, machine, cluster):
            self.changed += 1

        def task_ended(self, task, cluster):
            self.ended.append(task)

    scheduler = Watches()
    run = tm.simulate(work, "study:10", scheduler, 1)
    assert run.tasks.to_dict() == tm.simulate(work, "study:10", "first-fit", 1).tasks.to_dict()
    assert len(scheduler.ended) == 600 and scheduler.changed >= 600
    assert {task.outcome for task in scheduler.ended} == {0}


def test_batch_form_and_reject(work):
    class Shortest:
        def choose(self, tasks, cluster):
            order = sorted(range(len(tasks)), key=lambda place: (tasks[place].cpu_nano, place))
            for place in order:
                fits = cluster.fits(tasks[place])
                if fits.any():
                    return place, int(fits.argmax())
            return None

    run = tm.simulate(work, "study:10", Shortest(), 1)
    assert run.summary["outcomes"]["finished"] == 600

    class Refuses:
        def place(self, task, cluster):
            return False

    assert tm.simulate(work, "study:10", Refuses(), 1).summary["outcomes"]["refused"] == 600


@pytest.mark.parametrize("hook", ["begin", "place", "machine_changed", "task_ended"])
def test_what_a_callback_raises_comes_out(work, hook):
    class Fails:
        def place(self, task, cluster):
            fits = cluster.fits(task)
            return int(fits.argmax()) if fits.any() else None

    class Mine(Exception):
        pass

    def fail(*arguments):
        raise Mine(hook)

    scheduler = Fails()
    setattr(scheduler, hook, fail)
    with pytest.raises(Mine):
        tm.simulate(work, "study:10", scheduler, 1)


@pytest.mark.parametrize("answer", [10**6, -5, "left", 1.5, (1, 2)])
def test_impossible_answers_are_refused(work, answer):
    class Odd:
        def place(self, task, cluster):
            return answer

    with pytest.raises((tm.TracemillError, TypeError, ValueError)):
        tm.simulate(work, "study:10", Odd(), 1)
    with pytest.raises(TypeError):
        tm.simulate(work, "study:10", object(), 1)


@pytest.mark.parametrize(
    "program, told",
    [
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "signal 9"),
        ("cat >/dev/null", "no answer within"),
        ("while read line; do echo no; done", "no JSON object"),
        ("while read line; do echo '{\"machine\": 99}'; done", "machine 99 of 10"),
        ("while read line; do echo '{\"error\": \"tired\"}'; done", "tired"),
        ("/no/such/program", "exit code 127"),
    ],
)
def test_a_program_that_fails_is_told(work, program, told):
    with pytest.raises(tm.CommandError) as caught:
        tm._commands.run_command(
            "simulate", workload="study:tasks=50", cluster="study:10",
            scheduler="process:" + program, scheduler_timeout="1s",
        )
    assert told in str(caught.value) and caught.value.returncode == 1


def test_what_is_no_plugin_is_told(tmp_path, work):
    for name in ("absent.so", "text.so"):
        path = tmp_path / name
        if name == "text.so":
            path.write_text("no library")
        with pytest.raises(tm.SchedulerError) as caught:
            tm.simulate(work, "study:10", f"plugin:{path}")
        assert name in str(caught.value)
    with pytest.raises(tm.SchedulerError):
        tm.simulate(work, "study:10", "plugin:libc.so.6")


def test_a_file_never_runs_a_program(tmp_path):
    witness = tmp_path / "witness"
    experiment = tmp_path / "experiment.yaml"
    experiment.write_text(
        "workloads: [{name: w, source: 'study:tasks=10'}]\nclusters: [{name: c, source: 'study:5'}]\n"
        f"schedulers: ['process:touch {witness}', 'plugin:{witness}']\nseeds: 1\n"
    )
    with pytest.raises(tm.CommandError):
        tm._commands.run_command("compare", experiment=experiment, output=tmp_path / "out")
    assert not witness.exists()


CAREFUL_C = r"""
#include <stdlib.h>
#include "tracemill.h"
const int tm_scheduler_abi = TRACEMILL_ABI_VERSION;
typedef struct { int64_t placed, ended, changed; uint8_t *touched; } state;
void *tm_scheduler_begin(void *context, const tm_cluster *c) {
  state *s = calloc(1, sizeof *s);
  s->touched = calloc(c->count, 1);
  return s;
}
int64_t tm_scheduler_place(void *v, const tm_task *t, const tm_cluster *c) {
  state *s = v;
  if (t->cpu_nano > 3000000000) return TM_REJECT;
  if (s->placed - s->ended >= 12) return TM_WAIT;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t m = 0; m < c->count; m++)
      if (s->touched[m] == !pass && c->up[m] && t->cpu_nano <= c->free_cpu_nano[m] && t->memory_bytes <= c->free_memory_bytes[m]) {
        s->placed++;
        return m;
      }
  return TM_WAIT;
}
void tm_scheduler_task_ended(void *v, const tm_ended *t, const tm_cluster *c) {
  if (t->outcome == 0) ((state *)v)->ended++;
}
void tm_scheduler_machine_changed(void *v, int64_t machine, const tm_cluster *c) { ((state *)v)->touched[machine] = 1; }
void tm_scheduler_end(void *v) { free(((state *)v)->touched); free(v); }
"""

CAREFUL_PROCESS = """
import json, sys
placed = ended = 0
touched = set()
for line in sys.stdin:
    message = json.loads(line)
    if message["event"] == "begin":
        machines = message["machines"]
    if message["event"] != "place":
        continue
    for machine in message["changed"]:
        machines[machine["machine"]] = machine
        touched.add(machine["machine"])
    ended += sum(task["outcome"] == 0 for task in message["ended"])
    task, answer = message["task"], {"wait": True}
    if task["cpu_nano"] > 3_000_000_000:
        answer = {"reject": True}
    elif placed - ended < 12:
        order = sorted(range(len(machines)), key=lambda m: (m not in touched, m))
        for m in order:
            free = machines[m]
            if free["up"] and task["cpu_nano"] <= free["free_cpu_nano"] and task["memory_bytes"] <= free["free_memory_bytes"]:
                placed, answer = placed + 1, {"machine": m}
                break
    print(json.dumps(answer), flush=True)
"""


class Careful:
    """Goes by its hooks: at most twelve tasks at a time, machines that have changed before others; refuses large ones."""

    def begin(self, cluster):
        self.placed = self.ended = 0
        self.touched = numpy.zeros(cluster.count, bool)

    def place(self, task, cluster):
        if task.cpu_nano > 3_000_000_000:
            return False
        if self.placed - self.ended >= 12:
            return None
        fits = cluster.fits(task)
        for some in (fits & self.touched, fits & ~self.touched):
            if some.any():
                self.placed += 1
                return int(some.argmax())
        return None

    def task_ended(self, task, cluster):
        self.ended += task.outcome == 0

    def machine_changed(self, machine, cluster):
        self.touched[machine] = True


@pytest.mark.parametrize("queue", ["fifo", "sjf"])
def test_hooks_waits_refusals_and_the_queue_are_the_same_in_all_ways(work, tmp_path, queue):
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    (tmp_path / "careful.c").write_text(CAREFUL_C)
    (tmp_path / "careful.py").write_text(CAREFUL_PROCESS)
    subprocess.run(
        ["cc", "-O1", "-shared", "-fPIC", f"-I{tm.include()}", "careful.c", "-o", "careful.so"], cwd=tmp_path, check=True
    )
    engine = {"queue": queue, "exact_estimates": True}
    ways = [Careful(), f"plugin:{tmp_path}/careful.so", f"process:{sys.executable} {tmp_path}/careful.py"]
    runs = [tm.simulate(work, "study:10", way, 1, **engine) for way in ways]
    first = runs[0].tasks.to_dict()
    assert 0 < runs[0].summary["outcomes"]["refused"] < 600
    assert max(first["wait_us"]) > 0
    for run in runs[1:]:
        assert run.tasks.to_dict() == first
