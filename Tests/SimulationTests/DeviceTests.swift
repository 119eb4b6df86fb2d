import Foundation
import Simulation
import Testing
import Workload

/// GPUs as devices: what is claimed is consistent, what is released is what was taken, and the policies do what a plain
/// reading of their papers' code does.
@Suite struct DeviceTests {
  /// A small random cluster and workload of tasks that share devices, take whole ones, or none.
  struct Case {
    var layout: ClusterLayout
    var table = DeviceTable()
    var records: [TaskRecord] = []
    var requests: [DeviceRequest?] = []

    /// `lasting`: no task ever ends.
    init(seed: UInt64, tasks: Int, lasting: Bool) throws {
      var rng = RandomStream(seed: seed, name: "device test")
      var machines: [MachineDescription] = []
      let names = ["T4", "P100", "V100"]
      for number in 0..<(6 + rng.below(6)) {
        let gpus = [0, 1, 2, 4, 8][rng.below(5)]
        machines.append(
          MachineDescription(
            number: Int64(100 + number),
            capacity: Resources(
              cpu: Cores(Double(8 + 8 * rng.below(8))),
              memory: Bytes(gibibytes: Double(32 + 32 * rng.below(4))),
              milliGPU: Int64(gpus * 1000))))
        let type = table.type(named: names[rng.below(3)]) ?? 0
        if gpus > 0, rng.below(5) > 0 { table.setType(type, ofMachine: Int64(100 + number)) }
      }
      layout = try ClusterLayout(machines: machines)
      for job in 0..<tasks {
        let shape = rng.below(10)
        var types: UInt64 = 0
        if rng.below(4) == 0 {
          for type in table.types.indices where rng.below(2) == 0 { types |= 1 << UInt64(type) }
        }
        let request: DeviceRequest? =
          shape < 2
          ? nil
          : shape < 7
            ? DeviceRequest(count: 1, milli: Int16(50 * (1 + rng.below(20))), types: types)
            : DeviceRequest(count: [1, 2, 4, 8][rng.below(4)], milli: 1000, types: types)
        let record = TaskRecord(
          id: TaskID(job: Int64(job)), submit: Microseconds(seconds: Double(job)),
          runTime: lasting ? .never : Microseconds(seconds: Double(5 + rng.below(60))),
          request: Resources(
            cpu: Cores(Double(1 + rng.below(12))), memory: Bytes(gibibytes: Double(rng.below(24))),
            milliGPU: Int64(request?.total ?? 0)))
        records.append(record)
        requests.append(request)
        table.note(record.id, cpu: record.request.cpu, devices: request)
      }
    }

    func run(
      _ policy: any PlacementPolicy, seed: UInt64 = 1, refuses: Bool = true,
      _ set: (inout SimulationOptions) -> Void = { _ in }
    ) throws -> (report: SimulationReport, results: [TaskResult]) {
      var options = SimulationOptions()
      options.audit = true
      options.refusesAtOnce = refuses
      set(&options)
      var simulator = Simulator(cluster: layout, policy: policy, options: options, seed: seed)
      simulator.devices = table
      var results = CollectedResults()
      let report = try simulator.run(TaskTable(records).source(), results: &results)
      return (report, results.results.sorted { $0.id.job < $1.id.job })
    }
  }

  /// Every policy, with each of the options of those for devices.
  static let policies =
    PolicyCatalog.entries.map(\.name)
    + ["fgd:scores=exact", "fgd:ties=index", "gpu-packing:ties=index,scores=exact"]

  @Test(arguments: 0..<6)
  func noDeviceIsClaimedTwice(_ seed: Int) throws {
    for name in Self.policies where name != "recorded" {
      let policy = try #require(PolicyCatalog.make(name))
      let some = try Case(seed: UInt64(seed), tasks: 150, lasting: false)
      let (report, results) = try some.run(policy, refuses: seed % 2 == 0) {
        if seed == 3 { $0.backfilling = .greedy }
        if seed == 4 {
          $0.failures = .init(
            shape: 1, scale: Microseconds(seconds: 200), meanRepair: Microseconds(seconds: 20))
        }
      }
      #expect(report.audit?.passed == true, "\(name): \(String(describing: report.audit))")
      var loads: [[Int64]: [(time: Microseconds, change: Int)]] = [:]
      for result in results {
        let request = some.requests[Int(result.id.job)]
        guard result.outcome == .finished, let request else {
          if request == nil { #expect(result.devices == []) }
          continue
        }
        #expect(result.devices.count == Int(request.count), "\(name)")
        #expect(request.allows(some.table.type(of: result.machine)), "\(name)")
        let machine = try #require(some.layout.machines.first { $0.number == result.machine })
        for device in result.devices.devices {
          #expect(Int64(device) < machine.capacity.milliGPU / 1000)
          loads[[result.machine, Int64(device)], default: []] += [
            (result.start, Int(request.milli)), (result.finish, -Int(request.milli)),
          ]
        }
      }
      for (device, changes) in loads {
        var load = 0
        // What ends goes before what begins.
        for change in changes.sorted(by: { ($0.time, $0.change) < ($1.time, $1.change) }) {
          load += change.change
          #expect(load >= 0 && load <= 1000, "\(name): device \(device)")
        }
        #expect(load == 0)
      }
    }
  }

  @Test func whatIsReleasedIsWhatWasTaken() throws {
    let some = try Case(seed: 11, tasks: 200, lasting: false)
    var simulator = Simulator(
      cluster: some.layout, policy: PolicyCatalog.make("gpu-random") ?? FirstFit(), seed: 3)
    simulator.devices = some.table
    var session = try SimulationSession(simulator, TaskTable(some.records).source())
    func free(_ cluster: borrowing Cluster) -> [DeviceLanes] {
      (0..<cluster.count).map { cluster.freeDevices($0) }
    }
    let before = free(session.truth)
    var hasDiffered = false
    while try session.advance() != nil {
      if free(session.truth) != before { hasDiffered = true }
      let answer = session.suggestion()
      try session.decide(#require(answer))
    }
    #expect(hasDiffered)
    let after = free(session.truth)
    #expect(after == before)
  }

  @Test func gangsTakeDevicesForEachInstance() throws {
    let layout = try ClusterLayout(machines: [
      MachineDescription(
        number: 0, capacity: Resources(cpu: Cores(8), memory: Bytes(gibibytes: 8), milliGPU: 2000))
    ])
    var table = DeviceTable()
    var records: [TaskRecord] = []
    // Three instances of 600 thousandths fill no two devices, though 2000 is more than 1800.
    for (job, instances) in [(0, 2), (1, 3)] {
      var record = TaskRecord(
        id: TaskID(job: Int64(job)), submit: Microseconds(seconds: Double(job)),
        runTime: Microseconds(seconds: 0.5),
        request: Resources(cpu: Cores(1), memory: Bytes(gibibytes: 1), milliGPU: 600))
      record.instances = Int32(instances)
      records.append(record)
      table.note(record.id, cpu: Cores(1), devices: DeviceRequest(count: 1, milli: 600))
    }
    var options = SimulationOptions()
    options.gangs = true
    options.audit = true
    var simulator = Simulator(cluster: layout, policy: FirstFit(), options: options, seed: 1)
    simulator.devices = table
    var results = CollectedResults()
    let report = try simulator.run(TaskTable(records).source(), results: &results)
    #expect(results.results.map(\.outcome) == [.finished, .unfinished])
    #expect(report.devices?.unallocated == 1)
  }

  @Test func withoutATableNothingChanges() throws {
    let some = try Case(seed: 5, tasks: 120, lasting: false)
    let plain = Simulator(cluster: some.layout, policy: FirstFit(), seed: 1)
    let report = try plain.run(TaskTable(some.records).source())
    #expect(report.devices == nil)
    let lost = Simulator(cluster: some.layout, policy: DevicePlacement(FGD()), seed: 1)
    let failure = try lost.run(TaskTable(some.records).source()).remarks.failure(.init())
    #expect(failure?.contains("--devices") == true)
  }

  @Test func whatDoesNotGoWithDevicesIsRefused() throws {
    let some = try Case(seed: 5, tasks: 20, lasting: false)
    for set: (inout SimulationOptions) -> Void in [
      { $0.mode = .dispatch }, { $0.backfilling = .easy }, { $0.backfilling = .conservative },
      { $0.heartbeat = Microseconds(seconds: 1) }, { $0.preemption = .production },
    ] {
      #expect(throws: SimulationError.self) { try some.run(FirstFit(), set) }
    }
  }

  @Test func requestsAreRoundedToWhatCanNotBeHad() {
    #expect(DeviceRequest(milliGPU: 0) == nil)
    #expect(DeviceRequest(milliGPU: 460) == DeviceRequest(count: 1, milli: 460))
    #expect(DeviceRequest(milliGPU: 2000, devices: 2) == DeviceRequest(count: 2, milli: 1000))
    #expect(DeviceRequest(milliGPU: 1500) == DeviceRequest(count: 2, milli: 750))
    #expect(DeviceRequest(milliGPU: 1500, devices: 1) == DeviceRequest(count: 2, milli: 750))
  }

  // MARK: The policies, read plainly.

  @Test(arguments: 0..<8)
  func policiesDoWhatTheirCodeDoes(_ seed: Int) throws {
    let some = try Case(seed: UInt64(100 + seed), tasks: 160, lasting: true)
    for (name, rule) in Self.plainRules {
      let policy = try #require(PolicyCatalog.make(name + ":ties=index"))
      let (report, results) = try some.run(policy)
      var plain = PlainCluster(some)
      plain.weighs = name == "fgd"
      var held = 0
      for (record, request) in zip(some.records, some.requests) {
        let (machine, devices) = plain.place(record.request, request, rule)
        let result = results[Int(record.id.job)]
        #expect(
          result.machine == (machine < 0 ? -1 : Int64(100 + machine)),
          "\(name), task \(record.id.job)")
        #expect(result.devices.devices == devices.sorted(), "\(name), task \(record.id.job)")
        guard machine >= 0 else { continue }
        held += request?.total ?? 0
      }
      let capacity = some.layout.machines.reduce(0) { $0 + Int($1.capacity.milliGPU) }
      #expect(report.devices?.capacity == capacity)
      #expect(
        abs((report.devices?.unallocated ?? 2) - (1 - Double(held) / Double(capacity))) < 1e-12)
      let fragmented = plain.free.indices.reduce(0.0) { $0 + plain.fragmentation($1) }
      #expect(abs((report.devices?.fragmented ?? 2) - fragmented / Double(capacity)) < 1e-9)
    }
  }

  typealias PlainRule =
    @Sendable (PlainCluster, Int, Resources, DeviceRequest?, [Int]) -> Double

  static let plainRules: [(String, PlainRule)] = [
    (
      "fgd",
      { cluster, machine, request, asked, devices in
        var after = cluster
        after.take(machine, request, asked, devices)
        let growth = after.fragmentation(machine) - cluster.fragmentation(machine)
        return 100 / (1 + exp(growth / 1000))
      }
    ),
    (
      "gpu-best-fit",
      { cluster, machine, request, asked, _ in
        let cpu = (cluster.cpu[machine] - request.cpu.value) / 128
        let gpu = Double(cluster.free[machine].reduce(0, +) - (asked?.total ?? 0)) / 8000
        return 100 * (1 - 0.5 * cpu - 0.5 * gpu)
      }
    ),
    (
      "gpu-dot-product",
      { cluster, machine, request, asked, _ in
        let cpu = cluster.cpu[machine] * request.cpu.value / 128 / 128
        let gpu =
          Double(cluster.free[machine].reduce(0, +)) * Double(asked?.total ?? 0) / 8000 / 8000
        return 100 * (1 - 0.5 * cpu - 0.5 * gpu)
      }
    ),
    (
      "gpu-packing",
      { cluster, machine, _, asked, devices in
        guard asked != nil else { return 0 }
        let free = cluster.free[machine]
        if free.allSatisfy({ $0 == 1000 }) { return Double(max(33 - free.count, free.count)) }
        let opened = devices.filter { free[$0] == 1000 }.count
        if opened > 0 { return Double(max(50 - opened, 33)) }
        return Double(max(100 - devices.reduce(0) { $0 + free[$1] / 10 } / 10, 50))
      }
    ),
    (
      "gpu-clustering",
      { cluster, machine, _, asked, _ in
        guard let asked else { return 0 }
        let used = 25 * Double(8000 - cluster.free[machine].reduce(0, +)) / 8000
        let kinds = Set(cluster.on[machine])
        if kinds.isEmpty { return used + 25 }
        guard kinds.contains(asked.kind) else { return used }
        return used + (kinds.count == 1 ? 75 : 50)
      }
    ),
  ]

  /// Machines as lists of numbers.
  struct PlainCluster {
    var cpu: [Double]
    var memory: [Int64]
    var free: [[Int]]
    var on: [[Int]]
    var types: [Int]
    var typical: [TypicalTask]
    /// Whether the rule's scores differ by device; where not, a task goes to the one with the least room.
    var weighs = false

    init(_ some: Case) {
      let machines = some.layout.machines
      cpu = machines.map { $0.capacity.cpu.value }
      memory = machines.map { $0.capacity.memory.rawValue }
      free = machines.map { Array(repeating: 1000, count: Int($0.capacity.milliGPU / 1000)) }
      on = machines.map { _ in [] }
      types = machines.map { some.table.type(of: $0.number) }
      typical = some.table.typicalTasks()
    }

    mutating func take(
      _ machine: Int, _ request: Resources, _ asked: DeviceRequest?, _ devices: [Int]
    ) {
      cpu[machine] -= request.cpu.value
      memory[machine] -= request.memory.rawValue
      for device in devices { free[machine][device] -= Int(asked?.milli ?? 0) }
      if let asked { on[machine].append(asked.kind) }
    }

    /// As the paper defines it, task by task.
    func fragmentation(_ machine: Int) -> Double {
      let all = Double(free[machine].reduce(0, +))
      return typical.reduce(0) { sum, task in
        guard let asked = task.devices, asked.allows(types[machine]),
          cpu[machine] >= task.cpu.value,
          free[machine].filter({ $0 >= Int(asked.milli) }).count >= Int(asked.count)
        else { return sum + task.share * all }
        return sum
          + task.share * Double(free[machine].filter { $0 < Int(asked.milli) }.reduce(0, +))
      }
    }

    /// Every choice of devices that a rule is asked about.
    private func choices(_ machine: Int, _ asked: DeviceRequest?, each: Bool) -> [[Int]] {
      guard let asked else { return [[]] }
      let room = free[machine].indices.filter { free[machine][$0] >= Int(asked.milli) }
      guard asked.allows(types[machine]), room.count >= Int(asked.count) else { return [] }
      if asked.count > 1 { return [Array(room.prefix(Int(asked.count)))] }
      if each { return room.map { [$0] } }
      let least = room.map { free[machine][$0] }.min()
      return [[room.first { free[machine][$0] == least } ?? 0]]
    }

    mutating func place(
      _ request: Resources, _ asked: DeviceRequest?, _ rule: PlainRule
    ) -> (machine: Int, devices: [Int]) {
      var best: (score: Double, machine: Int, devices: [Int]) = (-.infinity, -1, [])
      for machine in cpu.indices
      where cpu[machine] >= request.cpu.value && memory[machine] >= request.memory.rawValue {
        for devices in choices(machine, asked, each: weighs && asked?.isSharing == true) {
          let score = (rule(self, machine, request, asked, devices) + 1e-9).rounded(.down)
          if score > best.score { best = (score, machine, devices) }
        }
      }
      if best.machine >= 0 { take(best.machine, request, asked, best.devices) }
      return (best.machine, best.devices)
    }
  }
}
