import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Rows of numbers of a CSV file with one header line.
func rows(_ path: String) -> [[Double]] {
  guard let file = fopen(path, "r") else {
    print("\(path): cannot be read")
    exit(1)
  }
  defer { fclose(file) }
  var rows: [[Double]] = []
  var line: UnsafeMutablePointer<CChar>?
  var capacity = 0
  while getline(&line, &capacity, file) > 0, let text = line {
    rows.append(String(cString: text).split { $0 == "," || $0 == "\n" }.compactMap { Double($0) })
  }
  free(line)
  return Array(rows.dropFirst())
}

/// The study's own input (nodes.csv, tasks.csv) under its literal policies with its clock and its
/// refusals, and under the algorithms of those names and others with a queue and continuous time.
func study(folder: String) throws {
  let layout = try ClusterLayout(
    machines: rows("\(folder)/nodes.csv").map { row in
      MachineDescription(
        number: Int64(row[0]),
        capacity: Resources(cpu: Cores(row[1]), memory: Bytes(gibibytes: row[2])),
        power: PowerModel(idle: Watts(row[3]), dynamic: Watts(row[4])))
    })
  let classes: [PriorityClass] = [.production, .batch, .bestEffort]
  let table = TaskTable(
    rows("\(folder)/tasks.csv").map { row in
      var record = TaskRecord(
        id: TaskID(job: Int64(row[0])), submit: Microseconds(seconds: row[1]),
        runTime: Microseconds(seconds: row[2]),
        request: Resources(cpu: Cores(row[3]), memory: Bytes(gibibytes: row[4])))
      record.priorityClass = classes[Int(row[5])]
      record.deadline = Microseconds(seconds: row[6])
      return record
    })
  print("| policy | completion s | p99 s | kWh | deadlines met % | finished |")
  print("| --- | --- | --- | --- | --- | --- |")
  let policies = [
    "study-random", "study-weighted-round-robin", "study-priority-min-min", "random",
    "weighted-round-robin", "priority-min-min", "least-loaded", "best-fit", "power-of-two",
  ]
  for name in policies {
    guard let policy = PolicyCatalog.make(name) else { continue }
    var options = SimulationOptions()
    options.estimates = .exact
    options.accountsFrom = .zero
    if name.hasPrefix("study-") {
      options.step = Microseconds(seconds: 5)
      options.refusesAtOnce = true
      options.accountsTail = Microseconds(seconds: 1000)
    }
    let report = try Simulator(cluster: layout, policy: policy, options: options, seed: 1)
      .run(table.source())
    let completion = report.total.completion
    print(
      "| \(name) | \(fixed(completion.mean / 1e6, 2)) | \(fixed(completion.quantile(0.99) / 1e6, 1))",
      "| \(fixed(report.energy.total.kilowattHours, 3))",
      "| \(fixed(100 * report.total.deadlineShare, 1)) | \(report.total[.finished]) |")
  }
}
