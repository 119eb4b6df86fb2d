"""A workload is replayed as pods, recorded, and asked about."""

import json
import os
import shutil
import signal
import subprocess
import time

from harness import clear, PROGRAM, RUN, TRACEMILL, expect, memory, own, say, service, stop

WORKLOAD, CLUSTER = "study:tasks=1000,load=0.5,cores=262", "study:20"


def simulate(*arguments):
    output = subprocess.run([TRACEMILL, "simulate", "--json", *arguments], capture_output=True, text=True)
    if output.returncode != 0:
        say(output.stdout[-500:], output.stderr[-2000:])
        return None
    return json.loads(output.stdout)


def run(kube):
    kube.main(["delnodes"])
    trace = os.path.join(RUN, "trace")
    shutil.rmtree(trace, ignore_errors=True)
    recorder = service("record", "--kubeconfig", os.environ["KUBECONFIG"], "-o", trace)
    scheduler = own("--policy", "best-fit")
    # The workload `busy` of the shipped experiment `example`.
    for scale, speed in (("1.5", "2"),):
        process = subprocess.Popen(
            [PROGRAM, "replay", "--kubeconfig", os.environ["KUBECONFIG"], "--workload", WORKLOAD, "--nodes", CLUSTER,
             "--scale-arrivals", scale, "--speed", speed, "--tasks", os.path.join(RUN, "waits.csv")],
            stdout=subprocess.PIPE, text=True)
        time.sleep(15)
        # Killed and started again in the middle: it goes on.
        stop(recorder, signal.SIGKILL)
        recorder = service("record", "--kubeconfig", os.environ["KUBECONFIG"], "-o", trace)
        output = process.communicate(timeout=600)[0]
        say(output)
        replayed = float(next(line.split()[2] for line in output.split("\n") if line.startswith("wait, mean")))
        report = simulate("--workload", WORKLOAD, "--cluster", CLUSTER, "--scheduler", "best-fit", "--backfilling", "greedy",
                          "--scale-arrivals", scale)
        simulated = report["wait_s"]["mean"] if report else 0
        expect(abs(replayed / max(simulated, 1e-9) - 1) < 0.05,
               f"mean wait of the shipped experiment's busy workload: {replayed:.3f} s replayed, {simulated:.3f} s simulated")
    time.sleep(1)
    say(f"        recorder: {memory(recorder.pid):.0f} MB")
    stop(recorder)
    stop(scheduler)
    result = subprocess.run([TRACEMILL, "convert", trace, "-o", os.path.join(RUN, "recorded.parquet")], capture_output=True, text=True)
    say(result.stdout[-1500:], result.stderr[-1500:])
    expect(result.returncode == 0, "tracemill convert reads the recording")
    for what in (["--scheduler", "best-fit"], ["--scheduler", "least-allocated"]):
        report = simulate("--workload", trace, "--cluster", trace, *what)
        expect(report is not None, f"tracemill simulate {' '.join(what)} answers what if, on the recording")
    clear(kube)
    kube.main(["nodes", "100"])
