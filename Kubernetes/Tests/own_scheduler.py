"""What our own scheduler does with pods of every kind."""

import time

from harness import clear, History, expect, finish, own, pods, stop


def special(kube):
    process = own()
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
    inline = kube.pod("inline-0", schedulerName="tracemill",
                      volumes=[{"name": "data", "csi": {"driver": "csi.example"}}])
    kube.req("POST", kube.P, inline)
    time.sleep(2)
    expect(kube.where()["inline-0"] is None and "volume data" in messages(kube, "inline-0"),
           "a pod with a constraint that is not honoured stays pending, with an event that names it")
    stop(process)
    clear(kube)

def messages(kube, pod):
    events = kube.req("GET", "/api/v1/namespaces/default/events")["items"]
    return " ".join(e["message"] for e in events if e["involvedObject"]["name"] == pod)


def settle(kube, names, bound, seconds=8):
    """Whether of pods all (or none) are bound in the end."""
    end = time.time() + seconds
    while time.time() < end:
        where = kube.where()
        if bound and all(where.get(n) for n in names):
            return True
        time.sleep(0.2)
    where = kube.where()
    return all(bool(where.get(n)) == bound for n in names)


def run(kube):
    for name, value, more in (("high", 100000, {}), ("middle", 1000, {}), ("polite", 100000, {"preemptionPolicy": "Never"})):
        kube.req("POST", "/apis/scheduling.k8s.io/v1/priorityclasses",
                 {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value, **more},
                 ok=(201, 409))
    ours = {"schedulerName": "tracemill"}
    kube.main(["delnodes"])
    kube.main(["nodes", "3"])

    # Preemption: node-000 and node-004 are full of pods of no priority; the least of them go.
    process = own("--preempt")
    fill = [f"fill-{i}" for i in range(8)]
    for i, name in enumerate(fill):
        kube.req("POST", kube.P, kube.pod(name, "8", "1Gi", **ours, **({"priorityClassName": "middle"} if i % 4 == 0 else {})))
    expect(settle(kube, fill, True), "two nodes are full")
    kube.req("POST", kube.P, kube.pod("never", "8", "1Gi", priorityClassName="polite", **ours))
    expect(settle(kube, ["never"], False, 3), "a pod that never preempts waits")
    kube.req("DELETE", f"{kube.P}/never?gracePeriodSeconds=0")
    kube.req("POST", kube.P, kube.pod("urgent", "16", "1Gi", priorityClassName="high", **ours))
    expect(settle(kube, ["urgent"], True), "a pod of high priority is bound where others had to go")
    left = set(kube.where())
    expect(sum(n not in left for n in fill) == 2 and {"fill-0", "fill-4"} <= left,
           "two pods went, those of the least priority")
    # Budgets hold for pods that run; without kubelets somebody has to say so.
    for name in left & set(fill):
        pod = kube.req("GET", f"{kube.P}/{name}")
        pod["status"]["phase"] = "Running"
        kube.req("PUT", f"{kube.P}/{name}/status", pod)
    budget = {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep"},
              "spec": {"minAvailable": 100, "selector": {"matchLabels": {"app": "fill"}}}}
    kube.req("POST", "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets", budget, ok=(201, 409))
    kube.req("POST", kube.P, kube.pod("second", "16", "1Gi", priorityClassName="high", **ours))
    expect(settle(kube, ["second"], False, 4) and "cannot be evicted" in messages(kube, "second"),
           "a disruption budget keeps its pods, and an event says so")
    kube.req("DELETE", "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets/keep")
    stop(process)
    clear(kube)

    # Gangs: four of 16 cores are two too many for three nodes of 32, one of them tainted.
    process = own()
    size = {"pod-group.scheduling.sigs.k8s.io/name": "gang", "pod-group.scheduling.sigs.k8s.io/min-available": "5"}
    gang = [f"gang-{i}" for i in range(5)]
    for name in gang[:4]:
        pod = kube.pod(name, "16", "1Gi", **ours)
        pod["metadata"]["labels"].update(size)
        kube.req("POST", kube.P, pod)
    expect(settle(kube, gang[:4], False, 3) and "4 of 5 pods are there" in messages(kube, "gang-3"),
           "a gang waits until all of it is there")
    pod = kube.pod(gang[4], "16", "1Gi", **ours)
    pod["metadata"]["labels"].update(size)
    kube.req("POST", kube.P, pod)
    expect(settle(kube, gang, False, 4), "none of a gang starts where not all of it fits")
    kube.req("POST", "/api/v1/nodes", kube.node(8))
    expect(settle(kube, gang, True), "all of it starts when there is room")
    clear(kube)

    # Volumes: a bound claim binds the pod to its volume's node; an unbound one keeps it waiting.
    for name, node in (("near", "node-004"), ("later", None)):
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "local": {"path": "/x"}, "storageClassName": "x",
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": [node or "node-000"]}]}]}}}}
        kube.req("POST", "/api/v1/persistentvolumes", volume, ok=(201, 409))
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "x",
            **({"volumeName": name} if node else {})}}
        claims = "/api/v1/namespaces/default/persistentvolumeclaims"
        made = kube.req("POST", claims, claim, ok=(201, 409))
        if node:
            made = kube.req("GET", f"{claims}/{name}")
            made["status"] = {"phase": "Bound"}
            kube.req("PUT", f"{claims}/{name}/status", made)
        kube.req("POST", kube.P, kube.pod(f"claim-{name}", "1", "1Gi", **ours, volumes=[
            {"name": "data", "persistentVolumeClaim": {"claimName": name}}]))
    expect(settle(kube, ["claim-near"], True) and kube.where()["claim-near"] == "node-004",
           "a pod goes to its volume's node")
    expect(settle(kube, ["claim-later"], False, 2) and "claim later is not bound" in messages(kube, "claim-later"),
           "a pod whose claim is not bound waits, with an event that names it")
    stop(process)
    clear(kube)
    kube.main(["delnodes"])
    kube.main(["nodes", "100"])

    # Policies that choose among waiting pods, that draw, that learned.
    for policy in ("min-min", "sufferage", "random", "marl:study-100"):
        process = own("--policy", policy)
        history = History(kube)
        pods(kube, 300, "policy", "tracemill")
        finish(kube, history, f"scheduler by {policy}", count=300)
        stop(process)
