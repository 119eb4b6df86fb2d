"""Pods a second, one run after the other on the same machine."""

import http.client
import json
import os
import subprocess
import sys
import time

from harness import (PORT, NODES, PODS, PROGRAM, RUN, SHARED, control_plane, cpu_seconds, extender, finish, History, own,
                     pods, process_number, say, scheduler_configuration, stop)


def python_extender():
    process = subprocess.Popen([sys.executable, os.path.join(SHARED, "extender.py"), str(PORT + 2), os.path.join(RUN, "extender-log")],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    return process


def bare_bindings(kube, words):
    """What the API server takes when nobody decides: eight clients that bind."""
    names = [f"{words}-{i:05d}" for i in range(PODS)]
    pods(kube, PODS, words, "nobody")
    nodes = [n["metadata"]["name"] for n in kube.req("GET", "/api/v1/nodes")["items"] if not n["spec"].get("taints")]
    code = """
import json, sys
sys.path.insert(0, sys.argv[1])
import kube
share, of, nodes = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(",")
for i in range(share, int(sys.argv[5]), of):
    name = f"{sys.argv[6]}-{i:05d}"
    kube.req("POST", f"{kube.P}/{name}/binding", {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
             "target": {"apiVersion": "v1", "kind": "Node", "name": nodes[i % len(nodes)]}})
"""
    history = History(kube)
    clients = [subprocess.Popen([sys.executable, "-c", code, SHARED, str(i), "8", ",".join(nodes), str(PODS), words])
               for i in range(8)]
    for client in clients:
        client.wait()
    return finish(kube, history, f"{words}: bindings alone")


def round_trips(port, nodes, calls=400):
    """p50 and p99 of a filter and a prioritize, in ms, over one lasting connection."""
    pod = {"metadata": {"name": "p", "namespace": "default", "uid": "p"},
           "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}]}}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times = []
    for i in range(calls):
        pod["metadata"]["uid"] = f"p{i}"
        body = json.dumps({"Pod": pod, "Nodes": None, "NodeNames": nodes})
        start = time.perf_counter()
        for verb in ("filter", "prioritize"):
            connection.request("POST", "/" + verb, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        times.append((time.perf_counter() - start) * 1e3)
    times = sorted(times[20:])
    return times[len(times) // 2], times[len(times) * 99 // 100]


def run(kube):
    rows = []

    def measure(words, configuration, start=None):
        process = start() if start else None
        time.sleep(1)
        # The backlog first, the scheduler after it: what is measured is deciding and binding.
        subprocess.run(["bash", "-c", f"kill $(cat {RUN}/state/kube-scheduler.pid)"], check=False)
        history = History(kube)
        pods(kube, PODS, words.split()[0])
        before = cpu_seconds(process_number("kube-apiserver"))
        control_plane("sched", configuration)
        result = finish(kube, history, words)
        spent = cpu_seconds(process_number("kube-apiserver")) - before
        if process:
            stop(process)
        rows.append((words, result))
        say(f"        {result:.0f} pods a second, API server {spent:.1f} CPU s, load {os.getloadavg()[0]:.1f}: {words}")

    def ours():
        return extender()

    def deciding():
        return extender("--decide-in-filter")

    def stateless():
        return extender("--stateless")

    def stateless_deciding():
        return extender("--stateless", "--decide-in-filter")

    def scheduler(words):
        # The backlog first here too.
        history = History(kube)
        pods(kube, PODS, words.split()[0], "tracemill")
        before = cpu_seconds(process_number("kube-apiserver"))
        process = own("--bindings", "16")
        result = finish(kube, history, words)
        spent = cpu_seconds(process_number("kube-apiserver")) - before
        stop(process)
        rows.append((words, result))
        say(f"        {result:.0f} pods a second, API server {spent:.1f} CPU s, load {os.getloadavg()[0]:.1f}: {words}")

    for turn in range(2):
        measure(f"none{turn} no extender", scheduler_configuration())
        measure(f"ours{turn} tracemill-kube extender, names", scheduler_configuration(PORT + 1), ours)
        measure(f"one{turn} tracemill-kube extender, names, --decide-in-filter", scheduler_configuration(PORT + 1), deciding)
        measure(f"alone{turn} tracemill-kube extender, names, prioritize alone", scheduler_configuration(PORT + 1, filters=False), ours)
        measure(f"python{turn} Python extender, names", scheduler_configuration(PORT + 2), python_extender)
        control_plane("sched", scheduler_configuration())
        scheduler(f"own{turn} tracemill-kube scheduler")
    measure("whole tracemill-kube extender, whole nodes", scheduler_configuration(PORT + 1, cache=False), stateless)
    measure("onewhole tracemill-kube extender, whole nodes, --decide-in-filter", scheduler_configuration(PORT + 1, cache=False), stateless_deciding)
    measure("pywhole Python extender, whole nodes", scheduler_configuration(PORT + 2, cache=False), python_extender)
    control_plane("sched", scheduler_configuration())
    result = bare_bindings(kube, "bare")
    rows.append(("bare bindings of eight clients, nobody decides", result))
    say("\npods a second")
    for words, result in rows:
        say(f"{result:8.0f}  {words}")

    process = extender()
    names = [n["metadata"]["name"] for n in kube.req("GET", "/api/v1/nodes")["items"]]
    median, tail = round_trips(PORT + 1, names)
    say(f"{tail:8.2f} ms  p99 of filter + prioritize at {len(names)} nodes (median {median:.2f})")
    stop(process)


def large(kube):
    """5,000 nodes in the API server: answers of the extender."""
    kube.par(lambda i: kube.req("POST", "/api/v1/nodes", kube.node(i)), range(NODES, 5000))
    process = extender()
    names = [n["metadata"]["name"] for n in kube.req("GET", "/api/v1/nodes")["items"]]
    median, tail = round_trips(PORT + 1, names, 300)
    say(f"{tail:8.2f} ms  p99 of filter + prioritize at {len(names)} nodes (median {median:.2f})")
    stop(process)
    say(subprocess.run([PROGRAM, "measure"], capture_output=True, text=True).stdout)
    for policy in ("marl:study-100",):
        say(policy)
        say(subprocess.run([PROGRAM, "measure", "--policy", policy, "--pods", "50000", "--decisions", "2000"], capture_output=True, text=True).stdout)
