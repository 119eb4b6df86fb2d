"""What goes wrong in a cluster: no pod lost, none bound twice."""

import os
import signal
import socket
import subprocess
import threading
import time

from harness import (clear, PORT, PODS, PROGRAM, RUN, control_plane, expect, extender, finish, History, own, pods,
                     process_number, say, scheduler_configuration, stop)


class Proxy:
    """Carries connections to the API server until they are cut."""

    def __init__(self, target):
        self.target = target
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.open = []
        self.isHanging = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.open += [client, server]
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            s.close()

    def cut(self):
        """Ends every connection, some with half an answer."""
        old, self.open = self.open, []
        for s in old:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def while_pods_come(kube, words, prefix, scheduler, trouble, alone=True, count=None):
    history = History(kube)
    maker = threading.Thread(target=pods, args=(kube, count or PODS, prefix, scheduler))
    maker.start()
    trouble()
    maker.join()
    finish(kube, history, words, alone=alone, count=count)


def run(kube):
    # The extender is killed and comes back while pods arrive.
    process = extender()
    control_plane("sched", scheduler_configuration(PORT + 1))

    def killed():
        nonlocal process
        for _ in range(3):
            time.sleep(0.4)
            stop(process, signal.SIGKILL)
            time.sleep(0.4)
            process = extender()
    while_pods_come(kube, "extender killed three times", "killed", None, killed)
    stop(process)

    # Two schedulers of our own, the leader killed in the middle.
    first = own("--leader-elect", "--identity", "first", port=PORT + 4)
    time.sleep(2)
    second = own("--leader-elect", "--identity", "second", port=PORT + 5)

    def leaderless():
        time.sleep(0.7)
        stop(first, signal.SIGKILL)
    while_pods_come(kube, "leader killed", "leader", "tracemill", leaderless)
    stop(second)

    # One instance's clock is an hour ahead: who leads is counted by each one's own clock.
    library = next((p for p in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",) if os.path.exists(p)), None)
    if library:
        first = own("--leader-elect", "--identity", "right", port=PORT + 4)
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/tracemill"
        for _ in range(100):
            if kube.req("GET", path)["spec"]["holderIdentity"] == "right":
                break
            time.sleep(0.2)
        log = open(os.path.join(RUN, "tracemill-kube.log"), "ab")
        second = subprocess.Popen(
            [PROGRAM, "scheduler", "--kubeconfig", os.environ["KUBECONFIG"], "--listen", f"127.0.0.1:{PORT + 5}", "--leader-elect",
             "--identity", "ahead"], stdout=log, stderr=log,
            env={**os.environ, "LD_PRELOAD": library, "FAKETIME": "+1h", "DONT_FAKE_MONOTONIC": "1"})
        time.sleep(6)
        lease = kube.req("GET", path)
        expect(lease["spec"]["holderIdentity"] == "right", "a clock an hour ahead takes nobody's lease")
        while_pods_come(kube, "a standby whose clock is an hour ahead", "skew", "tracemill", lambda: None)
        stop(first)
        stop(second)
    else:
        say("skipped clock skew: libfaketime is not installed")

    # Both decide at once: the API server lets only one binding of a pod through. That they do not overfill
    # a node together is what election is for.
    both = [own(port=port) for port in (PORT + 6, PORT + 7)]
    while_pods_come(kube, "two schedulers without election", "both", "tracemill", lambda: None, alone=False)
    for process in both:
        stop(process)

    # The API server, then etcd, stand still for some seconds: watches and bindings hang, then go on.
    for name in ("kube-apiserver", "etcd"):
        process = own()

        def still():
            time.sleep(0.5)
            os.kill(process_number(name), signal.SIGSTOP)
            time.sleep(5)
            os.kill(process_number(name), signal.SIGCONT)
        while_pods_come(kube, f"{name} stands still for 5 s", name, "tracemill", still)
        stop(process)

    # etcd is slow: it stands still for a fifth of a second, again and again.
    process = own()

    def slow():
        number = process_number("etcd")
        for _ in range(25):
            os.kill(number, signal.SIGSTOP)
            time.sleep(0.2)
            os.kill(number, signal.SIGCONT)
            time.sleep(0.1)
    while_pods_come(kube, "etcd is slow", "slow", "tracemill", slow)

    # The API server is killed and started anew; the pods are there before it.
    history = History(kube)
    stop(process)
    pods(kube, PODS, "restart", "tracemill")
    process = own()
    time.sleep(0.5)
    number = process_number("kube-apiserver")
    with open(f"/proc/{number}/cmdline") as file:
        command = file.read().split("\0")[:-1]
    os.kill(number, signal.SIGKILL)
    time.sleep(1)
    with open(os.path.join(RUN, "state", "kube-apiserver.log"), "ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    with open(os.path.join(RUN, "state", "kube-apiserver.pid"), "w") as file:
        file.write(str(server.pid))
    for _ in range(150):
        try:
            kube.req("GET", "/api/v1/namespaces/default")
            break
        except (OSError, SystemExit):
            time.sleep(0.2)
    finish(kube, history, "API server killed and started anew")
    stop(process)

    # Watches and bindings are cut, again and again.
    proxy = Proxy(kube.U.port)
    path = os.path.join(RUN, "proxied")
    with open(os.environ["KUBECONFIG"]) as file:
        text = file.read().replace(f":{kube.U.port}", f":{proxy.port}")
    with open(path, "w") as file:
        file.write(text)
    process = own(kubeconfig=path)

    def cut():
        for _ in range(10):
            time.sleep(0.3)
            proxy.cut()
    while_pods_come(kube, "connections cut ten times", "cut", "tracemill", cut)
    stop(process)

    # Nodes and pods are deleted while decided.
    process = own()
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
    clear(kube)


def many(kube):
    """Ten thousand pods at once."""
    kube.par(lambda i: kube.req("POST", "/api/v1/nodes", kube.node(i), ok=(201, 409)), range(100, 250))
    history = History(kube)
    pods(kube, 10_000, "many", "tracemill")
    process = own()
    rate = finish(kube, history, "ten thousand pods at once", count=10_000)
    say(f"        {rate:.0f} pods a second")
    stop(process)
