"""Best fit as a program that reads lines:
tracemill simulate --workload study --cluster study:100 --scheduler 'process:python3 best_fit_process.py'
"""
import json
import math
import sys

KINDS = ("cpu_nano", "memory_bytes", "disk_bytes", "gpu_milli")

for line in sys.stdin:
    message = json.loads(line)
    if message["event"] == "begin":
        machines = message["machines"]
        largest = {kind: max(machine[kind] for machine in machines) for kind in KINDS}
    elif message["event"] == "place":
        for machine in message["changed"]:
            machines[machine["machine"]] = machine
        task, best, least = message["task"], None, math.inf
        for place in task.get("allowed", range(len(machines))):
            machine = machines[place]
            if machine["up"] and all(task[kind] <= machine["free_" + kind] for kind in KINDS):
                room = sum(
                    math.floor(min(machine["free_" + kind] / largest[kind] * 2.0**40, 2.0**60))
                    for kind in KINDS
                    if largest[kind] > 0
                )
                if room < least:
                    best, least = place, room
        print(json.dumps({"wait": True} if best is None else {"machine": best}), flush=True)
