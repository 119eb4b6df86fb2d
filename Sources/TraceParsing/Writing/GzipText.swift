import Diagnostics
import Tables

/// Text into a gzip file that appears when it is complete.
final class GzipText {
  private let file: OutputFile
  private let compressor: CompressedOutput
  private var pending: [UInt8] = []

  init(path: String) throws(TraceError) {
    file = try OutputFile(path: path)
    compressor = try CompressedOutput(.gzip, to: file)
  }

  /// Writes what `body` appends.
  func write(_ body: (inout [UInt8]) -> Void) throws(TraceError) {
    body(&pending)
    if pending.count > 1 << 16 { try flush() }
  }

  func finish() throws(TraceError) {
    try flush()
    try compressor.finish()
    try file.commit()
  }

  private func flush() throws(TraceError) {
    let result: Result<Void, TraceError> = pending.withUnsafeBytes { bytes in
      do throws(TraceError) {
        return .success(try compressor.write(bytes))
      } catch {
        return .failure(error)
      }
    }
    pending.removeAll(keepingCapacity: true)
    try result.get()
  }
}
