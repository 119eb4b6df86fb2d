"""An hour of coming and going: the memory of scheduler and extender, minute by minute."""

import os
import time

from harness import (clear, PORT, control_plane, cpu_seconds, expect, extender, memory, option, own, say,
                     scheduler_configuration, stop)


SECONDS = option("--seconds", 3600)


def run(kube):
    scheduler, service = own("--leader-elect", "--identity", "lead"), extender()
    standby = own("--leader-elect", "--identity", "standby", port=PORT + 4)
    control_plane("sched", scheduler_configuration(PORT + 1))
    start = time.time()
    made, old, rows = 0, [], []
    next_row = start
    while time.time() - start < SECONDS:
        begin = time.time()
        for i in range(10):
            name = f"churn-{made:07d}"
            made += 1
            extra = {"schedulerName": "tracemill"} if i % 2 else {}
            pod = kube.pod(name, **extra)
            # Labels of its own, as the pods of jobs have.
            pod["metadata"]["labels"]["job-name"] = name
            kube.req("POST", kube.P, pod)
            old.append(name)
        while len(old) > 300:
            kube.req("DELETE", f"{kube.P}/{old.pop(0)}?gracePeriodSeconds=0", ok=(200, 404))
        if made % 100 == 0:
            node = kube.node(made // 100 % 1000 + 5000)
            kube.req("POST", "/api/v1/nodes", node, ok=(201, 409))
            gone = made // 100 % 1000 + 4995
            kube.req("DELETE", f"/api/v1/nodes/node-{gone:03d}", ok=(200, 404))
        if time.time() >= next_row:
            next_row += 60
            row = [(memory(p.pid), cpu_seconds(p.pid)) for p in (scheduler, service, standby)]
            rows.append([m for m, _ in row])
            say(f"{(time.time() - start) / 60:5.1f} min {made:8d} pods  " + "  ".join(
                f"{n} {m:.1f} MB {c:.1f} CPU s" for n, (m, c) in zip(("scheduler", "extender", "standby"), row)))
        time.sleep(max(0, 1 - (time.time() - begin)))
    waiting = sum(1 for node in kube.where().values() if not node)
    expect(waiting <= 10, f"{made} pods in {SECONDS / 60:.0f} minutes: {waiting} wait at the end")
    for which, name in enumerate(("scheduler", "extender", "standby")):
        if len(rows) > 10:
            early, late = rows[len(rows) // 4][which], rows[-1][which]
            expect(late < early * 1.1 + 2, f"{name}: {early:.1f} MB after a quarter of the time, {late:.1f} MB in the end")
    for process in (scheduler, service, standby):
        stop(process)
    clear(kube)
