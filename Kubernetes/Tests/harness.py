"""What the steps of control_plane.py share: the control plane, services, a history of bindings, checks."""

import collections
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

PROGRAM, SHARED = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
TRACEMILL = os.environ.get("TRACEMILL", "tracemill")
SCRIPT = os.path.join(SHARED, "run-control-plane.sh")
RUN = os.environ.setdefault("K8S_WORK", "/tmp/k8s-run")


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


# Two runs at a time need ports of their own; those of the control plane are run-control-plane.sh's to set.
PORT = int(os.environ.get("TRACEMILL_KUBE_PORT", "18800"))
NODES, PODS = option("--nodes", 100), option("--pods", 1000)
failures = []
lines = []


def say(*words):
    """Prints a line, which is one of the step's in the document."""
    text = " ".join(str(word) for word in words)
    print(text, flush=True)
    lines.extend(text.split("\n"))


def document(path, step, command):
    """Puts what a step said in place of what it said before, in the block of figures of a document."""
    with open(path) as file:
        head, block, tail = re.split("<!-- /?kubernetes -->", file.read())
    sections = dict(re.findall(r"### (\w+)\n(.*?)(?=### |\Z)", block, re.S))
    day = time.strftime("%Y-%m-%d", time.gmtime())
    sections[step] = (f"\n`{command}`, {day}, load average {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores\n\n```text\n"
                      + "\n".join(line.rstrip() for line in lines if line.strip()) + "\n```\n\n")
    body = "".join(f"### {name}\n{text}" for name, text in sections.items())
    with open(path, "w") as file:
        file.write(f"{head}<!-- kubernetes -->\n\n{body}<!-- /kubernetes -->{tail}")


def expect(holds, words):
    say(("ok      " if holds else "FAILED  ") + words)
    if not holds:
        failures.append(words)


def control_plane(*arguments):
    subprocess.run(["bash", SCRIPT, *arguments], check=True, stdout=subprocess.DEVNULL)


def environment():
    text = subprocess.run(["bash", SCRIPT, "env"], check=True, capture_output=True, text=True).stdout
    return dict(word.split("=", 1) for word in text.split()[1:])


os.environ.update(environment())


def scheduler_configuration(port=None, cache=True, ignorable=True, filters=True):
    text = "apiVersion: kubescheduler.config.k8s.io/v1beta1\nkind: KubeSchedulerConfiguration\n"
    if port:
        text += (f"extenders:\n- urlPrefix: http://127.0.0.1:{port}\n{'  filterVerb: filter' if filters else ''}\n  prioritizeVerb: prioritize\n"
                 f"  weight: 5\n  nodeCacheCapable: {str(cache).lower()}\n  httpTimeout: 2s\n  ignorable: {str(ignorable).lower()}\n")
    path = os.path.join(RUN, "tracemill-sched.yaml")
    with open(path, "w") as file:
        file.write(text)
    return path


services = []


def service(*arguments):
    log = open(os.path.join(RUN, "tracemill-kube.log"), "ab")
    services.append(subprocess.Popen([PROGRAM, *arguments], stderr=log, stdout=log))
    return services[-1]


def stop_services():
    """What a step that broke off has left."""
    for process in services:
        if process.poll() is None:
            process.kill()


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
                        # What happened meanwhile is in the list.
                        pods = self.kube.req("GET", self.kube.P)
                        for pod in pods["items"]:
                            self.note(pod)
                        self.version = pods["metadata"]["resourceVersion"]
                        break
                    self.version = event["object"]["metadata"]["resourceVersion"]
                    self.note(event["object"])
            except (OSError, ValueError, SystemExit, http.client.HTTPException):
                time.sleep(0.2)

    def note(self, pod):
        node = pod["spec"].get("nodeName")
        seen = self.nodes[pod["metadata"]["uid"]]
        if node and (not seen or seen[-1] != node):
            seen.append(node)
            self.times.setdefault(pod["metadata"]["uid"], time.time())

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


def clear(kube):
    """Deletes all pods; of very many the API server deletes some, and says that it had no time for the others."""
    while kube.req("GET", kube.P + "?limit=1")["items"]:
        kube.req("DELETE", kube.P + "?gracePeriodSeconds=0", ok=(200, 504))
        time.sleep(0.2)


def pods(kube, count, prefix, scheduler=None):
    spec = {"schedulerName": scheduler} if scheduler else {}
    kube.par(lambda i: kube.req("POST", kube.P, kube.pod(f"{prefix}-{i:05d}", **spec)), range(count))


def finish(kube, history, words, alone=True, count=None):
    count = count or PODS
    deadline = time.time() + 240
    while len(history.times) < count and time.time() < deadline:
        time.sleep(0.1)
    history.close()
    times = sorted(history.times.values())
    expect(len(times) == count, f"{words}: all {count} pods are bound")
    expect(all(len(v) <= 1 for v in history.nodes.values()), f"{words}: none was bound twice")
    if alone:
        sound(kube, words)
    clear(kube)
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0


def process_number(name):
    with open(os.path.join(RUN, "state", name + ".pid")) as file:
        return int(file.read())


def memory(number):
    """Resident memory of a process in MB."""
    with open(f"/proc/{number}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) * 1024 / 1e6


def cpu_seconds(number):
    with open(f"/proc/{number}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own(*more, port=PORT + 3, kubeconfig=None):
    """A scheduler of our own."""
    return service("scheduler", "--kubeconfig", kubeconfig or os.environ["KUBECONFIG"],
                   "--listen", f"127.0.0.1:{port}", *more)


def extender(*more, port=PORT + 1):
    process = service("extender", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", f"127.0.0.1:{port}", *more)
    ready(port)
    return process
