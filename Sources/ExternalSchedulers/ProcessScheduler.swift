import CTracemill
import Foundation
import Simulation
import Workload

/// A scheduler that is a program: lines of JSON out, a line of JSON back for each decision.
///
/// We write, a line each: `{"event":"begin","version":1,"now":0,"machines":[{…},…]}` once, then for each
/// decision `{"event":"place","now":…,"task":{…},"changed":[…],"ended":[…]}`, and at the end
/// `{"event":"end"}`. `changed` has the machines whose room has changed since the last line, `ended` the
/// tasks that have ended. The program answers `place` with `{"machine":3}`, `{"wait":true}`,
/// `{"reject":true}` or `{"error":"…"}`, and nothing else. See `docs/python/schedulers.md`.
public enum ProcessScheduler {
  /// How long a program may take for an answer.
  public static let defaultTimeout = 10.0

  /// The policy that asks `command`, a line for the shell: only what the user named on the command line or
  /// in a call. Each run starts it anew.
  ///
  /// - Parameters:
  ///   - command: handed to `/bin/sh -c`.
  ///   - timeout: seconds for each answer.
  public static func policy(
    command: String, timeout: Double = defaultTimeout
  ) -> any PlacementPolicy & ForeignPolicy {
    ForeignScheduler(name: "process:\(command)") { cluster throws(ForeignFailure) in
      try ProcessRun(command: command, timeout: timeout, cluster)
    }
  }
}

/// One run of a program.
private final class ProcessRun: ForeignRun {
  private let command: String
  private let process: pid_t
  private let socket: CInt
  private let timeout: Double
  private var input: [UInt8] = []
  private var changed: [Int] = []
  private var isChanged: [Bool]
  private var ended: [tm_ended] = []
  private var isOver = false
  /// How it ended, once it has.
  private var exit: CInt?

  init(
    command: String, timeout: Double, _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) {
    self.command = command
    self.timeout = timeout
    isChanged = Array(repeating: false, count: Int(cluster.pointee.count))
    // A socket, unlike a pipe, can be written to without a signal when its reader is gone.
    var ends: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw ForeignFailure("\(command): no socket: \(String(cString: strerror(errno)))")
    }
    socket = ends[0]
    defer { close(ends[1]) }
    guard let process = Self.start(command, ends[1]) else {
      close(ends[0])
      throw ForeignFailure("\(command): cannot be started: \(String(cString: strerror(errno)))")
    }
    self.process = process
    try write(Self.beginning(cluster))
  }

  private static func start(_ command: String, _ end: CInt) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, end, 0)
    posix_spawn_file_actions_adddup2(&actions, end, 1)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that all that it starts can be ended with it.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    var words: [UnsafeMutablePointer<CChar>?] = [strdup("sh"), strdup("-c"), strdup(command)]
    words.append(nil)
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let failure = posix_spawn(&process, "/bin/sh", &actions, &attributes, &words, environ)
    errno = failure
    return failure == 0 ? process : nil
  }

  deinit {
    if !isOver { try? write("{\"event\":\"end\"}\n") }
    shutdown(socket, CInt(SHUT_WR))
    // A program that ends by itself is given a second to do so, one that failed is not.
    if !reap(within: isOver ? 0 : 100) {
      kill(-process, SIGKILL)
      var status: CInt = 0
      waitpid(process, &status, 0)
    } else {
      kill(-process, SIGKILL)  // what it has left behind
    }
    close(socket)
  }

  /// Whether the program has ended, within so many hundredths of a second.
  private func reap(within hundredths: Int) -> Bool {
    for attempt in 0...hundredths where exit == nil {
      if attempt > 0 { usleep(10_000) }
      var status: CInt = 0
      if waitpid(process, &status, WNOHANG) == process { exit = status }
    }
    return exit != nil
  }

  func place(
    _ task: tm_task, _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) -> Int64 {
    var text = "{\"event\":\"place\",\"now\":\(cluster.pointee.now_us),\"task\":"
    text += Self.describe(task, machines: Int(cluster.pointee.count))
    text += ",\"changed\":["
    for (place, machine) in changed.enumerated() {
      text += (place > 0 ? "," : "") + Self.describe(machine, cluster)
      isChanged[machine] = false
    }
    changed.removeAll(keepingCapacity: true)
    text += "],\"ended\":["
    for (place, task) in ended.enumerated() {
      text += (place > 0 ? "," : "") + Self.describe(task)
    }
    ended.removeAll(keepingCapacity: true)
    text += "]}\n"
    try write(text)
    let answer = try answer()
    guard answer >= Int64(TM_REJECT), answer < cluster.pointee.count else {
      throw failure("answered machine \(answer) of \(cluster.pointee.count)")
    }
    return answer
  }

  func choose(
    _ tasks: [tm_task], _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) -> (task: Int, machine: Int)? { nil }

  func machineChanged(_ machine: Int, _ cluster: UnsafePointer<tm_cluster>) {
    if !isChanged[machine] {
      isChanged[machine] = true
      changed.append(machine)
    }
  }

  func taskEnded(
    _ task: tm_ended, _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) { ended.append(task) }
}

// What is written.
extension ProcessRun {
  private static func beginning(_ cluster: UnsafePointer<tm_cluster>) -> String {
    var text = "{\"event\":\"begin\",\"version\":\(TRACEMILL_ABI_VERSION),\"now\":"
    text += "\(cluster.pointee.now_us),\"machines\":["
    for machine in 0..<Int(cluster.pointee.count) {
      text += (machine > 0 ? "," : "") + describe(machine, cluster)
    }
    return text + "]}\n"
  }

  private static func describe(_ machine: Int, _ cluster: UnsafePointer<tm_cluster>) -> String {
    let c = cluster.pointee
    return "{\"machine\":\(machine),\"up\":\(c.up[machine] != 0),\"speed\":\(c.speed[machine]),"
      + "\"free_cpu_nano\":\(c.free_cpu_nano[machine]),\"cpu_nano\":\(c.cpu_nano[machine]),"
      + "\"free_memory_bytes\":\(c.free_memory_bytes[machine]),"
      + "\"memory_bytes\":\(c.memory_bytes[machine]),"
      + "\"free_disk_bytes\":\(c.free_disk_bytes[machine]),"
      + "\"disk_bytes\":\(c.disk_bytes[machine]),"
      + "\"free_gpu_milli\":\(c.free_gpu_milli[machine]),\"gpu_milli\":\(c.gpu_milli[machine]),"
      + "\"running\":\(c.running[machine]),\"queued\":\(c.queued[machine])}"
  }

  private static func describe(_ task: tm_task, machines: Int) -> String {
    var text =
      "{\"job\":\(task.job),\"index\":\(task.index),\"submit_us\":\(task.submit_us),"
      + "\"estimate_us\":\(time(task.estimate_us)),\"deadline_us\":\(time(task.deadline_us)),"
      + "\"cpu_nano\":\(task.cpu_nano),\"memory_bytes\":\(task.memory_bytes),"
      + "\"disk_bytes\":\(task.disk_bytes),\"gpu_milli\":\(task.gpu_milli),"
      + "\"random\":\(task.random),\"user\":\(task.user),\"attempts\":\(task.attempts),"
      + "\"instances\":\(task.instances),\"gateway\":\(task.gateway),"
      + "\"priority\":\(task.priority),\"priority_class\":\(task.priority_class),"
      + "\"scheduling_class\":\(task.scheduling_class)"
    if let allowed = task.allowed {
      let places = (0..<machines).filter { allowed[$0] != 0 }
      text += ",\"allowed\":[" + places.map(String.init).joined(separator: ",") + "]"
    }
    return text + "}"
  }

  private static func describe(_ task: tm_ended) -> String {
    "{\"job\":\(task.job),\"index\":\(task.index),\"start_us\":\(time(task.start_us)),"
      + "\"finish_us\":\(time(task.finish_us)),\"wait_us\":\(task.wait_us),"
      + "\"machine_id\":\(task.machine),\"outcome\":\(task.outcome)}"
  }

  private static func time(_ value: Int64) -> String { value == .max ? "null" : "\(value)" }
}

// How it is sent and answered.
extension ProcessRun {
  private func failure(_ what: String) -> ForeignFailure {
    isOver = true
    return ForeignFailure("\(command): \(what)")
  }

  private func write(_ text: String) throws(ForeignFailure) {
    let bytes = Array(text.utf8)
    var done = 0
    let deadline = ContinuousClock.now + .seconds(timeout)
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
      }
      if count > 0 {
        done += count
      } else if errno == EAGAIN || errno == EINTR {
        try wait(CInt(POLLOUT), until: deadline)
      } else {
        throw departure()
      }
    }
  }

  /// The program's next line, as `place` wants it.
  private func answer() throws(ForeignFailure) -> Int64 {
    let deadline = ContinuousClock.now + .seconds(timeout)
    while true {
      if let end = input.firstIndex(of: 0x0a) {
        let line = Data(input[..<end])
        input.removeSubrange(...end)
        return try read(line)
      }
      guard input.count < 1 << 20 else { throw failure("wrote a line of more than 1 MiB") }
      try wait(CInt(POLLIN), until: deadline)
      var block = [UInt8](repeating: 0, count: 4096)
      let count = recv(socket, &block, block.count, CInt(MSG_DONTWAIT))
      if count > 0 {
        input += block[..<count]
      } else if count == 0 || errno != EAGAIN && errno != EINTR {
        throw departure()
      }
    }
  }

  private func read(_ line: Data) throws(ForeignFailure) -> Int64 {
    let shown = String(decoding: line.prefix(80), as: UTF8.self)
    guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
      throw failure("answered '\(shown)', which is no JSON object")
    }
    if let text = object["error"] { throw failure("said: \(text)") }
    if object["wait"] as? Bool == true { return Int64(TM_WAIT) }
    if object["reject"] as? Bool == true { return Int64(TM_REJECT) }
    guard let machine = object["machine"] as? Int, machine >= 0 else {
      throw failure(
        "answered '\(shown)'; expected {\"machine\": N}, {\"wait\": true} or {\"reject\": true}")
    }
    return Int64(machine)
  }

  private func wait(_ events: CInt, until deadline: ContinuousClock.Instant) throws(ForeignFailure)
  {
    while true {
      let left = ContinuousClock.now.duration(to: deadline)
      let milliseconds =
        left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      guard milliseconds > 0 else { throw failure("gave no answer within \(timeout) s") }
      var poll = pollfd(fd: socket, events: Int16(events), revents: 0)
      let count = Foundation.poll(&poll, 1, CInt(clamping: milliseconds))
      if count > 0 { return }
      if count < 0, errno != EINTR { throw failure(String(cString: strerror(errno))) }
    }
  }

  /// The program is gone: how it ended.
  private func departure() -> ForeignFailure {
    guard reap(within: 100), let exit else { return failure("closed its output") }
    let signal = exit & 0x7f
    if signal != 0 { return failure("was ended by signal \(signal) before it answered") }
    return failure("ended with exit code \(exit >> 8 & 0xff) before it answered")
  }
}
