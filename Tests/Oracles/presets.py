"""Sums over the real rows of public traces, made with Python's own readers: what the presets' records
must add up to. Prints JSON by the format's name.

usage: presets.py FOLDER-OF-TRACES
"""

import csv
import gzip
import io
import json
import re
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

root = sys.argv[1]


def text(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(f"{root}/{path}", "rt", newline="") as file:
        return file.read()


def table(path, **options):
    return list(csv.DictReader(io.StringIO(text(path)), **options))


def us(when, zone=None):
    """Microseconds since 1970 of an ISO date-time."""
    when = re.sub(r"(\.\d{6})\d+", r"\1", when).replace("Z", "+00:00")
    if "." in when:
        head, tail = when.split(".")
        digits = re.match(r"\d+", tail).group()
        when = f"{head}.{digits.ljust(6, '0')}{tail[len(digits):]}"
    moment = datetime.fromisoformat(when)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or timezone.utc)
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def sums(rows):
    """rows: dicts of submit, run, wait (None: not known), cpu, memory, gpu, outcome."""
    total = {"records": len(rows)}
    for key in ["run", "wait", "cpu", "memory", "gpu", "instances"]:
        total[key] = round(sum(row.get(key) or 0 for row in rows))
    total["runs known"] = sum(row.get("run") is not None for row in rows)
    for row in rows:
        name = row.get("outcome", "finished")
        total[name] = total.get(name, 0) + 1
    submits = [row["submit"] for row in rows if row["submit"] is not None]
    total["span"] = max(submits) - min(submits) if submits else 0
    return total


WORDS = {
    "COMPLETED": "finished", "FAILED": "failed", "CANCELLED": "killed", "TIMEOUT": "killed",
    "NODE_FAIL": "evicted",
}


def slurm_like(path, zone=None, memory=None):
    rows = []
    for row in table(path):
        submit, start, end = (us(row[f"{key}_time"], zone) for key in ["submit", "start", "end"])
        rows.append({
            "submit": submit, "wait": start - submit, "run": end - start,
            "cpu": int(row["cpu_num"]), "gpu": 1000 * int(row["gpu_num"]),
            "memory": memory(row) if memory else None, "outcome": WORDS[row["state"]],
        })
    return rows


def seconds(value):
    return round(float(value) * 1e6)


result = {}
result["helios"] = slurm_like("helios/readme-cluster_log.csv", ZoneInfo("Asia/Shanghai"))
result["acme-seren"] = slurm_like("acme/readme-trace_seren.csv")
result["acme-kalos"] = slurm_like(
    "acme/readme-trace_kalos.csv",
    memory=lambda row: float(row["mem_per_pod_GB"]) * 1e9 * int(row["node_num"]))
result["microsoft-itp"] = [
    {"submit": seconds(row["submission_time"]), "run": seconds(row["duration"]),
     "gpu": 1000 * int(row["num_gpu"])}
    for part in ["02", "04", "05"] for row in table(f"microsoft-itp-2021/cluster{part}.csv.gz")]
result["philly-pollux"] = [
    {"submit": us(row["timestamp"], ZoneInfo("America/Los_Angeles")),
     "run": seconds(row["duration"]), "gpu": 1000 * int(row["num_gpus"])}
    for row in table("philly/pollux-philly.csv.gz")]

rows = []
for job in json.loads(text("philly/readme-cluster_job_log.json")):
    zone = ZoneInfo("America/Los_Angeles")
    spans = [(us(a["start_time"], zone), us(a["end_time"], zone)) for a in job["attempts"]]
    submit = us(job["submitted_time"], zone)
    rows.append({
        "submit": submit, "wait": spans[0][0] - submit, "run": sum(b - a for a, b in spans),
        "gpu": 1000 * sum(len(d["gpus"]) for d in job["attempts"][0]["detail"]),
        "outcome": {"Pass": "finished", "Killed": "killed", "Failed": "failed"}[job["status"]],
    })
result["philly"] = rows

rows = []
for row in table("alibaba-gpu-2025-dlrm/disaggregated_DLRM_trace.csv.gz"):
    created, started, deleted = (
        row[key] and seconds(row[key])
        for key in ["creation_time", "scheduled_time", "deletion_time"])
    known = started != ""
    rows.append({
        "submit": created if created != "" else None,
        "wait": started - created if created != "" and known else None,
        "run": deleted - started if known and deleted != "" else None,
        "cpu": float(row["cpu_request"]), "gpu": 1000 * int(row["gpu_request"]),
        "memory": float(row["memory_request"]) * 2**30,
        "outcome": "finished" if deleted != "" else "running",
    })
result["alibaba-dlrm-2025"] = rows
result["alibaba-spot-2026"] = [
    {"submit": seconds(row["submit_time"]) or None, "run": seconds(row["duration"]),
     "cpu": int(row["cpu_request"]), "gpu": 1000 * int(row["gpu_request"]),
     "instances": int(row["worker_num"])}
    for row in table("alibaba-spot-gpu-2026/readme-job_info_df.csv")]
GENAI = {"SUCCEED": "finished", "FAILED": "failed", "PENDING": "pending", "PROCESSING": "running"}
rows = []
for row in table("alibaba-genai-2026/lora_request_trace.csv.gz"):
    run = row["exec_time_seconds"]
    rows.append({
        "submit": us(row["gmt_create"]), "run": seconds(run) if run else None,
        "outcome": GENAI[row["predict_status"]],
    })
result["alibaba-genai-2026"] = rows
result["azure-functions-2021"] = [
    {"submit": seconds(row["end_timestamp"]) - seconds(row["duration"]),
     "run": seconds(row["duration"])}
    for row in table("azure-functions-2021/Azure2021_200.csv")]
result["azure-llm"] = [
    {"submit": us(row["TIMESTAMP"]),
     "run": 200 * int(row["ContextTokens"]) + 20000 * int(row["GeneratedTokens"])}
    for row in table("azure-llm-2023/AzureLLMInferenceTrace_conv.csv.gz")]
result["azure-llm 2025"] = [
    {"submit": us(row["TIMESTAMP"]),
     "run": 200 * int(row["ContextTokens"]) + 20000 * int(row["GeneratedTokens"])}
    for row in table("azure-lmm-2025/notebook-table-1.csv")]
result["burstgpt"] = [
    {"submit": seconds(row["Timestamp"]),
     "run": 200 * int(row["Request tokens"]) + 20000 * int(row["Response tokens"])}
    for row in table("burstgpt/quoted-first3.csv")]
result["mooncake"] = [
    {"submit": 1000 * row["timestamp"],
     "run": 200 * row["input_length"] + 20000 * row["output_length"]}
    for row in map(json.loads, text("mooncake/conversation_trace-first6000.jsonl.gz").splitlines())]

STATES = {3: "finished", 4: "killed", 5: "failed", 6: "killed", 7: "evicted", 11: "failed"}
rows = []
for row in table("mit-supercloud/slurm-log-queueing-clean-first5000.csv.gz"):
    submit, start, end = (int(row[f"time_{key}"]) * 10**6 for key in ["submit", "start", "end"])
    tres = dict(pair.split("=") for pair in row["tres_alloc"].split(",") if pair)
    rows.append({
        "submit": submit, "wait": start - submit, "run": end - start,
        "cpu": int(row["cpus_req"]), "memory": float(tres.get("2", 0)) * 2**20,
        "gpu": 1000 * sum(int(tres.get(key, 0)) for key in ["1001", "1002"]),
        "outcome": STATES[int(row["state"])],
    })
result["mit-supercloud"] = rows

rows = []
for row in csv.reader(io.StringIO(text("azure-vm-2017/vmtable.csv.gz"))):
    created, deleted = int(row[3]), int(row[4])
    alive = deleted >= 2591700
    rows.append({
        "submit": created * 10**6 or None, "wait": 0,
        "run": (deleted - created) * 10**6 if created else None,
        "cpu": float(row[9]), "memory": float(row[10]) * 2**30,
        "outcome": "running" if alive else "finished",
    })
result["azure-vm"] = rows

rows = []
for part in ["166", "40"]:
    samples = table(f"bitbrains/rnd-2013-7/{part}.csv.gz", delimiter=";")
    samples = [{key.strip(): float(value) for key, value in row.items()} for row in samples]
    times = [int(row["Timestamp [ms]"]) for row in samples]
    rows.append({
        "submit": min(times) * 10**6, "wait": 0, "run": (max(times) - min(times)) * 10**6,
        "cpu": max(row["CPU cores"] for row in samples),
        "memory": max(round(row["Memory capacity provisioned [KB]"] * 1024) for row in samples),
    })
result["bitbrains"] = rows

for name, path in [
    ("wfcommons", "bwa-chameleon-large-001"), ("wfcommons montage", "montage-chameleon-2mass-005d-001"),
    ("wfcommons fetchngs", "fetchngs-dirt02-001"), ("wfcommons forkjoin", "helloworld-forkjoin-10-chameleon"),
]:
    workflow = json.loads(text(f"wfcommons/{path}.json.gz"))["workflow"]
    runs = {task["id"]: task for task in workflow["execution"]["tasks"]}
    rows = [
        {"submit": 0, "run": seconds(runs[task["id"]]["runtimeInSeconds"]),
         "cpu": runs[task["id"]].get("coreCount", 1),
         "memory": runs[task["id"]].get("memoryInBytes")}
        for task in workflow["specification"]["tasks"]]
    result[name] = rows
    result[name][0]["dependencies"] = sum(
        len(task["parents"]) for task in workflow["specification"]["tasks"])
workflow = json.loads(text("wfcommons/eager-nextflow-chameleon-schema1.2.json.gz"))["workflow"]
result["wfcommons-1.2"] = [
    {"submit": 0, "run": seconds(task["runtime"]), "cpu": task.get("cores", 1),
     "memory": task.get("memory")}
    for task in workflow["jobs"]]
result["wfcommons-1.2"][0]["dependencies"] = sum(len(task["parents"]) for task in workflow["jobs"])


def headerless(path):
    name = re.search(r"pai_\w+_table", path).group()
    header = text(f"alibaba-gpu-2020/{name}.header").strip().split(",")
    return [dict(zip(header, row)) for row in csv.reader(io.StringIO(text(path)))]


jobs = {row["job_name"]: row for row in headerless("alibaba-gpu-2020/notebook-pai_job_table.csv")}
instances = {}
for row in headerless("alibaba-gpu-2020/notebook-pai_instance_table.csv"):
    key = (row["job_name"], row["task_name"])
    if row["start_time"]:
        instances[key] = min(instances.get(key, 1e18), float(row["start_time"]))
PAI = {"Terminated": "finished", "Failed": "failed", "Running": "running", "Waiting": "pending"}
rows = []
for row in headerless("alibaba-gpu-2020/notebook-pai_task_table.csv"):
    job = jobs.get(row["job_name"])
    submit = seconds((job and job["start_time"]) or row["start_time"])
    start = seconds(instances.get((row["job_name"], row["task_name"])) or row["start_time"])
    end = row["end_time"] and seconds(row["end_time"])
    rows.append({
        "submit": submit, "wait": start - submit, "run": end - start if end != "" else None,
        "cpu": float(row["plan_cpu"] or 0) / 100, "memory": float(row["plan_mem"] or 0) * 2**30,
        "gpu": float(row["plan_gpu"] or 0) * 10, "instances": float(row["inst_num"] or 1),
        "outcome": PAI[row["status"]],
    })
result["alibaba-gpu-2020"] = rows

days = sorted(__import__("os").listdir(f"{root}/planetlab/20110303"))
counts = [len(text(f"planetlab/20110303/{vm}").split()) for vm in days]
result["planetlab"] = [
    {"submit": 0, "wait": 0, "run": count * 300 * 10**6, "cpu": 1} for count in counts]

# What needs a reader of Parquet.
try:
    import pyarrow.parquet as parquet
except ImportError:
    parquet = None
if parquet:
    def stored(path):
        return parquet.read_table(f"{root}/{path}").to_pylist()

    rows = [
        {"submit": row["ts_submit"] * 1000, "run": row["runtime"] * 1000,
         "cpu": row["resource_amount_requested"]}
        for row in stored("wta-shell/tasks/schema-1.0/part.0.parquet")]
    rows[0]["dependencies"] = sum(
        len(row["parents"]) for row in stored("wta-shell/tasks/schema-1.0/part.0.parquet"))
    result["wta"] = rows
    for name, path in [("opendc", "surf_week"), ("opendc bitbrains", "bitbrains-small")]:
        result[name] = [
            {"submit": row["submission_time"] * 1000, "run": row["duration"] * 1000,
             "cpu": row["cpu_count"], "memory": row["mem_capacity"] * 1000}
            for row in stored(f"opendc/{path}/tasks.parquet")]
    result["opendc-2021"] = [
        {"submit": us(row["start_time"].isoformat()), "wait": 0,
         "run": us(row["stop_time"].isoformat()) - us(row["start_time"].isoformat()),
         "cpu": row["cpu_count"], "memory": row["mem_capacity"] * 1000}
        for row in stored("opendc/bitbrains-small-2021/meta.parquet")]
    result["opendc-2.0"] = [
        {"submit": row["submissionTime"] * 1000, "wait": 0,
         "run": (row["endTime"] - row["submissionTime"]) * 1000,
         "cpu": row["maxCores"], "memory": row["requiredMemory"] * 1000}
        for row in stored("opendc/trace-v2.0/tasks.parquet")]

output = {name: sums(rows) for name, rows in result.items()}
for name, rows in result.items():
    if "dependencies" in rows[0]:
        output[name]["dependencies"] = rows[0]["dependencies"]
print(json.dumps(output))
