"""Bodies and clients that mean no good, against the extender's port."""

import http.client
import json
import os
import socket
import subprocess
import time

from harness import PORT, PROGRAM, SHARED, expect, extender, memory, option, say, stop


MUTATIONS = option("--mutations", 1_000_000)


def call(verb, body, headers=None, method="POST", timeout=30):
    connection = http.client.HTTPConnection("127.0.0.1", PORT + 1, timeout=timeout)
    connection.request(method, verb, body, headers or {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def run(kube):
    process = extender()
    pod = {"metadata": {"name": "p", "uid": "p"}, "spec": {"containers": [{"name": "c"}]}}
    good = json.dumps({"Pod": pod, "NodeNames": ["node-000", "node-001"]})
    expect(call("/filter", good)[0] == 200, "a good call is answered")

    bad = ["", "{", "[]", "null", "{}", good[:-1], good.replace("NodeNames", "Nodes"), "[" * 1_000_000, "\0" * 1000,
           good.replace("node-000", "\\ud800"), '{"Pod":{"spec":{"containers":[{"resources":{"requests":{"cpu":"1e999"}}}]}}}']
    statuses = [call(verb, body)[0] for body in bad for verb in ("/filter", "/prioritize", "/preempt")]
    expect(all(s in (200, 400) for s in statuses) and statuses.count(400) > len(bad), "malformed bodies are refused")
    later = json.dumps({"apiVersion": "v99", "kind": "Odd", "Pod": {**pod, "apiVersion": "v9", "status": {"new": [1, {"x": None}]}},
                        "NodeNames": ["node-000"], "Extra": {"a": [1, 2]}})
    expect(call("/filter", later)[0] == 200, "fields and versions that are not known are passed over")
    expect(call("/v9/nonsense", good)[0] == 404 and call("/filter", None, method="GET")[0] == 405,
           "unknown verbs and methods are refused")

    node = json.dumps(kube.node(0))
    count = 100_000_000 // len(node)
    before = memory(process.pid)
    items = ",".join(json.dumps({**kube.node(0), "metadata": {"name": f"big-{i}"}}) for i in range(count))
    body = '{"Pod":%s,"Nodes":{"metadata":{},"items":[%s]}}' % (json.dumps(pod), items)
    start = time.time()
    status, answer = call("/filter", body, timeout=60)
    expect(status == 200 and len(json.loads(answer)["Nodes"]["items"]) == count,
           f"a body of {len(body) / 1e6:.0f} MB is answered, in {time.time() - start:.1f} s")
    try:
        status = call("/filter", "x", {"Content-Length": str(10 ** 12)}, timeout=15)[0]
    except (OSError, http.client.HTTPException):
        status = 413
    expect(status in (400, 413), "a body that says it has 10^12 bytes is refused")

    # Slow clients hold a connection each; others are answered meanwhile.
    slow = []
    for _ in range(300):
        s = socket.create_connection(("127.0.0.1", PORT + 1))
        s.sendall(b"POST /filter HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        slow.append(s)
    worst = 0
    end = time.time() + 12
    while time.time() < end:
        for s in slow[:100]:
            try:
                s.sendall(b" ")
            except OSError:
                pass
        start = time.time()
        status, _ = call("/filter", good)
        worst = max(worst, time.time() - start)
        time.sleep(0.5)
    expect(status == 200 and worst < 2, f"300 slow clients: others are answered within {worst * 1e3:.0f} ms")
    closed = 0
    for s in slow:
        s.settimeout(1)
        try:
            closed += s.recv(1000) == b""
        except ConnectionError:
            closed += 1
        except OSError:
            pass
    expect(closed == 300, "slow clients are cut off after 10 s")
    expect(call("/healthz", None, method="GET")[0] == 200 and process.poll() is None, "it is well after all of it")
    say(f"        {before:.0f} MB before, {memory(process.pid):.0f} MB after")
    stop(process)
    result = subprocess.run([PROGRAM, "fuzz", SHARED + "/fixtures", "--count", str(MUTATIONS)], capture_output=True, text=True)
    say("        " + (result.stdout + result.stderr).strip())
    expect(result.returncode == 0, f"{MUTATIONS} mutations of recorded requests do not crash it")
