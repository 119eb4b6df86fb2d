"""Databases of SQLite in the layouts of public traces, whole and hostile, and what the whole ones add up to by
SQLite's own arithmetic. Prints JSON by the database's name.

usage: sqlite_traces.py FOLDER
"""

import json
import math
import random
import shutil
import sqlite3
import sys
import zipfile

folder = sys.argv[1]
DAY, CORES, MEMORY = 86_400_000_000, 64, 256 * 2**30


def azure(name, rows=3000, first="", wal=False, view=False, odd=None, generated=False):
    """Azure packing 2020: a join of VMs with the rows of one machine type."""
    db = sqlite3.connect(f"{folder}/{name}")
    if first:
        db.execute(first)
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    db.executescript(
        """CREATE TABLE vmType (id INTEGER, vmTypeId INTEGER, machineId INTEGER, core REAL, memory REAL, hdd REAL,
             ssd REAL, nic REAL);
           CREATE TABLE vms (vmId INTEGER PRIMARY KEY, tenantId INTEGER, vmTypeId INTEGER, priority INTEGER,
             starttime REAL, endtime REAL);
           CREATE INDEX other_order ON vms (endtime, starttime, priority, vmTypeId, tenantId, vmId);"""
    )
    rng = random.Random(7)
    for kind in range(40):
        for machine in range(5):
            if (kind + machine) % 6:
                db.execute(
                    "INSERT INTO vmType VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (kind * 5 + machine, kind, machine, rng.randint(1, 32) / (40 + machine),
                     rng.randint(1, 50) / 64, None if kind % 2 else 0.125, 0.25, 0.0625),
                )
    for vm in range(rows):
        start = -7157.25 if vm % 50 == 0 else rng.uniform(-30, 80)
        end = None if vm % 11 == 0 else max(start, 0) + rng.expovariate(1) + 1e-5
        values = [vm, vm % 97, vm % 40, vm % 2, start, end]
        if odd and vm == 2:
            values[odd[0]] = odd[1]
        db.execute("INSERT INTO vms VALUES (?, ?, ?, ?, ?, ?)", values)
    if generated:
        db.execute(
            """CREATE TABLE vm (vmId INTEGER PRIMARY KEY, tenantId INTEGER, vmTypeId INTEGER, priority INTEGER,
                 starttime REAL, late INTEGER, endtime REAL AS (hex(zeroblob(400000000))))"""
        )
    elif view:
        db.execute("CREATE VIEW vm AS SELECT *, randomblob(1000000000) FROM vms")
    else:
        db.execute("ALTER TABLE vms RENAME TO vm")
        # What stands about, and would be executed by a careless reader.
        db.execute("CREATE VIEW busy AS SELECT *, load_extension('x') FROM vm")
        db.execute("CREATE TRIGGER watch AFTER UPDATE ON vm BEGIN DELETE FROM vmType; END")
    db.commit()
    return db


def azure_sums(db, machine):
    records, wait, cpu, memory, best = db.execute(
        """SELECT count(*), count(endtime), sum(core * 64), sum(memory * 256.0 * 1073741824), sum(priority)
           FROM vm JOIN vmType USING (vmTypeId) WHERE machineId = ?""", (machine,)).fetchone()
    rows = db.execute(
        """SELECT starttime, endtime FROM vm JOIN vmType USING (vmTypeId)
           WHERE machineId = ? AND starttime >= 0 AND endtime IS NOT NULL""", (machine,)).fetchall()
    # Halves go up, not to the even number.
    run = sum(math.floor(end * DAY + 0.5) - math.floor(start * DAY + 0.5) for start, end in rows)
    total = db.execute("SELECT count(*) FROM vm").fetchone()[0]
    return {"records": records, "left out": total - records, "ended": wait, "cpu": cpu, "memory": memory,
            "best effort": best, "run": run}


GWA = """JobID SubmitTime WaitTime RunTime NProcs AverageCPUTimeUsed UsedMemory ReqNProcs ReqTime ReqMemory Status
UserID GroupID ExecutableID QueueID PartitionID OrigSiteID LastRunSiteID JobStructure JobStructureParams UsedNetwork
UsedLocalDiskSpace UsedResources ReqPlatform ReqNetwork ReqLocalDiskSpace ReqResources VOID ProjectID""".split()


def gwa():
    db = sqlite3.connect(f"{folder}/gwa.db3")
    db.execute(f"CREATE TABLE Jobs ({', '.join(GWA)})")
    db.execute("CREATE TABLE Sites (SiteID TEXT, Name TEXT)")
    rng = random.Random(3)
    rows = []
    for job in range(500):
        row = dict.fromkeys(GWA, -1)
        row |= {
            "JobID": job, "SubmitTime": 1_100_000_000 + 60 * job, "WaitTime": rng.choice([-1, 0, rng.randrange(900)]),
            "RunTime": rng.randrange(1, 5000), "NProcs": rng.randint(1, 64), "ReqTime": 7200, "ReqMemory": 2048,
            "Status": rng.choice([0, 1, 1, 5]), "UserID": f"U{job % 9}", "QueueID": "all", "LastRunSiteID": "G1/site1",
            "JobStructure": "UNITARY",
        }
        rows.append(row)
        db.execute(f"INSERT INTO Jobs VALUES ({', '.join('?' * len(GWA))})", [row[name] for name in GWA])
    db.commit()
    db.close()
    # The same as text.
    with open(f"{folder}/gwa.gwf", "w") as file:
        file.write("# the same\n")
        for row in rows:
            file.write("\t".join(str(row[name]) for name in GWA) + "\n")
    return {
        "records": len(rows), "run": sum(row["RunTime"] for row in rows) * 1_000_000,
        "wait": sum(max(0, row["WaitTime"]) for row in rows) * 1_000_000, "cpu": sum(row["NProcs"] for row in rows),
        "memory": 2048 * 1024 * len(rows), "finished": sum(row["Status"] == 1 for row in rows),
    }


sums = {}
db = azure("packing.sqlite")
for machine in range(5):
    sums[f"azure {machine}"] = azure_sums(db, machine)
db.close()
with zipfile.ZipFile(f"{folder}/packing.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write(f"{folder}/packing.sqlite", "packing_trace_zone_a_v1.sqlite")
azure("utf16.sqlite", first="PRAGMA encoding = 'UTF-16'").close()
db = azure("log.sqlite", wal=True)
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
shutil.copy(f"{folder}/log.sqlite", f"{folder}/copied.sqlite")
# Rows that are in the log only, of a program that never finished.
db.execute("PRAGMA wal_autocheckpoint = 0")
db.execute("INSERT INTO vm VALUES (100000, 1, 1, 0, 1.0, 2.0)")
db.commit()
for ending in ["", "-wal"]:
    shutil.copy(f"{folder}/log.sqlite{ending}", f"{folder}/unfinished.sqlite{ending}")
db.close()
sums["gwa"] = gwa()

# Hostile ones.
azure("view.sqlite", rows=50, view=True).close()
azure("generated.sqlite", rows=50, generated=True).close()
azure("blob.sqlite", rows=50, odd=(4, b"\x00" * 2000)).close()
azure("text.sqlite", rows=50, odd=(5, "soon")).close()
azure("priority.sqlite", rows=50, odd=(3, 7)).close()
whole = open(f"{folder}/packing.sqlite", "rb").read()
open(f"{folder}/truncated.sqlite", "wb").write(whole[: len(whole) // 2])
open(f"{folder}/noise.sqlite", "wb").write(whole[:100] + random.Random(1).randbytes(8000))
db = azure("schema.sqlite", rows=50)
db.execute("PRAGMA writable_schema = ON")
db.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE vm (' WHERE name = 'vm'")
db.commit()
db.close()
# A journal that waits to be taken back: the program died within a transaction.
db = azure("journal-from.sqlite", rows=3000)
db.execute("PRAGMA cache_size = 5")
db.execute("UPDATE vm SET endtime = 89")
for ending in ["", "-journal"]:
    shutil.copy(f"{folder}/journal-from.sqlite{ending}", f"{folder}/journal.sqlite{ending}")
db.rollback()
db.close()
# A page that is reached twice: its rows would be counted twice.
db = azure("twice.sqlite", rows=3000)
root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'vm'").fetchone()[0]
size = db.execute("PRAGMA page_size").fetchone()[0]
db.close()
data = bytearray(open(f"{folder}/twice.sqlite", "rb").read())
page = (root - 1) * size
assert data[page] == 5, "a page that leads to others"
data[page + 14 : page + 16] = data[page + 12 : page + 14]
open(f"{folder}/twice.sqlite", "wb").write(data)
print(json.dumps(sums))
