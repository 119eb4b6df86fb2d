"""From `kubectl apply -k` to a pod bound by a learned policy, with no right but those of the manifests."""

import os
import subprocess
import time

from harness import clear, RUN, expect, own, say, stop

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "deploy")


def kubectl(*arguments, text=None):
    result = subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True)
    if result.returncode and result.stderr.strip():
        say("        kubectl", *arguments, result.stderr.strip())
    return result


def account(kube, name):
    """A kubeconfig with a token of a service account."""
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}
    answer = kube.req("POST", f"/api/v1/namespaces/tracemill/serviceaccounts/{name}/token", request)
    with open(os.environ["KUBECONFIG"]) as file:
        lines = file.read().split("\n")
    path = os.path.join(RUN, name + ".kubeconfig")
    with open(path, "w") as file:
        file.write("\n".join(line if not line.startswith("users:") else
                             f"users: [{{name: u, user: {{token: {answer['status']['token']}}}}}]" for line in lines))
    return path


def run(kube):
    for folder in (".", "scheduler", "recorder", "preemption"):
        place = os.path.join(DEPLOY, folder)
        again = [kubectl("apply", "-k", place) for _ in range(2)]
        expect(all(r.returncode == 0 for r in again), f"kubectl apply -k {folder} is taken, and again")
    path = account(kube, "tracemill-scheduler")
    can = kubectl("--kubeconfig", path, "auth", "can-i", "get", "secrets", "-A").stdout.strip()
    expect(can == "no", "its account may not read secrets")
    process = own("--policy", "marl:study-100", "--leader-elect", "--lease-namespace", "tracemill", kubeconfig=path)
    pod = """
apiVersion: v1
kind: Pod
metadata: {name: learned}
spec:
  schedulerName: tracemill
  containers: [{name: main, image: none, resources: {requests: {cpu: 500m, memory: 512Mi}}}]
"""
    kubectl("apply", "-f", "-", text=pod)
    end = time.time() + 20
    while not kube.where().get("learned") and time.time() < end:
        time.sleep(0.2)
    node = kube.where().get("learned")
    expect(bool(node), f"a pod is bound by marl:study-100 under the account of the manifests, to {node}")
    stop(process)
    clear(kube)
    for folder in (".", "scheduler", "recorder", "preemption"):
        kubectl("delete", "-k", os.path.join(DEPLOY, folder), "--ignore-not-found", "--wait=false")
