#!/usr/bin/env python3
"""Tries tracemill-kube on a real control plane (etcd, kube-apiserver, kube-scheduler; fake nodes).

Usage: control_plane.py PROGRAM SHARED [speed] [faults] [special] [--nodes N] [--pods N]

SHARED is the folder with run-control-plane.sh, kube.py and extender.py; what they build lies in $K8S_WORK.
Prints a table of speeds, one run after the other on the same machine, and what was checked. Exits with 1 if
a pod was lost, bound twice, put where it must not be, or a node was given more than it has.
"""

import collections
import json
import os
import signal
import subprocess
import sys
import threading
import time

PROGRAM, SHARED = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SCRIPT = os.path.join(SHARED, "run-control-plane.sh")
RUN = os.environ.setdefault("K8S_WORK", "/tmp/k8s-run")


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


NODES, PODS = option("--nodes", 100), option("--pods", 1000)
failures = []


def expect(holds, words):
    print(("ok      " if holds else "FAILED  ") + words, flush=True)
    if not holds:
        failures.append(words)


def control_plane(*arguments):
    subprocess.run(["bash", SCRIPT, *arguments], check=True, stdout=subprocess.DEVNULL)


def environment():
    text = subprocess.run(["bash", SCRIPT, "env"], check=True, capture_output=True, text=True).stdout
    return dict(word.split("=", 1) for word in text.split()[1:])


os.environ.update(environment())


def scheduler_configuration(port=None, cache=True, ignorable=True):
    text = "apiVersion: kubescheduler.config.k8s.io/v1beta1\nkind: KubeSchedulerConfiguration\n"
    if port:
        text += (f"extenders:\n- urlPrefix: http://127.0.0.1:{port}\n  filterVerb: filter\n  prioritizeVerb: prioritize\n"
                 f"  weight: 5\n  nodeCacheCapable: {str(cache).lower()}\n  httpTimeout: 2s\n  ignorable: {str(ignorable).lower()}\n")
    path = os.path.join(RUN, "tracemill-sched.yaml")
    with open(path, "w") as file:
        file.write(text)
    return path


def service(*arguments):
    log = open(os.path.join(RUN, "tracemill-kube.log"), "ab")
    return subprocess.Popen([PROGRAM, *arguments], stderr=log, stdout=log)


def ready(port):
    import urllib.request
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("control_plane: the service is not ready; see tracemill-kube.log")


def stop(process, how=signal.SIGTERM):
    process.send_signal(how)
    return process.wait(20)


class History:
    """Every node name that the API has shown for each pod, from a watch."""

    def __init__(self, kube):
        self.kube = kube
        self.nodes = collections.defaultdict(list)
        self.times = {}
        self.version = kube.req("GET", kube.P + "?limit=1")["metadata"]["resourceVersion"]
        self.running = True
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        import http.client
        while self.running:
            try:
                connection = http.client.HTTPSConnection(
                    self.kube.U.hostname, self.kube.U.port, context=self.kube.CTX, timeout=5)
                connection.request(
                    "GET", f"{self.kube.P}?watch=1&resourceVersion={self.version}", None,
                    {"Authorization": "Bearer " + self.kube.TOKEN})
                answer = connection.getresponse()
                while self.running:
                    line = answer.readline()
                    if not line:
                        break
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        self.version = self.kube.req("GET", self.kube.P + "?limit=1")["metadata"]["resourceVersion"]
                        break
                    pod = event["object"]
                    self.version = pod["metadata"]["resourceVersion"]
                    node = pod["spec"].get("nodeName")
                    seen = self.nodes[pod["metadata"]["uid"]]
                    if node and (not seen or seen[-1] != node):
                        seen.append(node)
                        self.times.setdefault(pod["metadata"]["uid"], time.time())
            except (OSError, ValueError):
                time.sleep(0.2)

    def close(self):
        self.running = False


def sound(kube, words):
    """No pod is on two nodes, no node holds more than it has."""
    nodes = {n["metadata"]["name"]: n["status"]["allocatable"] for n in kube.req("GET", "/api/v1/nodes")["items"]}
    held = collections.Counter()
    for pod in kube.req("GET", kube.P)["items"]:
        name = pod["spec"].get("nodeName")
        for container in pod["spec"]["containers"]:
            cpu = container.get("resources", {}).get("requests", {}).get("cpu", "0")
            held[name] += int(cpu[:-1]) if cpu.endswith("m") else int(float(cpu) * 1000)
    over = [n for n in nodes if held[n] > 1000 * int(nodes[n]["cpu"])]
    expect(not over, f"{words}: no node holds more CPU than it has")


def pods(kube, count, prefix, scheduler=None):
    spec = {"schedulerName": scheduler} if scheduler else {}
    kube.par(lambda i: kube.req("POST", kube.P, kube.pod(f"{prefix}-{i:05d}", **spec)), range(count))


def rate(kube, prefix, scheduler=None):
    """Pods a second from the first binding to the last, as a watch sees them; the backlog is there first."""
    history = History(kube)
    pods(kube, PODS, prefix, scheduler)
    return history


def finish(kube, history, words):
    deadline = time.time() + 180
    while len(history.times) < PODS and time.time() < deadline:
        time.sleep(0.1)
    history.close()
    times = sorted(history.times.values())
    expect(len(times) == PODS, f"{words}: all {PODS} pods are bound")
    expect(all(len(v) <= 1 for v in history.nodes.values()), f"{words}: none was bound twice")
    sound(kube, words)
    kube.main(["delpods"])
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0


def speed(kube):
    rows = []

    def measure(words, configuration, start=None, scheduler=None):
        process = start() if start else None
        time.sleep(1)
        # The backlog first, the scheduler after it: what is measured is deciding and binding.
        subprocess.run(["bash", "-c", f"kill $(cat {RUN}/state/kube-scheduler.pid)"], check=False)
        history = History(kube)
        pods(kube, PODS, words.split()[0], scheduler)
        control_plane("sched", configuration)
        result = finish(kube, history, words)
        if process:
            stop(process)
        rows.append((words, result))
        print(f"        {result:.0f} pods a second: {words}", flush=True)

    def ours(*more):
        def start():
            process = service("extender", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", "127.0.0.1:18801", *more)
            ready(18801)
            return process
        return start

    def python():
        log = os.path.join(RUN, "extender-log")
        process = subprocess.Popen([sys.executable, os.path.join(SHARED, "extender.py"), "18802", log],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        return process

    for turn in range(2):
        measure(f"none {turn}: no extender", scheduler_configuration())
        measure(f"ours {turn}: tracemill-kube, names", scheduler_configuration(18801), ours())
        measure(f"python {turn}: Python extender, names", scheduler_configuration(18802), python)
    measure("whole: tracemill-kube, whole nodes", scheduler_configuration(18801, cache=False), ours("--stateless"))
    measure("pywhole: Python extender, whole nodes", scheduler_configuration(18802, cache=False), python)

    control_plane("sched", scheduler_configuration())
    history = History(kube)
    pods(kube, PODS, "own", "tracemill")
    process = service("scheduler", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", "127.0.0.1:18803")
    result = finish(kube, history, "own: tracemill-kube scheduler")
    stop(process)
    rows.append(("own: tracemill-kube as the scheduler", result))
    print("\npods a second")
    for words, result in rows:
        print(f"{result:8.0f}  {words}")


def special(kube):
    process = service("scheduler", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", "127.0.0.1:18803")
    kube.req("POST", "/apis/scheduling.k8s.io/v1/priorityclasses",
             {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 100000},
             ok=(201, 409))
    zone = "topology.kubernetes.io/zone"
    nodes = {n["metadata"]["name"]: n for n in kube.req("GET", "/api/v1/nodes")["items"]}
    for pod in kube.special_pods():
        pod["spec"]["schedulerName"] = "tracemill"
        kube.req("POST", kube.P, pod)
    time.sleep(4)
    where = kube.where()
    labels = {name: node["metadata"]["labels"] for name, node in nodes.items()}
    expect(where["toobig-0"] is None, "a pod larger than every node stays pending")
    expect(all(where[name] for name in where if name != "toobig-0"), "every other special pod is bound")
    expect(labels[where["nodeaffinity-0"]][zone] in ("zone-a", "zone-b"), "node affinity is honoured")
    expect(labels[where["nodeselector-0"]][zone] == "zone-c", "a node selector is honoured")
    expect("nvidia.com/gpu" in nodes[where["gpu-0"]]["status"]["allocatable"], "a GPU pod is on a node with GPUs")
    expect(not any(nodes[where[n]]["spec"].get("taints") for n in where if where[n] and n != "toleration-0"),
           "no pod without the toleration is on a tainted node")
    gated = kube.pod("claim-0", schedulerName="tracemill",
                     volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "nothing"}}])
    kube.req("POST", kube.P, gated)
    time.sleep(2)
    events = kube.req("GET", "/api/v1/namespaces/default/events")["items"]
    expect(kube.where()["claim-0"] is None and any("volume data" in e["message"] for e in events),
           "a pod with a constraint that is not honoured stays pending, with an event that names it")
    stop(process)
    kube.main(["delpods"])


def faults(kube):
    # The extender is killed and comes back while pods arrive.
    arguments = ("extender", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", "127.0.0.1:18801")
    process = service(*arguments)
    ready(18801)
    control_plane("sched", scheduler_configuration(18801))
    history = History(kube)
    maker = threading.Thread(target=pods, args=(kube, PODS, "killed"))
    maker.start()
    for _ in range(3):
        time.sleep(0.4)
        stop(process, signal.SIGKILL)
        time.sleep(0.4)
        process = service(*arguments)
    maker.join()
    finish(kube, history, "extender killed three times")
    stop(process)

    # Two schedulers of our own, the leader killed in the middle.
    lead = ["scheduler", "--kubeconfig", os.environ["KUBECONFIG"], "--leader-elect", "--identity"]
    first = service(*lead, "first", "--listen", "127.0.0.1:18804")
    time.sleep(2)
    second = service(*lead, "second", "--listen", "127.0.0.1:18805")
    history = History(kube)
    maker = threading.Thread(target=pods, args=(kube, PODS, "leader", "tracemill"))
    maker.start()
    time.sleep(0.7)
    stop(first, signal.SIGKILL)
    maker.join()
    finish(kube, history, "leader killed")
    stop(second)

    # Both decide at once: the API server lets only one binding of a pod through.
    both = [service("scheduler", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", f"127.0.0.1:{port}") for port in (18806, 18807)]
    history = History(kube)
    pods(kube, PODS, "both", "tracemill")
    finish(kube, history, "two schedulers without election")
    for process in both:
        stop(process)

    # Nodes and pods are deleted while decided.
    process = service("scheduler", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", "127.0.0.1:18803")
    maker = threading.Thread(target=pods, args=(kube, PODS, "gone", "tracemill"))
    maker.start()
    for i in range(0, 20):
        kube.req("DELETE", f"{kube.P}/gone-{i:05d}?gracePeriodSeconds=0", ok=(200, 404))
        if i < 5:
            kube.req("DELETE", f"/api/v1/nodes/node-{i:03d}", ok=(200, 404))
    maker.join()
    time.sleep(8)
    bound = kube.where()
    expect(all(bound.values()), "nodes and pods deleted while decided: every pod that is left is bound")
    stop(process)
    kube.main(["delpods"])


def main():
    steps = [word for word in sys.argv[3:] if word in ("speed", "faults", "special")] or ["special", "faults", "speed"]
    control_plane("up", scheduler_configuration())
    try:
        sys.path.insert(0, SHARED)
        sys.argv[1:] = []
        import kube
        for step in steps:
            kube.main(["nodes", str(NODES)])
            globals()[step](kube)
            kube.main(["delnodes"])
    finally:
        control_plane("down")
    print(f"{len(failures)} failed" if failures else "all held")
    sys.exit(bool(failures))


main()
