import CTracemill
import Glibc
import Simulation
import Workload

/// A scheduler that is a table of C functions: of a shared object, or of a program that uses the library.
public enum FunctionScheduler {
  /// The policy behind `functions`, which must live as long as it does.
  ///
  /// - Throws: ``ForeignFailure`` where a function that is needed is missing.
  public static func policy(
    name: String, _ functions: tm_scheduler
  ) throws(ForeignFailure) -> any PlacementPolicy & ForeignPolicy {
    try policy(name: name, Functions(table: functions, library: nil))
  }

  /// The policy in the shared object at `path`, which is loaded and so may do anything that this program
  /// may: only what the user named on the command line or in a call.
  ///
  /// - Throws: ``ForeignFailure`` where it cannot be loaded, is of another version or lacks a function.
  public static func policy(
    plugin path: String
  ) throws(ForeignFailure) -> any PlacementPolicy & ForeignPolicy {
    // A name without a slash would be looked up on the library path.
    let file = path.contains("/") ? path : "./" + path
    guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
      throw ForeignFailure("\(path): \(lastError())")
    }
    let library = Library(handle)
    guard let version = dlsym(handle, "tm_scheduler_abi") else {
      throw ForeignFailure("\(path): exports no tm_scheduler_abi; it is no scheduler")
    }
    let number = version.load(as: CInt.self)
    guard number == TRACEMILL_ABI_VERSION else {
      throw ForeignFailure(
        "\(path): is for version \(number) of tracemill.h; this is version \(TRACEMILL_ABI_VERSION)"
      )
    }
    var table = tm_scheduler()
    library.find("begin", &table.begin)
    library.find("place", &table.place)
    library.find("end", &table.end)
    library.find("choose", &table.choose)
    library.find("machine_changed", &table.machine_changed)
    library.find("task_ended", &table.task_ended)
    library.find("failure", &table.failure)
    let stem = path.split(separator: "/").last.map(String.init) ?? path
    do throws(ForeignFailure) {
      return try policy(name: "plugin:\(stem)", Functions(table: table, library: library))
    } catch {
      throw ForeignFailure("\(path): \(error)")
    }
  }

  private static func policy(
    name: String, _ functions: Functions
  ) throws(ForeignFailure) -> any PlacementPolicy & ForeignPolicy {
    let table = functions.table
    for (needed, isThere) in [
      ("begin", table.begin != nil), ("end", table.end != nil),
      ("place", table.place != nil || table.choose != nil),
    ] where !isThere {
      throw ForeignFailure("the scheduler has no function \(needed)")
    }
    let scheduler = ForeignScheduler(name: name) { cluster throws(ForeignFailure) in
      try FunctionRun(functions, cluster)
    }
    return table.choose != nil ? ForeignBatchScheduler(scheduler) : scheduler
  }

  private static func lastError() -> String {
    dlerror().map { String(cString: $0) } ?? "cannot be loaded"
  }
}

/// A shared object that is loaded.
private final class Library: @unchecked Sendable {
  private let handle: UnsafeMutableRawPointer
  init(_ handle: UnsafeMutableRawPointer) { self.handle = handle }
  deinit { dlclose(handle) }

  /// Sets `function` to the one that is exported under its name, if it is.
  func find<Function>(_ name: String, _ function: inout Function?) {
    guard let symbol = dlsym(handle, "tm_scheduler_" + name) else { return }
    function = unsafeBitCast(symbol, to: Function.self)
  }
}

/// The table, and what it is in. Whoever fills it in says that its functions may be called from any thread,
/// a run at a time.
private struct Functions: @unchecked Sendable {
  let table: tm_scheduler
  let library: Library?
}

/// One run of a table of functions.
private final class FunctionRun: ForeignRun {
  private let functions: Functions
  private let state: UnsafeMutableRawPointer

  init(_ functions: Functions, _ cluster: UnsafePointer<tm_cluster>) throws(ForeignFailure) {
    self.functions = functions
    guard let state = functions.table.begin(functions.table.context, cluster) else {
      throw Self.failure(functions.table, nil, "begin")
    }
    self.state = state
  }

  deinit { functions.table.end(state) }

  private static func failure(
    _ table: tm_scheduler, _ state: UnsafeMutableRawPointer?, _ function: String
  ) -> ForeignFailure {
    let text = table.failure.flatMap { $0(state) }.map { String(cString: $0) }
    return ForeignFailure("the scheduler's \(function) failed" + (text.map { ": \($0)" } ?? ""))
  }

  func place(
    _ task: tm_task, _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) -> Int64 {
    let answer = withUnsafePointer(to: task) { functions.table.place(state, $0, cluster) }
    guard answer >= Int64(TM_REJECT), answer < cluster.pointee.count else {
      throw answer == Int64(TM_FAIL)
        ? Self.failure(functions.table, state, "place")
        : ForeignFailure(
          "the scheduler's place answered \(answer) of \(cluster.pointee.count) machines")
    }
    return answer
  }

  func choose(
    _ tasks: [tm_task], _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) -> (task: Int, machine: Int)? {
    var machine: Int64 = -1
    let answer = tasks.withUnsafeBufferPointer {
      functions.table.choose(state, $0.baseAddress, Int64($0.count), cluster, &machine)
    }
    if answer == Int64(TM_WAIT) { return nil }
    guard tasks.indices.contains(Int(answer)), machine >= 0, machine < cluster.pointee.count else {
      throw answer == Int64(TM_FAIL)
        ? Self.failure(functions.table, state, "choose")
        : ForeignFailure(
          "the scheduler's choose answered task \(answer) of \(tasks.count), machine \(machine) of"
            + " \(cluster.pointee.count)")
    }
    return (Int(answer), Int(machine))
  }

  func machineChanged(_ machine: Int, _ cluster: UnsafePointer<tm_cluster>) {
    functions.table.machine_changed?(state, Int64(machine), cluster)
  }

  func taskEnded(
    _ task: tm_ended, _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) {
    withUnsafePointer(to: task) { functions.table.task_ended?(state, $0, cluster) }
  }
}
