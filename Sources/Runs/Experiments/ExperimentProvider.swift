import Experiments
import Foundation
import Generation
import MARL
import Simulation
import Synchronization
import TraceParsing
import Workload

/// What the names in an experiment stand for: the same as for ``SimulationJob``.
///
/// A file's tasks are read once and kept for all cells, up to two million of them; larger ones are read
/// for each cell.
public final class ExperimentProvider: ExperimentInputs {
  private let folder: String
  private let reading: ReadingSettings
  private let tables: Mutex<[TableKey: Result<Kept, any Error>]> = Mutex([:])
  private let constraintTables: Mutex<[[String]: Result<ConstraintTable, any Error>]> = Mutex([:])

  /// Models with the load that they are asked to be: to work that out takes longer than a small run.
  private let models: Mutex<[ModelKey: NamedModel]> = Mutex([:])

  private struct ModelKey: Hashable {
    var path: String
    var cores: Double?
  }

  /// A workload read once, or too large for that.
  private enum Kept: Sendable {
    case table(
      TaskTable, DependencyTable, users: [String], format: String?, notes: [Note],
      attributes: TaskAttributes)
    case tooLarge
  }
  private static let tableLimit = 2_000_000

  /// What the tasks that are read depend on.
  private struct TableKey: Hashable {
    var source: String
    var select: [String]
    var atStart: EngineSettings.AtStart
    var devices: Bool
  }

  /// - Parameters:
  ///   - folder: what relative paths begin from.
  ///   - reading: how traces are read.
  public init(folder: String, reading: ReadingSettings = ReadingSettings()) {
    self.folder = folder
    // Every cell reads its inputs; what there is to say of them is said once.
    var reading = reading
    reading.logger = reading.logger.map(OnceLogHandler.logger)
    self.reading = reading
  }

  /// The policy of a scheduler.
  public func policy(_ definition: SchedulerDefinition) throws -> any PlacementPolicy {
    try NamedScheduler(schedulerName(definition)).policy()
  }

  /// The policy's name; the path of one in a file begins from the experiment's folder.
  func schedulerName(_ definition: SchedulerDefinition) -> String {
    guard let (kind, file) = NamedScheduler.file(definition.policy) else {
      return definition.policy
    }
    return kind + path(file) + NamedScheduler.options(definition.policy)
  }

  /// The machines of a cluster under `seed`.
  public func layout(_ definition: ClusterDefinition, seed: UInt64) throws -> ClusterLayout {
    if let groups = definition.groups {
      return try ClusterLayout(ClusterSpec(groups: groups), seed: seed)
    }
    return try NamedCluster(path(definition.source), reading: reading).layout(seed: seed)
  }

  /// The tasks of a workload under `seed`, from the first, by the default rules of replay; a load is one
  /// of the cluster's cores if the workload states no others.
  public func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, seed: UInt64
  ) throws -> CellTasks {
    try tasks(definition, on: layout, engine: EngineSettings(), seed: seed).tasks
  }

  /// The tasks of a workload under `seed`, and what they require of a cluster that is their own trace: as
  /// ``SimulationJob`` has them.
  public func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, of cluster: ClusterDefinition,
    engine: EngineSettings, seed: UInt64
  ) throws -> CellTasks {
    var (tasks, format) = try tasks(definition, on: layout, engine: engine, seed: seed)
    guard engine.ignoreConstraints != true, cluster.groups == nil else { return tasks }
    let key = [path(definition.source), path(cluster.source)]
    tasks.constraints = try constraintTables.withLock { tables in
      if let known = tables[key] { return try known.get() }
      let made = Result {
        try TraceConstraints(of: key[0], format: format, on: key[1], reading: reading).table
      }
      tables[key] = made
      return try made.get()
    }
    return tasks
  }

  private func tasks(
    _ definition: WorkloadDefinition, on layout: ClusterLayout, engine: EngineSettings, seed: UInt64
  ) throws -> (tasks: CellTasks, format: String?) {
    let atStart = engine.atStart ?? .observed
    let devices = engine.devices == true
    let kept =
      isGenerated(definition.source) ? .tooLarge : try table(definition, atStart, devices)
    var attributes: () -> TaskAttributes = { TaskAttributes() }
    var dependencies = DependencyTable()
    var format: String?
    var (classNames, askedLoad): ([String], AskedLoad?) = ([], nil)
    var userNames: () -> [String] = { [] }
    var notes: () -> [Note] = { [] }
    func source() throws -> AnyWorkloadSource<any Error> {
      switch kept {
      case .table(let table, let known, let users, let name, let told, let said):
        (dependencies, format) = (known, name)
        userNames = { users }
        notes = { told }
        attributes = { said }
        return try adapted(CellTasks(table.source()).source, definition, seed: seed)
      case .tooLarge:
        let (tasks, argument) = try replayed(
          definition, atStart, devices, seed: seed, on: layout)
        (dependencies, format) = (argument.dependencies, argument.format)
        (classNames, askedLoad) = (argument.classNames, argument.askedLoad)
        let stream = argument.stream
        userNames = { stream?.symbols.strings ?? [] }
        attributes = { stream?.attributes ?? TaskAttributes() }
        notes = { tasks.notes }
        return try adapted(CellTasks(tasks).source, definition, seed: seed)
      }
    }
    var tasks = CellTasks(try source())
    tasks.dependencies = dependencies
    (tasks.classNames, tasks.askedLoad, tasks.userNames) = (classNames, askedLoad, userNames)
    tasks.notes = {
      let all = notes()
      guard definition.takesPart, all.contains(where: { $0.scope == "workload" }) else {
        return all
      }
      return all + [
        Note(
          .odd, definition.name, "what was left out is counted over the whole of \(definition.name)"
        )
      ]
    }
    if !dependencies.isEmpty, format != nil || definition.leavesTasksOut {
      // Read beforehand, so that no task waits for one that never comes.
      (tasks.dependencies, tasks.droppedDependencies) = try dependencies.restricted(to: source())
    }
    if devices {
      var all: [TaskRecord] = []
      while let task = try tasks.source.next() { all.append(task) }
      tasks.source = CellTasks(TaskTable(all).source()).source
      tasks.devices = try TraceDevices(all, attributes(), tasks.userNames(), on: layout).table
    }
    return (tasks, format)
  }

  /// Whether another seed could give other tasks or other machines.
  public func dependsOnSeed(_ workload: WorkloadDefinition, _ cluster: ClusterDefinition) throws
    -> Bool
  {
    if isGenerated(workload.source) || workload.sample != nil || workload.starts != nil {
      return true
    }
    guard cluster.seed == nil else { return false }
    let groups =
      try cluster.groups
      ?? NamedCluster(path(cluster.source), reading: reading).specification()?.groups
    return groups?.contains(where: \.isDrawn) ?? false
  }

  /// What is to be known of a learned scheduler; see ``NamedScheduler/note(_:)``.
  public func note(of definition: SchedulerDefinition) -> String? {
    NamedScheduler.note(schedulerName(definition))
  }

  /// How a scheduler learned; nil if it did not, or if that was not kept.
  public func learningCurve(_ definition: SchedulerDefinition) throws -> LearningCurve? {
    guard let (text, path) = try curve(definition) else { return nil }
    do { return try LearningCurve(csv: text) } catch {
      throw RunError(message: "\(path):\(error)")
    }
  }

  /// The curve that the experiment names, or else the one beside a learned policy.
  private func curve(_ definition: SchedulerDefinition) throws -> (text: String, path: String)? {
    if let curve = definition.curve {
      let path = path(curve)
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw RunError(message: "\(path): cannot be read as text")
      }
      return (text, path)
    }
    guard case ("marl:", let name)? = NamedScheduler.file(definition.policy) else { return nil }
    let file = path(name)
    guard FileManager.default.fileExists(atPath: file) else {
      return ShippedPolicies.curve(name).map { ($0, name) }
    }
    let beside = TrainingCurve.path(beside: file)
    return (try? String(contentsOfFile: beside, encoding: .utf8)).map { ($0, beside) }
  }

  /// Takes of `tasks` what a workload takes: a window, a sample, denser arrivals. Read at once.
  package func adapt(
    _ tasks: inout CellTasks, _ definition: WorkloadDefinition, seed: UInt64
  ) throws {
    guard
      definition.leavesTasksOut || definition.scaleArrivals != nil
        || definition.scaleRunTimes != nil || definition.starts != nil
    else { return }
    var source = try adapted(tasks.source, definition, seed: seed)
    var records: [TaskRecord] = []
    while let record = try source.next() { records.append(record) }
    let table = TaskTable(records)
    tasks.source = CellTasks(table.source()).source
    if !tasks.dependencies.isEmpty {
      (tasks.dependencies, tasks.droppedDependencies) = try tasks.dependencies.restricted(
        to: CellTasks(table.source()).source)
    }
  }

  private func adapted(
    _ source: AnyWorkloadSource<any Error>, _ definition: WorkloadDefinition, seed: UInt64
  ) throws -> AnyWorkloadSource<any Error> {
    var source = source
    if definition.from != nil || definition.to != nil {
      source = AnyWorkloadSource(
        source.window(
          from: definition.from.map(Microseconds.init(seconds:)) ?? .zero,
          to: definition.to.map(Microseconds.init(seconds:)) ?? .never))
    }
    if let priority = definition.priority {
      guard let selection = PrioritySelection(priority) else {
        throw RunError(
          message: "workload \(definition.name): '\(priority)' is no list of priorities")
      }
      source = AnyWorkloadSource(source.filter { selection.contains($0) })
    }
    if let sample = definition.sample {
      let sampler = JobSampler(fraction: sample, seed: seed)
      source = AnyWorkloadSource(source.filter { sampler.includes(job: $0.id.job) })
    }
    if let starts = definition.starts, let length = definition.tasks {
      source = try sequence(of: source, starts, length, definition.name, seed: seed)
    } else if let tasks = definition.tasks {
      source = AnyWorkloadSource(source.prefix(tasks))
    }
    if let factor = definition.scaleArrivals {
      source = AnyWorkloadSource(source.scaleArrivals(by: factor))
    }
    if let factor = definition.scaleRunTimes {
      source = AnyWorkloadSource(source.scaleRunTimes(by: factor))
    }
    return source
  }

  /// The seed's sequence of consecutive tasks, whole.
  private func sequence(
    of source: AnyWorkloadSource<any Error>, _ starts: [Int], _ length: Int, _ name: String,
    seed: UInt64
  ) throws -> AnyWorkloadSource<any Error> {
    guard seed >= 1, seed <= UInt64(starts.count) else {
      throw RunError(
        message: "workload \(name): there are \(starts.count) starts, and none for seed \(seed)")
    }
    let start = starts[Int(seed) - 1]
    var source = source
    var place = 0
    var records: [TaskRecord] = []
    while records.count < length {
      guard let record = try source.next() else {
        throw RunError(
          message: "workload \(name): has \(grouped(place)) tasks, too few for a sequence of "
            + "\(grouped(length)) from number \(start)")
      }
      if place >= start { records.append(record) }
      place += 1
    }
    return CellTasks(TaskTable(records).source()).source
  }

  /// The tasks of a file, read once for all cells. One that cannot be read fails once for all too.
  private func table(
    _ definition: WorkloadDefinition, _ atStart: EngineSettings.AtStart, _ devices: Bool
  ) throws -> Kept {
    let key = TableKey(
      source: definition.source, select: definition.select ?? [], atStart: atStart,
      devices: devices)
    return try tables.withLock { tables in
      if let known = tables[key] { return try known.get() }
      let made = Result { () throws -> Kept in
        let (tasks, argument) = try replayed(definition, atStart, devices, seed: 0)
        var records: [TaskRecord] = []
        while let record = try tasks.next() {
          guard records.count < Self.tableLimit else { return .tooLarge }
          records.append(record)
        }
        try tasks.requireSome(of: definition.source)
        if let warning = tasks.warning {
          reading.logger?.warning("\(definition.source): \(warning)")
        }
        return .table(
          TaskTable(records), argument.dependencies,
          users: argument.stream?.symbols.strings ?? [], format: argument.format,
          notes: tasks.notes,
          attributes: devices ? argument.stream?.attributes ?? .init() : .init())
      }
      tables[key] = made
      return try made.get()
    }
  }

  private func replayed(
    _ definition: WorkloadDefinition, _ atStart: EngineSettings.AtStart, _ devices: Bool,
    seed: UInt64, on layout: ClusterLayout? = nil
  ) throws -> (ReplayedTasks, NamedWorkload) {
    let cores = layout?.effectiveCores
    let reading = devices ? reading.keepingColumns : reading
    let key = ModelKey(path: path(definition.source), cores: cores)
    var selection = TaskSelection()
    selection.columns = (definition.select ?? []).compactMap(ColumnSelection.init)
    var model = models.withLock { $0[key] }
    if model == nil, NamedModel.isOne(key.path) {
      var made = try NamedModel(key.path)
      try made.setLoad(onCores: cores)
      models.withLock { $0[key] = made }
      model = made
    }
    let argument =
      try model.map {
        try NamedWorkload($0, seed: seed, reading: reading, selection: selection)
      }
      ?? NamedWorkload(
        key.path, seed: seed, cores: cores, whole: layout?.whole, reading: reading,
        selection: selection)
    return (ReplayedTasks(argument, atStart: atStart), argument)
  }

  /// Whether a workload is drawn anew for each seed.
  func isGenerated(_ source: String) -> Bool {
    source.hasPrefix("poisson:") || ClusterFill.isOne(source) || NamedModel.isOne(path(source))
  }

  /// A path in the experiment's folder; anything else as it is.
  func path(_ source: String) -> String {
    // Machines that the experiment itself says have no source, which would be the folder.
    if source.isEmpty || source.hasPrefix("/") || folder.isEmpty || source == "-" { return source }
    if let (head, trace) = ClusterFill.parts(source) { return head + path(trace) }
    func inFolder(_ name: String) -> String? {
      let path = URL(fileURLWithPath: folder).appendingPathComponent(name).path
      return FileManager.default.fileExists(atPath: path) ? path : nil
    }
    if let path = inFolder(source) { return path }
    // A scenario's file, with parameters after it.
    let (file, parameters) = NamedModel.parts(source)
    guard !parameters.isEmpty, let path = inFolder(file) else { return source }
    return "\(path):\(parameters)"
  }
}

extension ExperimentProvider {
  /// The files that the experiment reads, with digests.
  public func inputFiles(_ definition: ExperimentDefinition) throws -> [InputFile] {
    let sources =
      definition.workloads.map(\.source) + definition.clusters.map(\.source)
      + definition.schedulers.compactMap { NamedScheduler.file($0.policy)?.path }
    var files: [InputFile] = []
    for name in sources {
      // Parameters after a scenario's file are in the experiment itself.
      let name = ClusterFill.parts(name)?.trace ?? name
      let file = NamedModel.parts(name).source
      let isFile = [".yaml", ".yml", ".json"].contains(where: file.hasSuffix)
      let source = isFile ? file : name
      guard !files.contains(where: { $0.path == source }) else { continue }
      let path = path(source)
      guard FileManager.default.fileExists(atPath: path) else { continue }
      files.append(
        InputFile(
          path: source, bytes: Self.bytes(path), sha256: try FileDigest.sha256.ofTree(path) ?? ""))
    }
    return files
  }

  private static func bytes(_ path: String) -> Int {
    func size(_ path: String) -> Int {
      ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
    }
    guard let walk = FileManager.default.enumerator(atPath: path) else { return size(path) }
    var total = 0
    for case let name as String in walk
    where walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
      total += size(path + "/" + name)
    }
    return total == 0 ? size(path) : total
  }
}

extension WorkloadDefinition {
  /// Whether it takes only some of the source's tasks.
  fileprivate var leavesTasksOut: Bool {
    takesPart || select != nil
  }

  /// Whether it takes only some of what has been read and selected.
  fileprivate var takesPart: Bool {
    from != nil || to != nil || priority != nil || sample != nil || tasks != nil
  }
}
