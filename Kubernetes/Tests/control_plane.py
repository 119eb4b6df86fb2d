#!/usr/bin/env python3
"""Tries tracemill-kube on a real control plane (etcd, kube-apiserver, kube-scheduler; fake nodes).

Usage: control_plane.py PROGRAM SHARED [STEP …] [--nodes N] [--pods N] [--seconds N] [--document FILE]

Steps: special, own, rules, recording, faults, many, hostile, walk, speed, large, churn; all but churn and large if none is
named. SHARED is the folder with run-control-plane.sh, kube.py and extender.py; what they build lies in $K8S_WORK.
$TRACEMILL is the program tracemill. --document puts each step's lines into a page's block of figures. Prints figures and what was checked. Exits with 1 if a pod was lost, bound
twice, put where it must not be, or a node was given more than it has.
"""

import os
import sys

import churn
import faults
import hostile
import own_scheduler
import recording
import rules
import speed
import walk
from harness import NODES, SHARED, control_plane, document, failures, lines, scheduler_configuration, stop_services

STEPS = {
    "special": own_scheduler.special, "own": own_scheduler.run, "rules": rules.run, "recording": recording.run,
    "faults": faults.run, "many": faults.many, "hostile": hostile.run, "walk": walk.run, "speed": speed.run, "large": speed.large,
    "churn": churn.run,
}


def main():
    steps = [word for word in sys.argv[3:] if word in STEPS] or [step for step in STEPS if step not in ("churn", "large")]
    page = os.path.abspath(sys.argv[sys.argv.index("--document") + 1]) if "--document" in sys.argv else None
    words = [word for word in sys.argv[3:] if word.startswith("--") and word != "--document" or word.isdigit()]
    control_plane("up", scheduler_configuration())
    try:
        sys.path.insert(0, SHARED)
        sys.argv[1:] = []
        import kube
        for step in steps:
            kube.main(["nodes", str(NODES)])
            lines.clear()
            STEPS[step](kube)
            if page:
                document(page, step, " ".join(["tools/test-kubernetes", step, *words]))
            kube.main(["delnodes"])
    finally:
        stop_services()
        control_plane("down")
    print(f"{len(failures)} failed: {'; '.join(failures)}" if failures else "all held")
    sys.exit(bool(failures))


main()
