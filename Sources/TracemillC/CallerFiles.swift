import CTracemill
import Diagnostics
import Foundation
import TraceInput

/// The files of a caller: `tm_files`.
final class CallerFiles: RemoteFiles, @unchecked Sendable {
  private let table: tm_files

  init(_ table: tm_files) { self.table = table }

  deinit { table.release?(table.context) }

  func claims(_ path: String) -> Bool { path.contains("://") }

  func kind(of path: String) throws(TraceError) -> RemoteKind {
    var size: Int64 = 0
    switch table.kind?(table.context, path, &size) ?? -1 {
    case 0: return .absent
    case 1 where size >= 0: return .file(size: Int(size))
    case 2: return .folder
    default: throw failure("cannot open", path)
    }
  }

  func names(in folder: String) throws(TraceError) -> [String] {
    guard let text = table.names?(table.context, folder) else {
      throw failure("cannot list the folder", folder)
    }
    defer { free(text) }
    return String(cString: text).split(separator: "\n").map(String.init)
  }

  func read(
    _ path: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(TraceError) -> Int {
    let count =
      table.read?(table.context, path, Int64(offset), buffer.baseAddress, Int64(buffer.count)) ?? -1
    guard count >= 0 else { throw failure("cannot read", path) }
    return Int(count)
  }

  private func failure(_ what: String, _ path: String) -> TraceError {
    guard let text = table.failure?(table.context) else {
      return TraceError(.inputOutput, what, file: path)
    }
    defer { free(text) }
    return TraceError(.inputOutput, "\(what): \(String(cString: text))", file: path)
  }
}

@_cdecl("tm_job_files")
public func jobFiles(_ job: OpaquePointer?, _ files: UnsafePointer<tm_files>?) {
  guard let files = files?.pointee else { return }
  let caller = CallerFiles(files)
  guard let job else { return }
  object(job, as: Job.self).files = caller
}
