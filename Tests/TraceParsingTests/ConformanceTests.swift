import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import TraceParsing
import Workload
import WorkloadTestKit

/// Every format's source keeps the requirements of `WorkloadSource`.
@Suite struct ConformanceTests {
  private static let opener = TraceOpener(formats: [
    RecordFileFormat(), Google2019Format(), Google2011Format(), Google2010Format(),
    StandardWorkloadFormat(), Alibaba2017Format.format, Alibaba2018Format.format,
    AlibabaGPU2023Format.format,
  ])

  private func violations(_ path: String, threads: Int = 2) -> [WorkloadTestKit.Violation] {
    WorkloadTestKit.check(limit: 20_000) {
      var options = ReadOptions()
      options.threads = threads
      return try Self.opener.open(path).records(options)
    }
  }

  @Test(arguments: ["google-2019", "google-2010", "alibaba-2018", "google-2011-mini"])
  func ourFixturesConform(_ name: String) {
    #expect(violations(Formats.root + "/data/" + name) == [])
  }

  @Test(
    .enabled(if: Formats.has("swf"), "the real traces are not beside the package"),
    arguments: ["alibaba-2017", "alibaba-gpu-2023", "swf"])
  func realTracesConform(_ name: String) throws {
    let folder = Formats.traces + "/" + name
    var path = folder
    if name == "swf" {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      path = folder + "/" + (try #require(names.first { $0.contains(".swf") }))
    }
    #expect(violations(path) == [])
  }

  /// Parquet and CSV record files of other batch sizes than the reader's, in several parts.
  @Test(arguments: [".parquet", ".csv.gz"])
  func recordFilesInPartsConform(_ ending: String) throws {
    let folder = TemporaryFolder()
    for part in 0..<3 {
      let path = folder("records-\(part)-of-3\(ending)")
      let writer = try TableFileKind(path: path).writer(path: path, columns: RecordColumn.table)
      for index in 0..<1500 {
        let number = part * 1500 + index
        try writer.write(
          TaskRecord(
            id: TaskID(job: Int64(number)), submit: Microseconds(Int64(number / 7)),
            runTime: Microseconds(5), request: .zero))
      }
      try writer.finish()
    }
    #expect(violations(folder.path) == [])
  }
}
