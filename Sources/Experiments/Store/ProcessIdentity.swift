import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which process, of all there are and were: a process id alone is used again after its end.
struct ProcessIdentity: Hashable {
  /// The machine's name, for people.
  var host: String
  /// The machine since it last started, and its space of process ids; processes are told apart by
  /// id within one only.
  var space: String
  /// The process id.
  var pid: Int32
  /// When the process began, in the system's own terms; empty where the system does not tell.
  var start: String

  /// This process.
  static func current() -> ProcessIdentity {
    let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
    let namespace = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    let host = ProcessInfo.processInfo.hostName
    let pid = getpid()
    return ProcessIdentity(
      host: host,
      space: [boot.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? host, namespace]
        .compactMap { $0 }.joined(separator: " "),
      pid: pid, start: start(of: pid) ?? "")
  }

  /// Whether the process is known to have ended; nil if that cannot be known from here.
  func hasEnded(seenFrom here: ProcessIdentity) -> Bool? {
    guard space == here.space else { return nil }
    if self == here { return false }
    if kill(pid, 0) != 0, errno == ESRCH { return true }
    if start.isEmpty { return nil }
    return Self.start(of: pid) != start
  }

  /// The start time of a process in clock ticks since the machine started (proc(5), field 22);
  /// nil for one that has ended but was not waited for yet.
  private static func start(of pid: Int32) -> String? {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
      return nil
    }
    // The name may contain spaces and parentheses; fields follow its last one.
    guard let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z" else { return nil }
    return String(fields[19])
  }
}
