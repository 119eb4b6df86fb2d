import Diagnostics
import TraceParsing
import Workload

extension AnyWorkloadSource<TraceError> {
  /// Calls `body` with the remaining records, some hundreds at a time.
  package func forEachBatch(_ body: (UnsafeBufferPointer<TaskRecord>) throws -> Void) throws {
    let batch = UnsafeMutableBufferPointer<TaskRecord>.allocate(capacity: 512)
    defer { batch.deallocate() }
    while true {
      let count = try read(into: batch)
      if count == 0 { return }
      try body(UnsafeBufferPointer(rebasing: batch[..<count]))
    }
  }

  /// Puts the next records into uninitialised memory, and says how many.
  private func read(into memory: UnsafeMutableBufferPointer<TaskRecord>) throws(TraceError) -> Int {
    var span = OutputSpan(buffer: memory, initializedCount: 0)
    try read(into: &span)
    return span.finalize(for: memory)
  }
}
