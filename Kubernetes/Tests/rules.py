"""The simulator's rules beside those of the real kube-scheduler, pod by pod."""

import json
import os
import random
import subprocess
import time

from harness import clear, PODS, PROGRAM, RUN, control_plane, expect, History, say

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1beta1\nkind: KubeSchedulerConfiguration\npercentageOfNodesToScore: 100\n"
CONFIGURATIONS = {
    "defaults": HEAD,
    "most allocated": HEAD + """profiles:
- plugins:
    score:
      disabled: [{name: NodeResourcesLeastAllocated}]
      enabled: [{name: NodeResourcesMostAllocated, weight: 3}]
""",
    "requested to capacity ratio": HEAD + """profiles:
- plugins:
    score:
      disabled: [{name: NodeResourcesLeastAllocated}, {name: NodeResourcesBalancedAllocation}]
      enabled: [{name: RequestedToCapacityRatio, weight: 5}]
  pluginConfig:
  - name: RequestedToCapacityRatio
    args:
      shape: [{utilization: 0, score: 2}, {utilization: 60, score: 10}, {utilization: 100, score: 0}]
      resources: [{name: cpu, weight: 3}, {name: memory, weight: 1}]
""",
}


def nodes(kube, chance):
    """A hundred nodes of three shapes."""
    for i in range(100):
        node = kube.node(i)
        cpu, memory = (("16", "64Gi"), ("32", "128Gi"), ("64", "192Gi"))[i % 3]
        node["status"]["allocatable"] = node["status"]["capacity"] = {
            **node["status"]["allocatable"], "cpu": cpu, "memory": memory}
        node["metadata"]["labels"]["disk"] = chance.choice(["ssd", "hdd"])
        if i % 7 == 3:
            node["spec"].setdefault("taints", []).append({"key": "soft", "value": "x", "effect": "PreferNoSchedule"})
        kube.req("POST", "/api/v1/nodes", node)


def random_pod(kube, i, chance):
    app = f"app{chance.randrange(12)}"
    pod = kube.pod(f"{app}-{i:05d}", f"{chance.choice([50, 100, 250, 300, 500, 1000, 1700, 2000])}m",
                   f"{chance.choice([64, 128, 300, 512, 1024, 2000, 4096])}Mi")
    spec = pod["spec"]
    match = {"labelSelector": {"matchLabels": {"app": f"app{chance.randrange(12)}"}}}
    kind = chance.random()
    if kind < 0.08:
        spec["containers"][0].pop("resources")
    elif kind < 0.2:
        spec["affinity"] = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": chance.randint(1, 100), "preference": {"matchExpressions": [
                {"key": ZONE, "operator": "In", "values": [chance.choice(["zone-a", "zone-b", "zone-c"])]}]}},
            {"weight": chance.randint(1, 100), "preference": {"matchExpressions": [
                {"key": "disk", "operator": "NotIn", "values": ["hdd"]}]}}]}}
    elif kind < 0.3:
        spec["topologySpreadConstraints"] = [
            {"maxSkew": chance.randint(1, 3), "topologyKey": chance.choice([ZONE, HOST]), "whenUnsatisfiable": "ScheduleAnyway", **match}]
    elif kind < 0.36:
        spec["topologySpreadConstraints"] = [
            {"maxSkew": 2, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": app}}}]
    elif kind < 0.46:
        way = chance.choice(["podAffinity", "podAntiAffinity"])
        spec["affinity"] = {way: {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": chance.randint(1, 100), "podAffinityTerm": {"topologyKey": chance.choice([ZONE, HOST]), **match}}]}}
    elif kind < 0.51:
        spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": app}}}]}}
    elif kind < 0.55:
        spec["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": app}}}]}}
    elif kind < 0.6:
        spec["tolerations"] = [{"operator": "Exists"}]
    elif kind < 0.66:
        spec["nodeSelector"] = {"disk": "ssd"}
    return pod


def run(kube):
    kube.main(["delnodes"])
    for number, (words, text) in enumerate(CONFIGURATIONS.items()):
        chance = random.Random(20 + number)
        nodes(kube, chance)
        path = os.path.join(RUN, "rules.yaml")
        with open(path, "w") as file:
            file.write(text)
        control_plane("sched", path)
        time.sleep(1)
        history = History(kube)
        order = []
        for i in range(PODS):
            pod = kube.req("POST", kube.P, random_pod(kube, i, chance))
            uid, name = pod["metadata"]["uid"], pod["metadata"]["name"]
            # One at a time, so that the order of the decisions is known.
            end = time.time() + 3
            while uid not in history.times and time.time() < end:
                time.sleep(0.001)
            if uid in history.times:
                order.append(name)
            else:
                kube.req("DELETE", f"{kube.P}/{name}?gracePeriodSeconds=0")
        history.close()
        files = {}
        for what, place in (("nodes", "/api/v1/nodes"), ("pods", kube.P)):
            files[what] = os.path.join(RUN, f"rules-{what}.json")
            with open(files[what], "w") as file:
                json.dump(kube.req("GET", place), file)
        files["order"] = os.path.join(RUN, "rules-order")
        with open(files["order"], "w") as file:
            file.write("\n".join(order) + "\n")
        result = subprocess.run(
            [PROGRAM, "explain", "--configuration", path, "--nodes", files["nodes"], "--pods", files["pods"],
             "--order", files["order"]], capture_output=True, text=True)
        lines = result.stdout.strip().split("\n")
        say("\n".join("        " + line for line in lines[-12:]) + result.stderr)
        expect(result.returncode == 0 and len(order) > PODS * 0.9,
               f"rules, {words}: {len(order)} pods where the simulator's rules would have put them")
        clear(kube)
        kube.main(["delnodes"])
    kube.main(["nodes", "100"])
