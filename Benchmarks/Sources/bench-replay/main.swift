import Foundation
import TraceParsing
import Workload

// Reads every record of a record file, all columns, in batches as a simulation would, and folds
// them into a checksum so that nothing is left out.
//
//   bench-replay FILE.parquet [times]

let path = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : ""
let times = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 1 : 1

func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

do {
  for _ in 0..<times {
    let start = processorSeconds()
    let trace = try TraceOpener(formats: [RecordFileFormat()]).open(path)
    let stream = try trace.records(ReadOptions())
    var (count, sum) = (0, 0 as Int64)
    var isAtEnd = false
    let batch = UnsafeMutableBufferPointer<TaskRecord>.allocate(capacity: 512)
    defer { batch.deallocate() }
    while !isAtEnd {
      var span = OutputSpan(buffer: batch, initializedCount: 0)
      try stream.read(into: &span)
      let filled = span.finalize(for: batch)
      isAtEnd = filled == 0
      for record in batch[..<filled] {
        sum &+= record.submit.rawValue ^ record.runTime.rawValue ^ record.request.memory.rawValue
        sum &+= Int64(record.user.rawValue) ^ Int64(record.flags.rawValue)
      }
      count += filled
    }
    let seconds = processorSeconds() - start
    print(
      "\(count) records in \(String(format: "%.3f", seconds)) CPU-s: "
        + "\(String(format: "%.2f", Double(count) / seconds / 1e6)) million a second, sum \(sum)")
  }
} catch {
  print("bench-replay: \(error)")
  exit(1)
}
