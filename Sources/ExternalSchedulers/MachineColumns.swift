import CTracemill
import Simulation
import Workload

/// The machines as columns in memory that stays where it is, for schedulers that are not Swift.
///
/// `view` points at the columns; what a run changes is brought up to date machine by machine. O(1) for
/// each change.
final class MachineColumns {
  /// What a foreign scheduler is given.
  let view: UnsafeMutablePointer<tm_cluster>
  private let count: Int
  private let integers: UnsafeMutablePointer<Int64>
  private let speeds: UnsafeMutablePointer<Double>
  private let counts: UnsafeMutablePointer<Int32>
  private let up: UnsafeMutablePointer<UInt8>
  /// For each constrained task of a batch the machines it may go to; made when first needed.
  private var allowed: [UnsafeMutablePointer<UInt8>] = []

  init(_ cluster: borrowing Cluster) {
    count = cluster.count
    let room = max(count, 1)
    integers = .allocate(capacity: 8 * room)
    integers.initialize(repeating: 0, count: 8 * room)
    speeds = .allocate(capacity: room)
    speeds.initialize(repeating: 0, count: room)
    counts = .allocate(capacity: 2 * room)
    counts.initialize(repeating: 0, count: 2 * room)
    up = .allocate(capacity: room)
    up.initialize(repeating: 0, count: room)
    view = .allocate(capacity: 1)
    view.initialize(to: tm_cluster())
    view.pointee.count = Int64(count)
    view.pointee.free_cpu_nano = UnsafePointer(integers)
    view.pointee.free_memory_bytes = UnsafePointer(integers + room)
    view.pointee.free_disk_bytes = UnsafePointer(integers + 2 * room)
    view.pointee.free_gpu_milli = UnsafePointer(integers + 3 * room)
    view.pointee.cpu_nano = UnsafePointer(integers + 4 * room)
    view.pointee.memory_bytes = UnsafePointer(integers + 5 * room)
    view.pointee.disk_bytes = UnsafePointer(integers + 6 * room)
    view.pointee.gpu_milli = UnsafePointer(integers + 7 * room)
    view.pointee.speed = UnsafePointer(speeds)
    view.pointee.running = UnsafePointer(counts)
    view.pointee.queued = UnsafePointer(counts + room)
    view.pointee.up = UnsafePointer(up)
    for machine in 0..<count {
      speeds[machine] = cluster.speed(machine)
      update(machine, cluster)
    }
  }

  deinit {
    integers.deallocate()
    speeds.deallocate()
    counts.deallocate()
    up.deallocate()
    for row in allowed { row.deallocate() }
    view.deallocate()
  }

  /// Takes over what the machine has now.
  func update(_ machine: Int, _ cluster: borrowing Cluster) {
    let room = max(count, 1)
    let (free, capacity) = (cluster.free(machine), cluster.capacity(machine))
    integers[machine] = free.cpu.nano
    integers[room + machine] = free.memory.rawValue
    integers[2 * room + machine] = free.disk.rawValue
    integers[3 * room + machine] = free.milliGPU
    integers[4 * room + machine] = capacity.cpu.nano
    integers[5 * room + machine] = capacity.memory.rawValue
    integers[6 * room + machine] = capacity.disk.rawValue
    integers[7 * room + machine] = capacity.milliGPU
    counts[machine] = Int32(clamping: cluster.runningCount(machine))
    counts[room + machine] = Int32(clamping: cluster.queueLength(machine))
    up[machine] = cluster.isUp(machine) ? 1 : 0
  }

  /// Takes over the time.
  func update(time cluster: borrowing Cluster) { view.pointee.now_us = cluster.now.rawValue }

  /// The task for a foreign scheduler, the `place`th of those that it is told at once. O(1), O(machines)
  /// where it may not go everywhere.
  func task(
    _ task: TaskView, on cluster: borrowing Cluster, random: UInt64, place: Int = 0
  ) -> tm_task {
    var told = tm_task()
    told.job = task.id.job
    told.index = task.id.index
    told.submit_us = task.submit.rawValue
    told.estimate_us = task.estimate.rawValue
    told.deadline_us = task.deadline.rawValue
    told.cpu_nano = task.request.cpu.nano
    told.memory_bytes = task.request.memory.rawValue
    told.disk_bytes = task.request.disk.rawValue
    told.gpu_milli = task.request.milliGPU
    told.random = random
    told.user = Int32(truncatingIfNeeded: task.user.rawValue)
    told.attempts = task.attempts
    told.instances = task.instances
    told.gateway = task.gateway
    told.priority = task.priority
    told.priority_class = task.priorityClass.rawValue
    told.scheduling_class = task.schedulingClass
    if task.isConstrained {
      while allowed.count <= place { allowed.append(.allocate(capacity: max(count, 1))) }
      let row = allowed[place]
      for machine in 0..<count { row[machine] = cluster.isAllowed(task, on: machine) ? 1 : 0 }
      told.allowed = UnsafePointer(row)
    }
    return told
  }
}
