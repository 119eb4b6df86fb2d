// What the formats with readers of their own are; a mapping says it itself.

extension RecordFileFormat {
  public var summary: FormatSummary? {
    FormatSummary(
      about: "Tracemill's own record files, Parquet, Arrow IPC and CSV",
      knownBy: "columns `job_id`, `submit_us`, `run_us` and what they are made of",
      tables: ["records", "dependencies and use over time in files beside it"],
      reads: ["all columns (docs/record-files.md)"])
  }
}

extension Google2011Format {
  public var summary: FormatSummary? {
    FormatSummary(
      about: "Google clusterdata-2011-2",
      knownBy: "the kinds of its fields; folders and files by their tables' names; `schema.csv`",
      tables: [
        "task_events or job_events", "machine_events (machines)", "task_usage (use over time)",
      ],
      reads: ["all columns but deadline_us, estimate_us, gpu_milli"],
      limits: [
        "amounts are shares of the largest machine's",
        "of task_usage the mean CPU rate and the canonical memory are read",
      ])
  }
}

extension Google2019Format {
  public var summary: FormatSummary? {
    FormatSummary(
      about:
        "Google clusterdata-2019 (v3), JSON lines as published, or exports of BigQuery in Parquet and CSV",
      knownBy: "the keys of its objects, or its columns",
      tables: [
        "instance_events", "collection_events", "machine_events (machines)",
        "instance_usage (use over time)",
      ],
      reads: ["all columns but deadline_us, estimate_us, gpu_milli, disk_bytes", "dependencies"],
      limits: [
        "amounts are shares of the largest machine's",
        "of instance_usage the average use is read",
      ])
  }
}

extension StandardWorkloadFormat {
  public var summary: FormatSummary? {
    FormatSummary(
      about: "Standard Workload Format 2.2, Parallel Workloads Archive",
      knownBy: "18 numbers between blanks; `;` comments", tables: ["log"],
      reads: [
        "job_id", "user", "submit_us", "wait_us", "run_us", "estimate_us", "cpu_cores",
        "memory_bytes", "outcome", "dependencies",
        "beside them group, executable, queue, partition and other fields",
      ], limits: ["logs of 19 to 21 fields are Frontier's (format frontier)"])
  }
}

extension Google2010Format {
  public var summary: FormatSummary? {
    FormatSummary(
      about: "Google trace v1 (2010), 7 hours",
      knownBy: "6 numbers between blanks, a header or none",
      tables: ["windows of 5 minutes"],
      reads: ["job_id", "task_index", "submit_us", "run_us", "cpu_cores", "memory_bytes"],
      limits: ["a task lives from its first window to the end of its last"])
  }
}
