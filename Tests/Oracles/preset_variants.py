"""Writes made traces that differ from the published rows in how they are written (other orders of columns, more
columns, quoted fields, line ends, byte order marks, compression, words for missing, zones), and prints what their
records must be, worked out here row by row.

usage: preset_variants.py FOLDER [SEED]

Prints {case: {path, format, records: [...]}}; a record lists what is compared, null for what is not known.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import random
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

folder = sys.argv[1]
draw = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 11)
cases = {}
GIB, KIB = 1 << 30, 1 << 10
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def us(moment):
    return (moment - EPOCH) // timedelta(microseconds=1)


def record(submit, *, first=None, end=None, run=None, wait=None, cpu=0, memory=0, gpu=0, outcome="finished",
           instances=1, attempts=None):
    """Times in µs, memory in bytes, gpu in thousandths."""
    return {"submit_us": submit, "first_schedule_us": first, "end_us": end, "run_us": run, "wait_us": wait,
            "cpu_cores": cpu, "memory_bytes": round(memory), "gpu_milli": round(gpu), "outcome": outcome,
            "instances": instances}


def dated(records):
    """Counts times from the first submission."""
    origin = min(r["submit_us"] for r in records)
    for r in records:
        for key in ("submit_us", "first_schedule_us", "end_us"):
            if r[key] is not None:
                r[key] -= origin
    return records


def pack(path, data, way):
    if way == "gz":
        path, data = path + ".gz", gzip.compress(data)
    elif way == "xz":
        path, data = path + ".xz", lzma.compress(data)
    elif way == "bz2":
        path, data = path + ".bz2", bz2.compress(data)
    os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
    with open(f"{folder}/{path}", "wb") as file:
        file.write(data)
    return path


# How a table with a header can be written.
WAYS = {
    "plain": {},
    "shuffled": {"shuffle": True, "extra": True},
    "quoted": {"quoting": csv.QUOTE_ALL, "ends": "\r\n", "bom": True},
    "packed": {"way": "gz", "shuffle": True, "last": False},
    "mixed": {"quoting": csv.QUOTE_NONNUMERIC, "way": "xz", "ends": "\r\n", "extra": True},
}


def header_table(name, form, columns, rows, records, file="table.csv", shifts=False):
    """A table in all ways; rows are lists of texts."""
    for way, options in WAYS.items():
        order = list(range(len(columns)))
        if options.get("shuffle"):
            draw.shuffle(order)
        names = [columns[i] for i in order]
        body = [[row[i] for i in order] for row in rows]
        if options.get("extra"):
            place = draw.randint(0, len(names))
            names.insert(place, "Unnamed: 0")
            for number, row in enumerate(body):
                row.insert(place, str(number))
            names.append("a remark")
            for row in body:
                row.append('says "no", and goes')
        out = io.StringIO()
        writer = csv.writer(out, quoting=options.get("quoting", csv.QUOTE_MINIMAL),
                            lineterminator=options.get("ends", "\n"))
        writer.writerows([names] + body)
        text = out.getvalue()
        if not options.get("last", True):
            text = text.rstrip("\r\n")
        data = text.encode()
        if options.get("bom"):
            data = b"\xef\xbb\xbf" + data
        path = pack(f"{name}-{way}/{file}", data, options.get("way"))
        cases[f"{name} {way}"] = {"path": path, "format": form, "records": records}


def bare_table(name, form, rows, records, file, more=None, separator=","):
    """A table without a header, in several ways."""
    for way, (ends, packing) in {"plain": ("\n", None), "crlf": ("\r\n", "gz"), "bz2": ("\n", "bz2")}.items():
        data = "".join(separator.join(row) + ends for row in rows).encode()
        path = pack(f"{name}-{way}/{file}", data, packing)
        for other, text in (more or {}).items():
            pack(f"{name}-{way}/{other}", text.encode(), packing)
            path = f"{name}-{way}"
        cases[f"{name} {way}"] = {"path": path, "format": form, "records": records}


def hpc(zone_name, form, n=40):
    """Submit, start, end as local or zoned texts, and the instants."""
    zone = ZoneInfo(zone_name)
    rows = []
    moment = datetime(2021, 1, 30, 22, 0, tzinfo=timezone.utc)
    for number in range(n):
        moment += timedelta(seconds=draw.randint(0, 5000))
        wait, run = draw.choice([0, 1, 61, 4000]), draw.choice([1, 17, 3600, 90061])
        start = moment + timedelta(seconds=wait)
        rows.append([t.astimezone(zone) for t in (moment, start, start + timedelta(seconds=run))])
    return [([form(t) for t in row], [us(t) for t in row]) for row in rows]


STATES = [("COMPLETED", "finished"), ("FAILED", "failed"), ("CANCELLED", "killed"), ("TIMEOUT", "killed"),
          ("NODE_FAIL", "evicted")]


def helios():
    rows, records = [], []
    for number, (texts, (s, f, e)) in enumerate(hpc("Asia/Shanghai", lambda t: t.strftime("%Y-%m-%d %H:%M:%S"))):
        state, outcome = draw.choice(STATES)
        gpus, cpus, nodes = draw.choice([0, 1, 8, 16]), draw.choice([1, 4, 96]), draw.choice([1, 2])
        rows.append([str(number + 5), "u1", "vc" + "Ab", str(gpus), str(cpus), str(nodes), state, *texts,
                     str((e - f) // 10**6), str((f - s) // 10**6)])
        records.append(record(s, first=f, end=e, run=e - f, wait=f - s, cpu=cpus, gpu=gpus * 1000, outcome=outcome))
    header_table("helios", "helios", "job_id user vc gpu_num cpu_num node_num state submit_time start_time end_time "
                 "duration queue".split(), rows, dated(records), "cluster_log.csv")


def acme():
    for cluster, zone in (("seren", "Asia/Shanghai"), ("kalos", "UTC")):
        rows, records = [], []
        for number, (texts, (s, f, e)) in enumerate(hpc(zone, lambda t: t.isoformat(" "))):
            state, outcome = draw.choice(STATES)
            gpus, cpus, nodes, pod = draw.choice([0, 8]), draw.choice([1, 128]), draw.choice([1, 4]), draw.choice([100, 1.5])
            memory = [str(pod), "10"] if cluster == "kalos" else []
            stops = ["", ""] if cluster == "kalos" else []
            rows.append([f"dlc{number}" if cluster == "kalos" else str(number), "u2", str(nodes), str(gpus), str(cpus),
                         *memory, "Other", state, *texts, *stops, str((e - f) // 10**6), str((f - s) // 10**6), "0.0"])
            records.append(record(s, first=f, end=e, run=e - f, wait=f - s, cpu=cpus, gpu=gpus * 1000, outcome=outcome,
                                  memory=pod * nodes * 1e9 if cluster == "kalos" else 0))
        names = "job_id user node_num gpu_num cpu_num".split()
        names += ["mem_per_pod_GB", "shared_mem_per_pod"] if cluster == "kalos" else []
        names += "type state submit_time start_time end_time".split()
        names += ["fail_time", "stop_time"] if cluster == "kalos" else []
        names += "duration queue gpu_time".split()
        header_table(f"acme-{cluster}", f"acme-{cluster}", names, rows, dated(records), f"trace_{cluster}.csv")


def itp():
    rows, records = [], []
    for number in range(60):
        s, run, gpus = draw.randint(0, 10**6), draw.randint(600, 10**5), draw.choice([1, 2, 8])
        rows.append([f"{number:08x}-ab", str(s), f"{run}.5" if number % 7 == 0 else str(run), str(gpus)])
        run_us = run * 10**6 + (500_000 if number % 7 == 0 else 0)
        records.append(record(s * 10**6, first=s * 10**6, end=s * 10**6 + run_us, run=run_us, gpu=gpus * 1000))
    header_table("itp", "microsoft-itp", ["job_id", "submission_time", "duration", "num_gpu"], rows, records)


def dlrm():
    rows, records = [], []
    for number in range(60):
        created = draw.choice([None, draw.randint(1, 10**6)])
        scheduled = None if created is None else created + draw.randint(0, 100)
        deleted = draw.choice([None, (scheduled or 0) + draw.randint(1, 10**6)])
        cpu, gpu, memory = draw.choice([8, 64]), draw.choice([0, 1]), draw.choice([16, 220.5])
        text = ["" if t is None else f"{t}.0" for t in (created, scheduled, deleted)]
        rows.append([f"instance_{number}", "CN", "app_1", str(cpu), str(cpu), str(gpu), str(gpu), "25", "25",
                     str(memory), str(memory), "100", "120", "-1", *text])
        first = 0 if scheduled is None else scheduled * 10**6
        end = None if deleted is None else deleted * 10**6
        run = end - first if end is not None and scheduled is not None else None
        records.append(record(0 if created is None else created * 10**6, first=first, end=end, run=run,
                              wait=None if created is None else first - created * 10**6, cpu=cpu, gpu=gpu * 1000,
                              memory=memory * GIB, outcome="finished" if deleted is not None else "running"))
    names = ("instance_sn role app_name cpu_request cpu_limit gpu_request gpu_limit rdma_request rdma_limit "
             "memory_request memory_limit disk_request disk_limit max_instance_per_node creation_time scheduled_time "
             "deletion_time").split()
    header_table("dlrm", "alibaba-dlrm-2025", names, rows, records)


def spot():
    rows, records = [], []
    for number in range(40):
        s, run, workers = draw.choice([0, draw.randint(1, 10**6)]), draw.randint(1, 10**5), draw.choice([1, 4])
        cpu, gpu = draw.choice([4, 11.5]), draw.choice([0.25, 1, 8])
        rows.append([f"job-{number}", "org", "A100", str(cpu), str(gpu), str(workers), str(s), str(run), draw.choice(["HP", "Spot"])])
        first = s * 10**6
        records.append(record(first, first=first, end=first + run * 10**6, run=run * 10**6, cpu=cpu, gpu=gpu * 1000,
                              instances=workers))
    header_table("spot", "alibaba-spot-2026", "job_name organization gpu_model cpu_request gpu_request worker_num "
                 "submit_time duration job_type".split(), rows, records, "job_info_df.csv")


def functions():
    rows, records = [], []
    for number in range(60):
        run, end = draw.choice([0.0, draw.random() * 50]), 100 + draw.random() * 1e6
        run, end = round(run, 3), round(end, 6)
        rows.append(["app1", f"f{number}", repr(end), repr(run)])
        run_us, end_us = round(run * 1e6), round(end * 1e6)
        records.append(record(end_us - run_us, first=end_us - run_us, end=end_us, run=run_us))
    header_table("functions", "azure-functions-2021", ["app", "func", "end_timestamp", "duration"], rows, records)


def llm():
    forms = {"2023": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f") + "0",
             "2024": lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f+00:00"),
             "2025": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z",
             "west": lambda t: t.astimezone(timezone(timedelta(hours=-7, minutes=-30))).isoformat()}
    for year, form in forms.items():
        rows, records = [], []
        moment = datetime(2024, 2, 28, 23, 59, 0, tzinfo=timezone.utc)
        for number in range(50):
            moment += timedelta(milliseconds=draw.randint(0, 60000))
            prompt, made = draw.randint(1, 9000), draw.randint(1, 900)
            rows.append([form(moment), *(["0"] if year == "2025" else []), str(prompt), str(made)])
            s, run = us(moment), prompt * 200 + made * 20000
            records.append(record(s, first=s, end=s + run, run=run))
        names = ["TIMESTAMP", *(["NumImages"] if year == "2025" else []), "ContextTokens", "GeneratedTokens"]
        header_table(f"llm-{year}", "azure-llm", names, rows, dated(records))


def burst():
    for third in (False, True):
        rows, records = [], []
        for number in range(50):
            s, prompt, made = draw.randint(0, 10**6), draw.randint(0, 3000), draw.choice([0, 10, 700])
            elapsed = round(draw.random() * 30, 2)
            rows.append([str(s), *([draw.choice(["", "17"]), str(elapsed)] if third else []), "ChatGPT", str(prompt), str(made),
                         str(prompt + made), "Conversation log"])
            run = round(elapsed * 1e6) if third else prompt * 200 + made * 20000
            outcome = "finished" if made else "failed"
            ran = run > 0 or outcome == "finished"
            records.append(record(s * 10**6, first=s * 10**6 if ran else None, end=s * 10**6 + run if ran else None, run=run,
                                  outcome=outcome))
        names = ["Timestamp", *(["Session ID", "Elapsed time"] if third else []), "Model", "Request tokens",
                 "Response tokens", "Total tokens", "Log Type"]
        name = "burstgpt-3" if third else "burstgpt"
        header_table(name, name, names, rows, records)


def supercloud():
    words = {"0": "pending", "1": "running", "3": "finished", "4": "killed", "5": "failed", "6": "killed", "7": "evicted", "11": "failed"}
    rows, records = [], []
    for number in range(60):
        s = 1_600_000_000 + draw.randint(0, 10**6)
        state = draw.choice(list(words))
        start = 0 if state == "0" else s + draw.choice([0, 5, 100])
        end = 0 if state in "01" else start + draw.choice([1, 4000])
        cpus, memory, gpus = draw.choice([1, 40]), draw.choice([8000, 170000]), draw.choice([0, 2])
        tres = f"1={cpus},2={memory},4=1" + (f",{draw.choice([1001, 1002])}={gpus}" if gpus else "")
        rows.append([str(1000 + number), "0", "4294967294", "42", "1", "['r1']", str(cpus), "9.22337e+18", "xeon", "100",
                     state, draw.choice(["4294967295", "60"]), str(s), str(s), str(start), str(end), tres])
        first = start * 10**6 if start else None
        ended = end * 10**6 if end else None
        records.append(record(s * 10**6, first=first, end=ended, run=ended - first if ended else None if first else 0,
                              wait=first - s * 10**6 if first else None, cpu=cpus, memory=memory << 20, gpu=gpus * 1000,
                              outcome=words[state]))
    header_table("supercloud", "mit-supercloud", "id_job id_array_job id_array_task id_user nodes_alloc nodelist cpus_req "
                 "mem_req partition priority state timelimit time_submit time_eligible time_start time_end tres_alloc".split(),
                 rows, dated(records))


def atlas():
    rows, records = [], []
    denver = ZoneInfo("America/Denver")
    for number, (texts, (s, f, e)) in enumerate(hpc("America/Denver", lambda t: t.isoformat(" "))):
        state, outcome = draw.choice(STATES)
        nodes = draw.choice([1, 8])
        missing = number % 9 == 0
        rows.append(["7", "3", texts[0], *(draw.choice([["", ""], ["NaT", "NaT"]]) if missing else texts[1:]),
                     "0 days 16:00:00.000000000", "CANCELLED" if missing else state, str(nodes), str(nodes * 24)])
        if missing:
            records.append(record(s, run=None if False else 0, cpu=nodes * 24, outcome="killed"))
        else:
            records.append(record(s, first=f, end=e, run=e - f, wait=f - s, cpu=nodes * 24, outcome=outcome))
    header_table("mustang", "lanl-mustang", "user_ID group_ID submit_time start_time end_time wallclock_limit job_status "
                 "node_count tasks_requested".split(), rows, dated(records))
    rows, records = [], []
    for number, (texts, (s, f, e)) in enumerate(hpc("America/New_York", lambda t: t.strftime("%a %b %-d %H:%M:%S %Z %Y"))):
        word, outcome = draw.choice([("success", "finished"), ("failed", "failed"), ("unknown", "lost")])
        cpu, memory = draw.choice([1, 2.5]), draw.choice([1024, 60000])
        rows.append([f"uuid-{number}", *texts, f":instance.status/{word}", str(cpu), str(memory), "u", "set", f"i{number}"])
        records.append(record(s, first=f, end=e, run=e - f, wait=f - s, cpu=cpu, memory=memory * 1e6, outcome=outcome))
    header_table("two-sigma", "two-sigma", "job-uuid submit-time start-time end-time status cpu memory user simset instance".split(),
                 rows, dated(records))


def lassen():
    rows, records = [], []
    for number, (texts, (s, f, e)) in enumerate(hpc("America/Los_Angeles", lambda t: t.strftime("%Y-%m-%d %H:%M:%S") + draw.choice(["", ".000000", ".0"]))):
        nodes, status = draw.choice([1, 256]), draw.choice(["0", "1", "0.0", "137"])
        rows.append([str(number), texts[0], texts[1], texts[2], str(nodes), status, "hash"])
        records.append(record(s, first=f, end=e, run=e - f, wait=f - s, cpu=44 * nodes, gpu=4000 * nodes,
                              outcome="finished" if float(status) == 0 else "failed"))
    header_table("lassen", "lassen", "primary_job_id job_submit_time begin_time end_time num_nodes exit_status hashed_user_id".split(),
                 rows, dated(records))


def genai():
    words = {"SUCCEED": "finished", "FAILED": "failed"}
    rows, records = [], []
    for number, (texts, (s, f, e)) in enumerate(hpc("Asia/Shanghai", lambda t: t.strftime("%Y-%m-%d %H:%M:%S"))):
        status, run = draw.choice(list(words)), draw.randint(1, 90)
        rows.append([texts[0], "p", status, str(run), "g", "10", "1"])
        records.append(record(s, first=s, end=s + run * 10**6, run=run * 10**6, outcome=words[status]))
    header_table("genai", "alibaba-genai-2026", "gmt_create predict_type predict_status exec_time_seconds groupId prompt_length num_lora".split(),
                 rows, dated(records))


def huawei():
    events, records = [], []
    for number in range(40):
        t, life, cpu, memory = draw.randint(0, 10**6), draw.randint(1, 10**5), draw.choice([1, 64]), draw.choice([1, 128])
        gone = number % 4 > 0
        events.append((t, [str(number), str(cpu), str(memory), str(t), "0"]))
        if gone:
            events.append((t + life, [str(number), str(cpu), str(memory), str(t + life), "1"]))
        s = t * 10**6
        records.append(record(s, first=s, end=s + life * 10**6 if gone else None, run=life * 10**6 if gone else None, wait=0, cpu=cpu,
                              memory=memory * GIB, outcome="finished" if gone else "running"))
    header_table("huawei", "huawei-east", ["vmid", "cpu", "memory", "time", "type"], [row for _, row in sorted(events, key=lambda e: e[0])],
                 records)


def azure_vm():
    rows, records = [], []
    for number in range(60):
        created = draw.choice([0, 300 * draw.randint(1, 5000)])
        deleted = draw.choice([2591700, 2592000, created + 300 * draw.randint(1, 3000)])
        cores, memory = draw.choice([("2", 2), ("24", 24), (">24", 30)]), draw.choice([("1.75", 1.75), ("64", 64), (">64", 70)])
        rows.append([f"vm{number}==", "sub", f"dep{number % 7}", str(created), str(deleted), "99.5", "3.2", "20.1",
                     draw.choice(["Delay-insensitive", "Interactive", "Unknown", "Unkown"]), cores[0], memory[0]])
        s, alive, there = created * 10**6, deleted >= 2591700, created == 0
        records.append(record(s, first=s, end=None if alive else deleted * 10**6, wait=None if there else 0,
                              run=None if there else (deleted - created) * 10**6, cpu=cores[1], memory=memory[1] * GIB,
                              outcome="running" if alive else "finished"))
    bare_table("azure-vm", "azure-vm", rows, records, "vmtable.csv")


def pai():
    tasks, jobs, tags, instances, records = [], [], [], [], []
    for number in range(40):
        name = f"job{number:04d}"
        js = 500000 + draw.randint(0, 10**6)
        ts = js + draw.randint(0, 50)
        first = ts + draw.randint(0, 90)
        status, outcome = draw.choice([("Terminated", "finished"), ("Failed", "failed"), ("Running", "running"), ("Waiting", "pending")])
        ended = status in ("Terminated", "Failed") and number % 6 > 0
        te = first + draw.randint(1, 5000)
        n = draw.choice([1, 3])
        cpu, memory, gpu = draw.choice([600.0, 50.0]), draw.choice([29.296875, ""]), draw.choice([100.0, 25.0, ""])
        waiting = status == "Waiting"
        tasks.append([name, "worker", f"{n}.0", status, "" if waiting else f"{ts}.0", f"{te}.0" if ended else "", str(cpu),
                      str(memory), str(gpu), draw.choice(["V100", ""])])
        jobs.append([name, f"inst{number}", "user1", status, f"{js}.0", f"{te}.0" if ended else ""])
        tags.append([f"inst{number}", "user1", "", "group", "bert"])
        if not waiting:
            for k in range(n):
                instances.append([name, "worker", f"i{k}", f"w{k}", f"inst{number}", status, f"{first + k}.0", f"{te}.0" if ended else "", f"m{k}"])
        s, f = js * 10**6, None if waiting else first * 10**6
        # A task that ended without a time of its end: its run is not known.
        records.append(record(s, first=f, end=te * 10**6 if ended else None, run=te * 10**6 - f if ended else (0 if waiting else None),
                              wait=None if waiting else f - s, cpu=cpu / 100, memory=(memory or 0) * GIB, gpu=(gpu or 0) * 10, instances=n,
                              outcome=outcome))
    text = lambda rows: "".join(",".join(row) + "\n" for row in rows)
    bare_table("pai", "alibaba-gpu-2020", tasks, records, "pai_task_table.csv",
               {"pai_job_table.csv": text(jobs), "pai_group_tag_table.csv": text(tags), "pai_instance_table.csv": text(instances)})


def json_text(name, form, file, text, records):
    for way, packing in {"plain": None, "gz": "gz"}.items():
        path = pack(f"{name}-{way}/{file}", text.encode(), packing)
        cases[f"{name} {way}"] = {"path": path, "format": form, "records": records}


def philly():
    zone = ZoneInfo("America/Los_Angeles")
    clock = lambda t: None if t is None else t.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    jobs, records = [], []
    moment = datetime(2017, 10, 3, 12, 0, tzinfo=timezone.utc)
    for number in range(40):
        moment += timedelta(seconds=draw.randint(0, 9000))
        attempts, spans, at = [], [], moment
        count = draw.choice([0, 1, 1, 3])
        gpus = draw.choice([1, 8])
        for k in range(count):
            start = at + timedelta(seconds=draw.randint(0, 300))
            end = start + timedelta(seconds=draw.randint(1, 9000))
            last = k == count - 1
            open_end = last and number % 8 == 0
            attempts.append({"start_time": clock(start), "end_time": None if open_end else clock(end),
                             "detail": [{"ip": f"m{number}", "gpus": [f"gpu{g}" for g in range(gpus)]}]})
            spans.append((start, None if open_end else end))
            at = end
        status, outcome = draw.choice([("Pass", "finished"), ("Killed", "killed"), ("Failed", "failed")])
        jobs.append({"status": status, "vc": "ee9e8c", "jobid": f"application_{number}", "attempts": attempts,
                     "submitted_time": clock(moment), "user": "ce2f4c"})
        first = us(spans[0][0]) if spans else None
        end = us(spans[-1][1]) if spans and spans[-1][1] else None
        known = [us(e) - us(s) for s, e in spans if e]
        records.append(record(us(moment), first=first, end=end, run=sum(known) if known else None,
                              wait=None if first is None else first - us(moment), gpu=gpus * 1000 if spans else 0, outcome=outcome))
    # Keys in another order, spread over lines, and None as the publisher's text may have it.
    for job in jobs[::2]:
        job.update({key: job.pop(key) for key in sorted(job)})
        for attempt in job["attempts"]:
            attempt["end_time"] = attempt["end_time"] or "None"
    json_text("philly", "philly", "cluster_job_log", json.dumps(jobs, indent=4), dated(records))


def mooncake():
    lines, records = [], []
    for number in range(50):
        t, prompt, made = draw.randint(0, 10**7), draw.randint(1, 9000), draw.randint(1, 900)
        row = {"timestamp": t, "input_length": prompt, "output_length": made, "hash_ids": list(range(-(-prompt // 512)))}
        if number % 2:
            row = dict(reversed(row.items()))
        lines.append(json.dumps(row, separators=(",", ":") if number % 3 else None))
        run = prompt * 200 + made * 20000
        records.append(record(t * 1000, first=t * 1000, end=t * 1000 + run, run=run))
    json_text("mooncake", "mooncake", "trace.jsonl", "\r\n".join(lines), records)


def batsim():
    profiles = {f"p{k}": {"delay": draw.randint(1, 5000), "type": "delay"} for k in range(5)}
    jobs, records = [], []
    for number in range(40):
        s, res, profile = draw.randint(0, 10**5), draw.choice([1, 16]), f"p{draw.randint(0, 4)}"
        jobs.append({"id": draw.choice([number, f"w0!{number}"]), "subtime": s + 0.5, "walltime": draw.choice([-1, 3600]), "res": res, "profile": profile})
        at, run = s * 10**6 + 500_000, profiles[profile]["delay"] * 10**6
        records.append(record(at, first=at, end=at + run, run=run, cpu=res))
    json_text("batsim", "batsim", "w.json", json.dumps({"description": "made", "nb_res": 16, "profiles": profiles, "jobs": jobs}), records)
    json_text("batsim-2", "batsim", "w.json", json.dumps({"jobs": jobs, "profiles": profiles, "nb_res": 16}, indent=1), records)


def workflows():
    for version in ("1.5", "1.3", "1.2"):
        tasks, runs, records = [], [], []
        for number in range(30):
            run, cores = round(draw.random() * 100, 3), draw.choice([None, 1, 4])
            parents = [f"t{p}" for p in range(number) if draw.random() < 0.1]
            memory = draw.choice([None, 123456])
            cpu = {} if cores is None else {"coreCount" if version == "1.5" else "cores": cores}
            space = {} if memory is None else {"memoryInBytes" if version == "1.5" else "memory": memory}
            if version == "1.5":
                tasks.append({"name": "n", "id": f"t{number}", "parents": parents, "children": [], "inputFiles": []})
                runs.append({"id": f"t{number}", "runtimeInSeconds": run, **cpu, **space})
            else:
                tasks.append({"name": f"t{number}", "type": "compute", "runtime": run, "parents": parents, **cpu, **space})
            records.append(record(0, first=0, end=round(run * 1e6), run=round(run * 1e6), cpu=cores or 1, memory=memory or 0))
        draw.shuffle(runs)
        workflow = {"1.5": {"specification": {"tasks": tasks, "files": []}, "execution": {"makespanInSeconds": 9, "tasks": runs}},
                    "1.3": {"makespan": 9, "tasks": tasks}, "1.2": {"makespan": 9, "jobs": tasks}}[version]
        form = {"1.5": "wfcommons", "1.3": "wfcommons-1.3", "1.2": "wfcommons-1.2"}[version]
        json_text(f"wf-{version}", form, "run.json",
                  json.dumps({"name": "made", "schemaVersion": version, "workflow": workflow}, indent=2), records)


def sacct():
    rows, records = [], []
    moment = datetime(2024, 3, 1, 8, 0, tzinfo=timezone.utc)
    for number in range(40):
        moment += timedelta(seconds=draw.randint(0, 5000))
        start = moment + timedelta(seconds=draw.choice([0, 30, 700]))
        end = start + timedelta(seconds=draw.choice([1, 59, 100_000]))
        state, outcome = draw.choice([("COMPLETED", "finished"), ("CANCELLED by 1000", "killed"), ("OUT_OF_MEMORY", "failed"),
                                      ("PENDING", "pending"), ("RUNNING", "running"), ("NODE_FAIL", "evicted")])
        form = lambda t: t.strftime("%Y-%m-%dT%H:%M:%S")
        cpus, memory, gpus = draw.choice([1, 32]), draw.choice([("4G", 4 << 30), ("512M", 512 << 20), ("1.5T", 3 << 39)]), draw.choice([0, 2])
        tres = f"billing=1,cpu={cpus},{f'gres/gpu:a100={gpus},gres/gpu={gpus},' if gpus else ''}mem={memory[0]},node=1"
        started, ended = state != "PENDING", state not in ("PENDING", "RUNNING")
        rows.append([f"{100 + number}", "alice", form(moment), form(start) if started else "Unknown", form(end) if ended else "Unknown",
                     state, draw.choice(["1-00:00:00", "UNLIMITED", "10:00"]), str(cpus), tres, "gpu|a".split("|")[0]])
        if ended and number % 2:
            rows.append([f"{100 + number}.batch", "", form(moment), form(start), form(end), state.split()[0], "", str(cpus), tres, ""])
        s, f, e = us(moment), us(start) if started else None, us(end) if ended else None
        records.append(record(s, first=f, end=e, run=e - f if ended else (0 if not started else None), wait=f - s if started else None,
                              cpu=cpus, memory=memory[1], gpu=gpus * 1000, outcome=outcome))
    names = "JobID User Submit Start End State Timelimit ReqCPUS ReqTRES Partition".split()
    for way in ("plain", "shuffled", "parsable"):
        order = list(range(len(names)))
        if way != "plain":
            draw.shuffle(order)
        tail = "|\n" if way == "parsable" else "\n"  # sacct -p ends lines with the separator
        text = "".join("|".join(row[i] for i in order) + tail for row in [names] + rows)
        cases[f"sacct {way}"] = {"path": pack(f"sacct-{way}/jobs.txt", text.encode(), None), "format": "slurm",
                                 "records": dated([dict(r) for r in records])}


def swf_like():
    rows, records = [], []
    for number in range(40):
        s, wait, run, n = draw.randint(0, 10**6), draw.choice([-1, 0, 50]), draw.choice([-1, 10, 4000]), draw.choice([1, 64])
        status, outcome = draw.choice([("1", "finished"), ("0", "failed"), ("5", "killed")])
        row = [number, s, wait, run, n, -1, -1, n, -1, -1, int(status), "U1", "G1", "X", "Q1", "P1", "site", "site", "UNITARY", -1, -1, -1, "-1", -1, -1, -1, "-1", -1, "VO"]
        rows.append([str(value) for value in row])
        records.append((s, wait, run, n, outcome))
    origin = min(r[0] for r in records)
    made = []
    for s, wait, run, n, outcome in records:
        s = (s - origin) * 10**6
        ran = run > 0 or outcome == "finished"
        known = run >= 0
        first = s + max(0, wait) * 10**6 if known else None
        made.append(record(s, first=first, end=first + run * 10**6 if known else None, run=run * 10**6 if known else None,
                           wait=wait * 10**6 if wait >= 0 else None, cpu=n, outcome=outcome))
    for way, separator in {"tabs": "\t", "blanks": "  "}.items():
        text = "# JobID SubmitTime ...\n" + "".join(separator.join(row) + "\n" for row in rows)
        cases[f"gwa {way}"] = {"path": pack(f"gwa-{way}/grid.gwf", text.encode(), None), "format": "gwa", "records": made}


def series():
    """A file a VM."""
    for form in ("bitbrains", "materna"):
        records, begin = [], datetime(2013, 8, 5, 10, 0, tzinfo=timezone.utc)
        name = f"{form}-made"
        for vm in range(3):
            cores, memory = draw.choice([1, 8]), draw.choice([1048576.0, 67108864.0])
            lines = []
            start = begin + timedelta(seconds=300 * vm)
            count = draw.randint(5, 20)
            for k in range(count):
                at = start + timedelta(seconds=300 * k)
                stamp = str(us(at) // 10**6) if form == "bitbrains" else at.strftime("%d.%m.%Y %H:%M:%S")
                values = [cores, 2600.0 * cores, 13.5, 0.5, memory, 1000.5, 0.0, 1.5, 0.0, 2.0]
                if form == "bitbrains":
                    lines.append(";\t".join([stamp] + [str(v) for v in values]))
                else:
                    lines.append(";".join(f'"{v}"' for v in [stamp] + [str(v).replace(".", ",") for v in values]))
            names = ["Timestamp [ms]" if form == "bitbrains" else "Timestamp", "CPU cores",
                     "CPU capacity provisioned [MHZ]", "CPU usage [MHZ]", "CPU usage [%]", "Memory capacity provisioned [KB]",
                     "Memory usage [KB]", "Disk read throughput [KB/s]", "Disk write throughput [KB/s]",
                     "Network received throughput [KB/s]", "Network transmitted throughput [KB/s]"]
            head = ";\t".join(names) if form == "bitbrains" else ";".join(f'"{n}"' for n in names)
            ends = "\r\n" if vm == 1 else "\n"
            pack(f"{name}/{vm + 1}.csv", (ends.join([head] + lines) + ends).encode(), None)
            first, last = us(start), us(start) + (count - 1) * 300 * 10**6
            records.append(record(first, first=first, end=last, run=last - first, wait=0, cpu=cores, memory=memory * KIB))
        cases[name] = {"path": name, "format": form, "records": dated(records)}


def parquet():
    """Tables of Parquet with types as different writers have them."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet as pq
    except ImportError:
        return

    def write(name, form, file, columns, records, more=None):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        table = arrow.table(columns)
        pq.write_table(table, f"{folder}/{name}/{file}", compression=draw.choice(["snappy", "zstd", "gzip", "none"]),
                       row_group_size=draw.choice([7, 1000]), use_dictionary=draw.choice([True, False]),
                       data_page_version=draw.choice(["1.0", "2.0"]))
        cases[name] = {"path": f"{name}/{file}", "format": form, "records": records}

    for unit in ("ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Rome"):
            times = hpc("UTC", lambda t: t)
            states = [draw.choice(STATES) for _ in times]
            nodes = [draw.choice([1, 4]) for _ in times]
            kind = arrow.timestamp(unit, tz=zone)
            stamp = lambda k: arrow.array([row[0][k].replace(tzinfo=None) if zone is None else row[0][k] for row in times], kind)
            whole = draw.choice([arrow.int32(), arrow.int64(), arrow.float64()])
            n = len(times)
            columns = {
                "a remark": arrow.array(["x"] * n), "job_id": arrow.array(list(range(n)), arrow.int64()),
                "user_id": arrow.array([3] * n, whole), "end_time": stamp(2), "start_time": stamp(1), "submit_time": stamp(0),
                "run_time": arrow.array([(row[1][2] - row[1][1]) // 10**6 for row in times], whole),
                "time_limit": arrow.array([600] * n, whole), "num_cores_req": arrow.array([32] * n, whole),
                "num_nodes_req": arrow.array(nodes, whole), "num_gpus_req": arrow.array([4] * n, whole),
                "mem_req": arrow.array([100] * n, whole), "job_state": arrow.array([s for s, _ in states]).dictionary_encode(),
                "node_power": arrow.array([[1.0, 2.0]] * n)}
            records = [record(s, first=f, end=e, run=e - f, wait=f - s, cpu=32, gpu=4000, memory=100e9, outcome=states[k][1])
                       for k, (_, (s, f, e)) in enumerate(times)]
            write(f"pm100-{unit}-{(zone or 'none').replace('/', '-')}", "pm100", "job_table.parquet", columns, dated(records))
    times = hpc("Asia/Tokyo", lambda t: t)
    local = lambda k: arrow.array([row[0][k].replace(tzinfo=None) for row in times], arrow.timestamp("ns"))
    states = [draw.choice([("completed", "finished"), ("failed", "failed")]) for _ in times]
    columns = {"jid": arrow.array([f"{k}" for k in range(len(times))]), "usr": arrow.array(["u"] * len(times)), "adt": local(0),
               "sdt": local(1), "edt": local(2), "nnumr": arrow.array([2] * len(times), arrow.int32()),
               "elpl": arrow.array([3600.0] * len(times)), "exit state": arrow.array([s for s, _ in states]),
               "duration": arrow.array([(row[1][2] - row[1][1]) / 1e6 for row in times])}
    records = [record(s, first=f, end=e, run=e - f, wait=f - s, cpu=96, outcome=states[k][1]) for k, (_, (s, f, e)) in enumerate(times)]
    write("f-data", "f-data", "24_04.parquet", columns, dated(records))

    for identifier in (arrow.string(), arrow.int64(), arrow.large_string()):
        n = 30
        ids = [k if identifier == arrow.int64() else f"{k}" for k in range(n)]
        submit = [draw.randint(0, 10**6) for _ in range(n)]
        length = [draw.randint(1, 10**6) for _ in range(n)]
        columns = {"id": arrow.array(ids, identifier), "submission_time": arrow.array(submit, arrow.int64()),
                   "duration": arrow.array(length, arrow.int64()), "cpu_count": arrow.array([3] * n, arrow.int32()),
                   "cpu_capacity": arrow.array([6000.0] * n), "mem_capacity": arrow.array([4194304] * n, arrow.int64())}
        records = [record(s * 1000, first=s * 1000, end=(s + d) * 1000, run=d * 1000, cpu=3, memory=4194304e3)
                   for s, d in zip(submit, length)]
        write(f"opendc-{identifier}", "opendc", "tasks.parquet", columns, records)
    for real in (arrow.int64(), arrow.float64()):
        n = 40
        parents = [[p for p in range(k) if draw.random() < 0.1] for k in range(n)]
        submit, wait = [draw.randint(0, 10**6) for _ in range(n)], [draw.choice([-1, 500]) for _ in range(n)]
        run = [draw.choice([0, 1500]) for _ in range(n)]
        columns = {"id": arrow.array(list(range(n)), arrow.int64()), "ts_submit": arrow.array(submit, arrow.int64()),
                   "runtime": arrow.array(run, real), "wait_time": arrow.array(wait, real),
                   "resource_amount_requested": arrow.array([2.0] * n), "parents": arrow.array(parents, arrow.list_(real)),
                   "children": arrow.array([[] for _ in range(n)], arrow.list_(arrow.float64())), "user_id": arrow.array([1] * n),
                   "workflow_id": arrow.array([9] * n), "__index_level_0__": arrow.array(list(range(n)))}
        records = [record(s * 1000, first=(s + max(0, w)) * 1000, end=(s + max(0, w) + r) * 1000, run=r * 1000,
                          wait=None if w < 0 else w * 1000, cpu=2) for s, w, r in zip(submit, wait, run)]
        write(f"wta-{real}", "wta", "part.0.parquet", columns, records)


def clusters():
    """What one's own cluster writes, beside sacct."""
    rows, records = [], []
    for number in range(30):
        s = 1_700_000_000 + draw.randint(0, 10**5)
        f, e = s + draw.choice([0, 60]), 0
        e = f + draw.choice([5, 90_000])
        status, outcome = draw.choice([("0", "finished"), ("1", "failed"), ("271", "killed"), ("-11", "killed")])
        cpus, memory, gpus = draw.choice([1, 64]), draw.choice([("4gb", 4 << 30), ("2048kb", 2 << 20), ("100mb", 100 << 20)]), draw.choice([0, 2])
        extra = f"Resource_List.ngpus={gpus} " if gpus else ""
        stamp = "04/13/2024 15:04:57"
        rows.append(f"{stamp};Q;{number}.pbs01;queue=workq")
        rows.append(f"{stamp};S;{number}.pbs01;user=ann")
        rows.append(f"{stamp};E;{number}.pbs01;user=ann group=g jobname=a queue=workq ctime={s} qtime={s} etime={s} start={f} "
                    f"exec_host=n1/0 Resource_List.mem={memory[0]} Resource_List.ncpus={cpus} {extra}Resource_List.nodect=1 "
                    f"Resource_List.walltime=24:00:00 session=1 end={e} Exit_status={status} resources_used.cput=00:00:01")
        s, f, e = s * 10**6, f * 10**6, e * 10**6
        records.append(record(s, first=f, end=e, run=e - f, wait=f - s, cpu=cpus, memory=memory[1], gpu=gpus * 1000, outcome=outcome))
    for way, ends in {"plain": "\n", "crlf": "\r\n"}.items():
        path = pack(f"pbs-{way}/20240413", (ends.join(rows) + ends).encode(), None)
        cases[f"pbs {way}"] = {"path": path, "format": "pbs", "records": dated([dict(r) for r in records])}
    pods, records = [], []
    clock = lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")
    for number, (times, (s, f, e)) in enumerate(hpc("UTC", lambda t: t)):
        phase, outcome = draw.choice([("Succeeded", "finished"), ("Failed", "failed"), ("Running", "running"), ("Pending", "pending")])
        cpu, memory = draw.choice([("250m", 0.25), ("4", 4)]), draw.choice([("64Mi", 64 << 20), ("1G", 10**9)])
        containers = [{"name": "a", "resources": {"requests": {"cpu": cpu[0], "memory": memory[0]}}}]
        gpus = draw.choice([0, 1])
        if number % 3 == 0:
            containers.append({"name": "b", "resources": {}})
        if gpus:
            containers[0]["resources"]["requests"]["nvidia.com/gpu"] = "1"
        started, ended = phase != "Pending", phase in ("Succeeded", "Failed")
        pods.append({"apiVersion": "v1", "kind": "Pod",
                     "metadata": {"name": f"p{number}", "namespace": "ml", "uid": f"uid-{number}", "creationTimestamp": clock(times[0])},
                     "spec": {"containers": containers},
                     "status": {"phase": phase, **({"startTime": clock(times[1])} if started else {}),
                                **({"containerStatuses": [{"state": {"terminated": {"finishedAt": clock(times[2])}}}]} if ended else {})}})
        records.append(record(s, first=f if started else None, end=e if ended else None, run=e - f if ended else (None if started else 0),
                              wait=f - s if started else None, cpu=cpu[1], memory=memory[1], gpu=gpus * 1000, outcome=outcome))
    dated(records)
    json_text("pods", "kubernetes-pods", "pods.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}, indent=4), records)
    json_text("pods-sorted", "kubernetes-pods", "pods.json", json.dumps({"items": pods, "kind": "List"}, sort_keys=True), records)


for make in (helios, acme, itp, dlrm, spot, functions, llm, burst, supercloud, atlas, lassen, genai, huawei, azure_vm, pai,
             philly, mooncake, batsim, workflows, sacct, swf_like, series, parquet, clusters):
    make()
print(json.dumps(cases))
