import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Changes bytes at random: what every reader must survive, with an error or with records.
private struct Mutator {
  var random: TestRandom

  mutating func mutate(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0...5, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + 9))
      case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
      case 4: bytes.removeSubrange(place...)
      default:
        let odd: [UInt8] = [0, 0xff, 0x7f, 0x80, 0x22, 0x2c, 0x0a, 0x0d, 0x20]
        bytes[place] = odd.randomElement(using: &random) ?? 0
      }
    }
    return bytes
  }
}

/// How many mutations a test tries: few by default, many where TRACEMILL_SLOW=1.
private let rounds = ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1" ? 20_000 : 160

@Suite struct FuzzTests {
  private let tasks = (0..<40).map {
    "\(600_000_000 + $0),,\($0 / 3),\($0 % 3),,\($0 % 9),u\($0 % 5),1,\($0 % 12),0.01,0.02,1e-05,0\n"
  }.joined()

  /// Reads `bytes` as a file called `name`, strictly and leniently; any `TraceError` is fine.
  private func survive(_ bytes: [UInt8], _ name: String, _ folder: TemporaryFolder) throws {
    let path = try folder.write(bytes, to: name)
    for lenient in [false, true] {
      do {
        _ = try read(path) {
          $0.threads = 2
          if lenient { $0.rejects = try? RejectLog { _ throws(TraceError) in } }
        }
      } catch is TraceError {
      }
    }
  }

  @Test func mutatedArchivesAndTables() throws {
    var mutator = Mutator(random: TestRandom(77))
    let folder = TemporaryFolder()
    let text = Array(tasks.utf8)
    let entry = ("task_events/part-00000-of-00001.csv.gz", ArchiveMaker.compress(text, .gzip))
    let plain = ("task_events/part-00000-of-00001.csv", text)
    let originals: [(String, [UInt8])] = [
      ("task_events.csv", text), ("task_events.csv.gz", entry.1),
      ("task_events.csv.xz", ArchiveMaker.compress(text, .xz)),
      ("task_events.csv.zst", ArchiveMaker.compress(text, .zstd)),
      ("t.tar", ArchiveMaker.tar([entry, plain])), ("t.tar.gz", ArchiveMaker.tar([plain], .gzip)),
      ("t.zip", ArchiveMaker.zip([plain])), ("t.7z", ArchiveMaker.sevenZip([plain])),
    ]
    for (name, bytes) in originals {
      try survive(bytes, name, folder)
      for _ in 0..<rounds / 8 { try survive(mutator.mutate(bytes), name, folder) }
    }
  }

  @Test func mutatedRecordFiles() throws {
    var mutator = Mutator(random: TestRandom(78))
    let folder = TemporaryFolder()
    let source = try folder.write(tasks, to: "task_events.csv")
    let path = folder("records.csv")
    let stream = try read(source)
    let writer = try TableFileKind(path: path).writer(
      path: path, columns: RecordColumn.table, symbols: { stream.stream.symbols.strings })
    for record in stream.records { try writer.write(record) }
    try writer.finish()
    let bytes = try contents(path)
    #expect(try read(path).records.count == stream.records.count)
    for _ in 0..<rounds / 4 { try survive(mutator.mutate(bytes), "mutated.csv", folder) }
  }

  /// Every other format's tables, as text and in gzip, and Parquet record files.
  @Test func mutatedTracesOfEveryFormat() throws {
    var mutator = Mutator(random: TestRandom(80))
    let opener = TraceOpener(formats: [
      RecordFileFormat(), Google2019Format(), Google2011Format(), Google2010Format(),
      StandardWorkloadFormat(), Alibaba2017Format.format, Alibaba2018Format.format,
      AlibabaGPU2023Format.format,
      MappedTableFormat.openDC,
    ])
    let folder = TemporaryFolder()
    let source = try folder.write(tasks, to: "source/task_events.csv")
    let path = folder("source/records.parquet")
    let stream = try read(source)
    let writer = try TableFileKind(path: path).writer(
      path: path, columns: RecordColumn.table, symbols: { stream.stream.symbols.strings })
    for record in stream.records { try writer.write(record) }
    try writer.finish()
    let swf = (1...60).map {
      "\($0) \($0 * 7) 5 90 \($0 % 8 + 1) -1 -1 4 100 -1 1 3 1 -1 1 -1 -1 -1\n"
    }
    let old = (1...60).map {
      "\($0),\($0 * 3),\($0 / 4),\($0 % 4),\($0 % 9),Terminated,50,0.0079\n"
    }
    let pods =
      [
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
          + "deletion_time,scheduled_time\n"
      ]
      + (1...60).map {
        "openb-pod-\($0),4000,1638,\($0 % 2),500,,LS,Running,\($0),\($0 * 90),\($0 * 2)\n"
      }
    let originals: [(String, [UInt8])] = [
      ("alibaba-2017/batch_task.csv", Array(old.joined().utf8)),
      ("openb_pod_list_default.csv", Array(pods.joined().utf8)),
      ("records.parquet", try contents(path)),
      ("log.swf", Array(swf.joined().utf8)),
      (
        "google-2019/instance_events-000000000000.json",
        try fixture("google-2019/instance_events-000000000000.json")
      ),
      (
        "google-2019/collection_events-000000000000.json",
        try fixture("google-2019/collection_events-000000000000.json")
      ),
      ("google-cluster-data-1.csv", try fixture("google-2010/google-cluster-data-1.csv")),
      ("batch_task.csv", try fixture("alibaba-2018/batch_task.csv")),
    ]
    var (read, refused) = (0, 0)
    for (name, bytes) in originals {
      for round in 0...rounds / 16 {
        let mutated = round == 0 ? bytes : mutator.mutate(bytes)
        let isPacked = round % 4 == 3 && !name.hasSuffix(".parquet")
        let file = try folder.write(
          isPacked ? ArchiveMaker.compress(mutated, .gzip) : mutated,
          to: isPacked ? name + ".gz" : name)
        for lenient in [false, true] {
          do {
            read += try count(file, opener, lenient: lenient)
          } catch is TraceError {  // any other error fails the test
            refused += 1
          }
        }
      }
    }
    #expect(read > 900)
    #expect(refused > 10)
  }

  private func count(_ path: String, _ opener: TraceOpener, lenient: Bool) throws -> Int {
    var options = ReadOptions()
    if lenient { options.rejects = try RejectLog { _ in } }
    let stream = try opener.open(path).records(options)
    var count = 0
    while try stream.next() != nil { count += 1 }
    return count
  }

  /// The beginning of a file of `data/`, in whole lines.
  private func fixture(_ name: String) throws -> [UInt8] {
    let bytes = try contents(Formats.root + "/data/" + name)
    return Array(bytes.split(separator: 0x0a).prefix(120).joined(separator: [0x0a]) + [0x0a])
  }

  /// What comes out of mutated gzip is an error or, by the checksum, what went in.
  @Test func mutatedGzipIsRefusedOrUnchanged() throws {
    var mutator = Mutator(random: TestRandom(79))
    let text = Array(tasks.utf8)
    let whole = ArchiveMaker.compress(text, .gzip)
    var refused = 0
    for _ in 0..<rounds * 4 {
      do {
        let out = try drain(GzipStream(MemoryStream(mutator.mutate(whole), name: "gz")))
        let repeats = out.count / max(1, text.count)
        #expect(Array(repeatElement(text, count: repeats).joined()) == out)
      } catch is TraceError {
        refused += 1
      }
    }
    #expect(refused > rounds)
  }
}

@Suite struct ExpansionTests {
  /// More than the allowance of bytes that compress well.
  private let bomb = [UInt8](repeating: 0x0a, count: Expansion.allowance + (4 << 20))

  private func run(_ stream: any ByteStream) throws(TraceError) -> Int {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
    defer { buffer.deallocate() }
    var sum = 0
    while true {
      let count = try stream.read(into: buffer)
      if count == 0 { return sum }
      sum += count
    }
  }

  @Test func compressedBombsStop() throws {
    let gzip = ArchiveMaker.compress(bomb, .gzip)
    for packed in [
      gzip, ArchiveMaker.compress(gzip, .gzip), ArchiveMaker.compress(bomb, .xz),
      ArchiveMaker.compress(bomb, .zstd), ArchiveMaker.compress(bomb, .bzip2),
    ] {
      let error = #expect(throws: TraceError.self) {
        _ = try run(OpenedStream(decoding: MemoryStream(packed, name: "x"), limit: 100).stream)
      }
      #expect(error?.code == .damaged)
      #expect(error?.message.contains("--max-expansion") == true)
    }
    let raised = try OpenedStream(decoding: MemoryStream(gzip, name: "x"), limit: 100_000)
    #expect(try run(raised.stream) == bomb.count)
  }

  @Test func bombsInArchivesStop() throws {
    let folder = TemporaryFolder()
    for (name, packed) in [
      ("b.zip", ArchiveMaker.zip([("a.csv", bomb)])),
      ("b.7z", ArchiveMaker.sevenZip([("a.csv", bomb)])),
      ("b.tar.gz", ArchiveMaker.tar([("a.csv", bomb)], .gzip)),
    ] {
      let path = try folder.write(packed, to: name)
      let error = #expect(throws: TraceError.self) {
        let archive = try Container(path: path).open(meter: nil, limit: 100)
        while try archive.nextEntry() != nil { _ = try run(EntryStream(archive, name: "a.csv")) }
      }
      #expect(error?.message.contains("--max-expansion") == true, "\(name)")
    }
  }

  /// The whole way: the option reaches the reader.
  @Test func aTableThatIsABombStops() throws {
    let row = Array("600000000,,1,0,,0,u,1,1,0.1,0.1,0.1,0\n".utf8)
    let folder = TemporaryFolder()
    let path = try folder.write(
      ArchiveMaker.compress(row + bomb, .gzip), to: "task_events.csv.gz")
    let error = #expect(throws: TraceError.self) {
      _ = try read(path) { $0.maximumExpansion = 100 }
    }
    #expect(error?.description.contains("--max-expansion") == true)
  }

  @Test func smallFilesPass() throws {
    let bytes = [UInt8](repeating: 0x61, count: 1 << 20)
    let gzip = ArchiveMaker.compress(bytes, .gzip)
    let small = try OpenedStream(decoding: MemoryStream(gzip, name: "x"), limit: 1)
    #expect(try run(small.stream) == bytes.count)
  }
}
