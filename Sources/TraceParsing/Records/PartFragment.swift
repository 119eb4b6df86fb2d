import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

/// All that one part of an event table holds: the lives of its tasks as far as they are in it, and
/// what was counted. Fragments combine in the order of their parts.
struct PartFragment {
  /// What it was made from: input file and settings.
  var origin: String
  var survey: TableSurvey
  var names: [String]
  var rejects: [RejectedRow]
  var transitions: TransitionCounts
  var earliest: Microseconds
  var latest: Microseconds
  /// The requests of the lives, by number less 1.
  var requests: [RequestSet]
  /// Packed lives, the stretches of each in their order; users are numbered within the part.
  var lives: [UInt8]
}

// MARK: - As bytes

extension PartFragment {
  /// What stands before the lives.
  private struct Header: Codable {
    struct Reject: Codable {
      var code: String
      var message: String
      var file: String?
      var line: Int?
      var column: Int?
      var reason: String
      var row: String
    }

    var origin: String
    var rows: Int
    var comments: Int
    var firstTime: Int64
    var lastTime: Int64
    var beforeStart: Int
    var afterEnd: Int
    var eventNames: [String]
    var eventCounts: [Int]
    var missingInfo: [Int: Int]
    var names: [String]
    var rejects: [Reject]
    var transitions: [Int]
    var earliest: Int64
    var latest: Int64
    var requests: Int
    var lives: Int

    /// All that is added up over parts.
    var counts: [Int] {
      [rows, comments, beforeStart, afterEnd] + eventCounts + transitions
        + Array(missingInfo.values)
    }
  }

  /// No file has so many rows.
  private static let countLimit = 1 << 48

  private static let magic = Array("TMLIVES2".utf8)

  /// All but the lives: the length of what follows, that, and the requests.
  ///
  /// - Parameters:
  ///   - livesCount: how many bytes of lives belong to it.
  ///   - path: where it goes, for errors.
  func head(livesCount: Int, _ path: String) throws(TraceError) -> [UInt8] {
    let header = Header(
      origin: origin, rows: survey.rows, comments: survey.comments,
      firstTime: survey.firstTime.rawValue, lastTime: survey.lastTime.rawValue,
      beforeStart: survey.beforeStart, afterEnd: survey.afterEnd,
      eventNames: survey.events.map(\.name), eventCounts: survey.events.map(\.count),
      missingInfo: survey.missingInfo, names: names,
      rejects: rejects.map {
        Header.Reject(
          code: $0.error.code.rawValue, message: $0.error.message, file: $0.error.file,
          line: $0.error.line, column: $0.error.column, reason: $0.reason, row: $0.row)
      },
      transitions: transitions.raw, earliest: earliest.rawValue, latest: latest.rawValue,
      requests: requests.count, lives: livesCount)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = try catching(path) { try encoder.encode(header) }
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt64(json.count).littleEndian) { bytes += $0 }
    bytes += json
    requests.withUnsafeBytes { bytes += $0 }
    return bytes
  }

  /// Writes it to a file that appears when it is complete.
  func write(to path: String) throws(TraceError) {
    var bytes = Self.magic + (try head(livesCount: lives.count, path)) + lives
    let digest = try RunningDigest(.sha256, path)
    try digest.update(bytes)
    bytes += Array(try digest.finish().utf8)
    let file = try OutputFile(path: path)
    let result: Result<Void, TraceError> = bytes.withUnsafeBytes { all in
      do throws(TraceError) { return .success(try file.write(all)) } catch {
        return .failure(error)
      }
    }
    try result.get()
    try file.commit()
  }

  /// Reads it back; nil if the file is not there, not whole, or from another version.
  init?(path: String) {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    var bytes = [UInt8](data)
    guard bytes.count >= 16 + 64, bytes.starts(with: Self.magic) else { return nil }
    let stated = String(decoding: bytes.suffix(64), as: UTF8.self)
    bytes.removeLast(64)
    guard let digest = try? RunningDigest(.sha256, path), (try? digest.update(bytes)) != nil,
      (try? digest.finish()) == stated
    else { return nil }
    self.init(body: Array(bytes.dropFirst(Self.magic.count)), hasLives: true)
  }

  /// From what `head` gave, with the lives behind it or without; nil for anything else.
  init?(body bytes: [UInt8], hasLives: Bool) {
    guard bytes.count >= 8 else { return nil }
    let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(bytes.count - 8) else { return nil }
    let start = 8 + Int(length)
    guard let header = try? JSONDecoder().decode(Header.self, from: Data(bytes[8..<start])),
      let transitions = TransitionCounts(raw: header.transitions),
      header.counts.allSatisfy({ (0...Self.countLimit).contains($0) }),
      (0...RequestTable.maximumCapacity).contains(header.requests),
      header.lives >= 0, header.eventNames.count == header.eventCounts.count,
      bytes.count - start
        == header.requests * MemoryLayout<RequestSet>.stride + (hasLives ? header.lives : 0)
    else { return nil }
    origin = header.origin
    survey = TableSurvey()
    survey.rows = header.rows
    survey.comments = header.comments
    survey.firstTime = Microseconds(header.firstTime)
    survey.lastTime = Microseconds(header.lastTime)
    survey.beforeStart = header.beforeStart
    survey.afterEnd = header.afterEnd
    survey.events = zip(header.eventNames, header.eventCounts).map { .init(name: $0, count: $1) }
    survey.missingInfo = header.missingInfo
    names = header.names
    rejects = header.rejects.map {
      RejectedRow(
        error: TraceError(
          TraceError.Code(rawValue: $0.code) ?? .damaged, $0.message, file: $0.file, line: $0.line,
          column: $0.column), reason: $0.reason, row: $0.row)
    }
    self.transitions = transitions
    earliest = Microseconds(header.earliest)
    latest = Microseconds(header.latest)
    requests = bytes.withUnsafeBytes { all in
      (0..<header.requests).map {
        all.loadUnaligned(
          fromByteOffset: start + $0 * MemoryLayout<RequestSet>.stride, as: RequestSet.self)
      }
    }
    guard requests.allSatisfy(\.isPlausible) else { return nil }
    lives = hasLives ? Array(bytes.suffix(header.lives)) : []
  }
}
