"""Small traces in the layouts of Google 2011 and 2019 with use over time in several parts, and what that adds up
to. Prints JSON by the trace's name.

usage: google_usage.py FOLDER
"""

import gzip
import json
import os
import random
import sys

folder = sys.argv[1]
CORES, MEMORY = 32, 128 * 2**30
rng = random.Random(2011)
START = 600_000_000


def total(tasks, samples):
    """tasks: begin by (job, index)."""
    own = [s for s in samples if (s[2], s[3]) in tasks]
    return {
        "tasks": len(tasks), "samples": len(own), "strangers": len(samples) - len(own),
        "offsets": sum(s[0] - tasks[s[2], s[3]] for s in own), "lengths": sum(s[1] - s[0] for s in own),
        "cores": sum((s[4] or 0) * CORES for s in own), "memory": sum(round((s[5] or 0) * MEMORY) for s in own),
        "unknown": sum(s[4] is None for s in own),
    }


def make(tasks):
    """Windows of five minutes of each task, those of tasks that are not there among them."""
    samples = []
    for job, index in list(tasks) + [(999_999_999, 0), (5, 77)]:
        begin = tasks.get((job, index), START)
        for window in range(rng.randrange(5)):
            start = begin // 300_000_000 * 300_000_000 + window * 300_000_000
            samples.append(
                (max(start, begin), start + 300_000_000, job, index,
                 rng.choice([None, 0, rng.random() / 8, rng.random()]), rng.random() / 4))
    return samples


sums = {}
# 2011: some tasks never run, and are known from their submission.
tasks, events = {}, []
for job in range(3, 90):
    for index in range(rng.randint(1, 4)):
        submit = START + rng.randrange(3_600_000_000)
        starts = rng.random() < 0.9
        begin = submit + rng.randrange(60_000_000) if starts else submit
        events.append((submit, job, index, 0))
        if starts:
            events += [(begin, job, index, 1), (begin + rng.randrange(10**9), job, index, 4)]
        tasks[job, index] = begin
events.sort()
os.makedirs(f"{folder}/2011/task_events")
os.makedirs(f"{folder}/2011/task_usage")
with gzip.open(f"{folder}/2011/task_events/part-00000-of-00001.csv.gz", "wt") as file:
    for time, job, index, kind in events:
        file.write(f"{time},,{job},{index},,{kind},u,0,9,0.25,0.125,0.001,0\n")
samples = sorted(make(tasks))
for part in range(3):
    rows = samples[len(samples) * part // 3 : len(samples) * (part + 1) // 3]
    with gzip.open(f"{folder}/2011/task_usage/part-{part:05}-of-00003.csv.gz", "wt") as file:
        for start, end, job, index, cpu, memory in rows:
            cpu = "" if cpu is None else repr(cpu)
            file.write(f"{start},{end},{job},{index},7,{cpu},{memory!r},0.3,,,0.4,,,0.9,,,,1,0,{cpu}\n")
sums["2011"] = total(tasks, samples)

# 2019: parts in no order, an alloc set among the tasks.
os.makedirs(f"{folder}/2019")
tasks, lines = {}, []
for job in range(10**11, 10**11 + 60):
    for index in range(rng.randint(1, 3)):
        submit = START + rng.randrange(3_600_000_000)
        begin = submit + rng.randrange(60_000_000)
        for time, kind in [(submit, 0), (begin, 3), (begin + rng.randrange(10**9), 6)]:
            lines.append({"time": str(time), "type": str(kind), "collection_id": str(job), "priority": "200",
                          "instance_index": str(index), "resource_request": {"cpus": 0.5, "memory": 0.25}})
        tasks[job, index] = begin
rng.shuffle(lines)
with gzip.open(f"{folder}/2019/instance_events-000000000000.json.gz", "wt") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)
samples = make(tasks)
rng.shuffle(samples)
for part in range(2):
    with gzip.open(f"{folder}/2019/instance_usage-{part:012}.json.gz", "wt") as file:
        for start, end, job, index, cpu, memory in samples[part::2]:
            use = {"memory": memory} if cpu is None else {"cpus": cpu, "memory": memory}
            row = {"start_time": str(start), "end_time": str(end), "collection_id": str(job), "average_usage": use,
                   "maximum_usage": {"cpus": 0.9, "memory": 0.9}, "cpu_usage_distribution": [0.1, 0.2]}
            # What is 0 may be absent.
            if index:
                row["instance_index"] = str(index)
            file.write(json.dumps(row) + "\n")
sums["2019"] = total(tasks, samples)
os.makedirs(f"{folder}/2019-flat")
os.link(f"{folder}/2019/instance_events-000000000000.json.gz", f"{folder}/2019-flat/instance_events-000000000000.json.gz")
with open(f"{folder}/2019-flat/instance_usage.csv", "w") as file:
    file.write("start_time,end_time,collection_id,instance_index,machine_id,average_usage_cpus,average_usage_memory\n")
    for start, end, job, index, cpu, memory in samples:
        file.write(f"{start},{end},{job},{index},3,{'' if cpu is None else repr(cpu)},{memory!r}\n")
sums["2019-flat"] = sums["2019"]

# As BigQuery exports it: records are groups of Parquet, repeated fields lists; CSV has no groups.
try:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq
except ImportError:
    pa = None

RECORDS = {"resource_request": ["cpus", "memory"], "capacity": ["cpus", "memory"]}


def column(rows, name):
    """A column of JSON lines with the type that it has in BigQuery."""
    values = [row.get(name) for row in rows]
    if name in RECORDS:
        kind = pa.struct([(field, pa.float64()) for field in RECORDS[name]])
        return pa.array(
            [value and {key: float(item) for key, item in value.items() if key in RECORDS[name] and item is not None}
             for value in values], kind)
    if any(isinstance(value, list) for value in values):
        return pa.array([value and [int(item) for item in value] for value in values], pa.list_(pa.int64()))
    try:
        return pa.array([None if value is None else int(value) for value in values], pa.int64())
    except ValueError:
        return pa.array(values, pa.string())


def export(rows, path, names=()):
    names = list(dict.fromkeys([name for row in rows for name in row] + list(names)))
    table = pa.table({name: column(rows, name) for name in names})
    pq.write_table(table, path + ".parquet")
    return table


if pa:
    os.makedirs(f"{folder}/2019-parquet")
    export(lines, f"{folder}/2019-parquet/instance_events")
    use = pa.array([{"cpus": cpu, "memory": memory} for _, _, _, _, cpu, memory in samples],
                   pa.struct([("cpus", pa.float64()), ("memory", pa.float64())]))
    names = ["start_time", "end_time", "collection_id", "instance_index"]
    pq.write_table(
        pa.table({**{name: [sample[place] for sample in samples] for place, name in enumerate(names)},
                  "average_usage": use, "cpu_usage_distribution": [[0.1, 0.2]] * len(samples)}),
        f"{folder}/2019-parquet/instance_usage.parquet")
    sums["2019-parquet"] = sums["2019"]
    # The tables of the small trace that comes with the program.
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../data/google-2019")
    for kind in ["mini-parquet", "mini-csv"]:
        os.makedirs(f"{folder}/{kind}")
    for table in ["instance_events", "collection_events", "machine_events"]:
        with open(f"{data}/{table}-000000000000.json") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        made = export(rows, f"{folder}/mini-parquet/{table}", ["time", "type"])
        lists = [name for name in made.column_names if pa.types.is_list(made[name].type)]
        for name in lists:
            place = made.column_names.index(name)
            made = made.set_column(place, name, pa.array(
                [None if value is None else json.dumps(value) for value in made[name].to_pylist()], pa.string()))
        pa.csv.write_csv(made.flatten(), f"{folder}/mini-csv/{table}.csv")
print(json.dumps(sums))
