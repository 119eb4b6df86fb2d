"""Lists of pods, nodes and events as kubectl prints them, and what is in them by rules of its own.

usage: kubernetes_lists.py FOLDER

In an empty folder it makes pods.json, nodes.json and events.json with random pods. Of a folder that has lists it says
what is in these. Prints JSON: of each pod, by namespace/name, what Kubernetes reserves for it (the documentation's
pages "Init Containers", "Sidecar Containers", "Pod Overhead" and "Assign Pod-level CPU and memory resources"), when it
was scheduled in microseconds since 1970, and the nodes that its selector, node affinity and tolerations allow.
"""
import datetime
import fractions
import json
import math
import os
import random
import sys

UNITS = {"m": fractions.Fraction(1, 1000), "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
GPUS = ("nvidia.com/gpu", "amd.com/gpu")


def amount(text):
    digits = str(text).rstrip("mkMGKi")
    return fractions.Fraction(digits) * UNITS[str(text)[len(digits):]]


def requests(holder):
    return {name: amount(text) for name, text in holder.get("resources", {}).get("requests", {}).items()}


def plus(*lists):
    return {name: sum(one.get(name, 0) for one in lists) for name in set().union(*lists)}


def most(*lists):
    return {name: max(one.get(name, 0) for one in lists) for name in set().union(*lists)}


def reserved(spec):
    started, phases = {}, []
    for container in spec.get("initContainers", []):
        if container.get("restartPolicy") == "Always":
            started = plus(started, requests(container))
            phases.append(started)
        else:
            phases.append(plus(started, requests(container)))
    phases.append(plus(started, *map(requests, spec["containers"])))
    result = most(*phases)
    result.update(requests(spec))
    return plus(result, {name: amount(text) for name, text in spec.get("overhead", {}).items()})


def micro(text):
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def meets(labels, rule):
    values, label = rule.get("values", []), labels.get(rule["key"])
    return {"In": label in values, "NotIn": label not in values, "Exists": label is not None,
            "DoesNotExist": label is None}[rule["operator"]]


def bears(toleration, taint):
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", "")


def allows(spec, node):
    labels = node["metadata"].get("labels", {})
    if any(labels.get(key) != value for key, value in spec.get("nodeSelector", {}).items()):
        return False
    affinity = spec.get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    if affinity and not any(all(meets(labels, rule) for rule in term["matchExpressions"])
                            for term in affinity["nodeSelectorTerms"]):
        return False
    return all(taint["effect"] == "PreferNoSchedule" or taint["key"].startswith("node.kubernetes.io/")
               or any(bears(toleration, taint) for toleration in spec.get("tolerations", []))
               for taint in node.get("spec", {}).get("taints", []))


def told(pods, nodes, events):
    scheduled = {}
    for event in events:
        if event["reason"] == "Scheduled":
            uid = event.get("involvedObject", event.get("regarding", {}))["uid"]
            time = micro(event.get("eventTime") or event.get("firstTimestamp") or event["deprecatedFirstTimestamp"])
            scheduled[uid] = min(time, scheduled.get(uid, time))
    result = {}
    for pod in pods:
        meta, status = pod["metadata"], pod["status"]
        conditions = [c["lastTransitionTime"] for c in status.get("conditions", [])
                      if c["type"] == "PodScheduled" and c["status"] == "True"]
        first = scheduled.get(meta["uid"]) or (micro(conditions[0]) if conditions
                                               else micro(status["startTime"]) if "startTime" in status else -1)
        held = reserved(pod["spec"])
        result[f"{meta['namespace']}/{meta['name']}"] = {
            "uid": meta["uid"], "nanocores": math.ceil(held.get("cpu", 0) * 10**9), "memory": math.ceil(held.get("memory", 0)),
            "disk": math.ceil(held.get("ephemeral-storage", 0)), "milliGPU": int(sum(held.get(g, 0) for g in GPUS) * 1000),
            "created": micro(meta["creationTimestamp"]), "scheduled": first,
            "nodes": sorted(n["metadata"]["name"] for n in nodes if allows(pod["spec"], n))}
    return result


def made(folder):
    draw = random.Random(18)
    cpus = ["100m", "250m", "1", "2", "0.5", "1500m"]
    sizes = ["64Mi", "1Gi", "500M", "128974848", "1500k"]

    def container(name):
        wanted = {}
        for resource, values in (("cpu", cpus), ("memory", sizes), ("nvidia.com/gpu", ["1", "2"]), ("ephemeral-storage", ["1Gi"])):
            if draw.random() < {"cpu": 0.8, "memory": 0.8}.get(resource, 0.2):
                wanted[resource] = draw.choice(values)
        return {"name": name, "resources": {"requests": wanted} if wanted else {}}

    clock = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)
    zones, pods, events = ["a", "b", "c"], [], []
    nodes = [{"kind": "Node", "metadata": {"name": f"n{i}", "labels": {"zone": zones[i % 3], **({"ssd": "yes"} if i % 2 else {})}},
              "spec": {"taints": [{"key": "dedicated", "value": "batch", "effect": draw.choice(["NoSchedule", "NoExecute", "PreferNoSchedule"])}]
                       if i % 4 == 0 else []},
              "status": {"allocatable": {"cpu": "32", "memory": "128Gi", "nvidia.com/gpu": "8"}}} for i in range(12)]
    for number in range(200):
        clock += datetime.timedelta(seconds=draw.randint(0, 30))
        stamp = lambda after: (clock + datetime.timedelta(seconds=after)).strftime("%Y-%m-%dT%H:%M:%SZ")
        spec = {"containers": [container(f"c{i}") for i in range(draw.randint(1, 3))]}
        if draw.random() < 0.6:
            spec["initContainers"] = [{**container(f"i{i}"), **({"restartPolicy": "Always"} if draw.random() < 0.4 else {})}
                                      for i in range(draw.randint(1, 3))]
        if draw.random() < 0.3:
            spec["overhead"] = {"cpu": "250m", "memory": "120Mi"}
        if draw.random() < 0.2:
            spec["resources"] = {"requests": {"cpu": "8", **({"memory": "2Gi"} if draw.random() < 0.5 else {})}}
        if draw.random() < 0.2:
            spec["nodeSelector"] = {"zone": draw.choice(zones)}
        if draw.random() < 0.2:
            spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "ssd", "operator": draw.choice(["Exists", "DoesNotExist"])}]},
                {"matchExpressions": [{"key": "zone", "operator": draw.choice(["In", "NotIn"]), "values": ["a"]}]}][:draw.randint(1, 2)]}}}
        if draw.random() < 0.3:
            spec["tolerations"] = [draw.choice([{"key": "dedicated", "operator": "Exists"}, {"operator": "Exists", "effect": "NoExecute"},
                                                {"key": "dedicated", "value": "batch", "effect": "NoSchedule"}])]
        status, uid = {"phase": "Pending"}, f"uid-{number}"
        if number % 5:
            status = {"phase": draw.choice(["Running", "Succeeded", "Failed"]), "startTime": stamp(9)}
            if status["phase"] != "Running":
                status["containerStatuses"] = [{"state": {"terminated": {"finishedAt": stamp(100 + i)}}} for i in range(2)]
            if number % 3:
                status["conditions"] = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(7)}]
            if number % 4 == 0:
                about = {"kind": "Pod", "name": f"p{number}", "namespace": "lab", "uid": uid}
                time = (clock + datetime.timedelta(seconds=6)).strftime("%Y-%m-%dT%H:%M:%S.250000Z")
                events.append(draw.choice([
                    {"involvedObject": about, "eventTime": time}, {"involvedObject": about, "eventTime": None, "firstTimestamp": stamp(6)},
                    {"regarding": about, "eventTime": None, "deprecatedFirstTimestamp": stamp(6)}]))
                events[-1].update(kind="Event", metadata={"name": f"p{number}.1", "namespace": "lab"}, reason="Scheduled")
        pods.append({"kind": "Pod", "metadata": {"name": f"p{number}", "namespace": "lab", "uid": uid, "creationTimestamp": stamp(0)},
                     "spec": spec, "status": status})
    for name, items in (("pods", pods), ("nodes", nodes), ("events", events)):
        with open(os.path.join(folder, name + ".json"), "w") as file:
            json.dump({"apiVersion": "v1", "items": items, "kind": "List"}, file, indent=4)
    return pods, nodes, events


def items(folder, *names):
    for name in names:
        if os.path.exists(os.path.join(folder, name)):
            with open(os.path.join(folder, name)) as file:
                return json.load(file)["items"]
    return []


folder = sys.argv[1]
lists = [items(folder, "pods-after.json", "pods.json"), items(folder, "nodes.json"), items(folder, "events.json")]
print(json.dumps(told(*(lists if lists[0] else made(folder)))))
