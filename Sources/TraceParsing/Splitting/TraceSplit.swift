import Diagnostics
import Foundation
import TraceInput
import Workload

/// A conversion split over processes: each reads its share of the parts into a file of fragments.
public final class TraceSplit: FragmentSink {
  private let shard: Shard
  private let writer: FragmentFile.Writer
  private var manifest: FragmentManifest
  private let meter: ReadMeter?

  /// What was written.
  public struct Summary: Sendable {
    /// Parts that were read, of all tables.
    public var parts = 0
    /// Their stored bytes.
    public var bytes = 0
    /// All parts that there are.
    public var allParts = 0
  }

  /// Reads `shard` of the parts of `trace` and writes what they hold to `path`, which appears when it is
  /// complete.
  ///
  /// - Parameters:
  ///   - shard: which share.
  ///   - trace: what `input` was recognised as.
  ///   - input: what the trace was found in.
  ///   - path: the file to write.
  ///   - version: Tracemill's.
  ///   - options: how it is read.
  /// - Throws: `TraceError` for a format that cannot be split, and whatever reading throws.
  public static func write(
    _ shard: Shard, of trace: any RecognisedTrace, in input: TraceInput, to path: String,
    version: String, _ options: ReadOptions
  ) throws(TraceError) -> Summary {
    guard trace.canSplit(options.table) else {
      throw TraceError(
        .unrecognised,
        "\(trace.format) is not read part by part from here, so it cannot be split: only tables whose "
          + "parts are files of their own can (google-2010, google-2011, google-2019, alibaba-…)",
        file: input.path)
    }
    let split = try TraceSplit(
      shard, to: path,
      FragmentManifest(
        version: version, format: trace.format, settings: options.splitSettings,
        input: InputSkeleton(input), tables: [], shards: [shard], parts: []), options.meter)
    var options = options
    options.split = .writing(split)
    // What is made of no parts is no record.
    _ = try trace.records(options)
    try split.writer.finish(split.manifest)
    var summary = Summary()
    for part in split.writer.parts {
      summary.parts += 1
      summary.bytes += part.bytes ?? 0
    }
    summary.allParts = split.manifest.tables.reduce(0) { $0 + $1.count }
    return summary
  }

  private init(
    _ shard: Shard, to path: String, _ manifest: FragmentManifest, _ meter: ReadMeter?
  ) throws(TraceError) {
    self.shard = shard
    self.manifest = manifest
    self.meter = meter
    writer = try FragmentFile.Writer(path: path)
  }

  package func share(of files: [TraceInput.File]) -> Range<Int> {
    let sizes = files.map(\.size)
    let range = shard.share(
      ofSizes: sizes.contains { $0 == nil } ? files.map { _ in 1 } : sizes.map { $0 ?? 0 })
    manifest.tables.append(files.map(\.name))
    return range
  }

  package func add(_ piece: [UInt8], of file: TraceInput.File) throws(TraceError) {
    if writer.parts.last?.name != file.name { try begin(file) }
    try writer.add(piece, of: file.name)
  }

  package func join(
    _ file: TraceInput.File, to first: TraceInput.File
  ) throws(TraceError) {
    try begin(file, with: first.name)
  }

  private func begin(_ file: TraceInput.File, with first: String? = nil) throws(TraceError) {
    var checksum: String?
    if case .file(let path) = file.location { checksum = try Checksum(ofFile: path).text }
    writer.begin(file.name, bytes: file.size, crc64: checksum, with: first)
  }
}
