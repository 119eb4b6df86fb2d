import Diagnostics
import Foundation
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Damage: strict reading stops at it and names it, lenient reading takes what stands before it and
/// counts one damaged part.
@Suite struct DamageTests {
  private let reason = "damaged part: the rest of it is not read"

  private func lenient(_ path: String) throws -> (jobs: [Int64], rejects: [String: Int]) {
    let log = try RejectLog { _ in }
    let records = try read(path) { $0.rejects = log }.records
    return (records.map(\.id.job), log.counts)
  }

  private func failure(_ path: String) -> TraceError? {
    do {
      _ = try read(path)
      return nil
    } catch {
      return error as? TraceError
    }
  }

  /// Job events that do not compress well: jobs 1 to `count`, in order.
  private func table(_ count: Int) -> [UInt8] {
    var random = RandomStream(seed: 3, name: "rows")
    return Array(
      (1...count).map { "\(600_000_000 + $0),,\($0),0,u\(random.next() % 1_000_000),1,n,l\n" }
        .joined().utf8)
  }

  @Test(arguments: [1, 8, 200, 2000]) func aNamedFileGivesWhatStandsBeforeTheDamage(
    _ lost: Int
  ) throws {
    let folder = TemporaryFolder()
    let whole = ArchiveMaker.compress(table(600), .gzip)
    try #require(whole.count > lost + 100)
    let path = try folder.write(Array(whole.dropLast(lost)), to: "job_events.csv.gz")
    let error = try #require(failure(path))
    #expect(
      error.description
        == "\(path): the gzip data end in the middle of member 1: the file is truncated")
    let (jobs, rejects) = try lenient(path)
    #expect(jobs == (0..<jobs.count).map { Int64($0 + 1) })
    #expect(jobs.count == 600 || lost > 8)
    #expect(jobs.count > 100)
    #expect(rejects == [reason: 1])
  }

  /// What is damaged from its first byte on, or cut between two members, is told as damage.
  @Test func damageAtTheBeginningIsNoOtherFormat() throws {
    let folder = TemporaryFolder()
    let zip = ArchiveMaker.zip([("a/job_events.csv", table(60)), ("b/x.csv", table(60))])
    let second = try #require(
      (1..<zip.count - 4).first { Array(zip[$0..<$0 + 4]) == [0x50, 0x4b, 3, 4] })
    var flipped = ArchiveMaker.zip([("job_events.csv", table(60))])
    for place in 60..<90 { flipped[place] ^= 0x5a }
    for (name, bytes) in [("flipped", flipped), ("cut", Array(zip[..<second]))] {
      let error = try #require(failure(try folder.write(bytes, to: name + ".zip")))
      #expect(error.code == .damaged && error.description.contains("\(name).zip"), "\(error)")
      #expect(!error.message.contains("unknown error"), "\(error)")
    }
  }

  /// libarchive would read the last of two zips, and any before bytes that are none, without a word.
  @Test func whatStandsAroundAZipIsTold() throws {
    let folder = TemporaryFolder()
    let zip = ArchiveMaker.zip([("job_events.csv", table(60))])
    let other = ArchiveMaker.zip([("job_events.csv", table(90))])
    let contents = try #require(
      (0..<zip.count - 4).last { Array(zip[$0..<$0 + 4]) == [0x50, 0x4b, 1, 2] })
    var commented = zip
    commented[zip.count - 2] = 3
    let damaged: [(String, [UInt8], String)] = [
      ("two", other + zip, "what stands before the zip is not read"),
      ("twice", zip + zip, "what stands before the zip is not read"),
      ("behind", zip + Array("remainder of a page".utf8), "19 bytes behind the end of the zip"),
      ("half", zip + other.prefix(other.count / 2), "bytes behind the end of the zip"),
      ("table", Array(zip[..<contents]), "damaged or truncated archive"),
      ("record", Array(zip.dropLast(22)), "damaged or truncated archive"),
      ("end", Array(zip.dropLast(1)), "the table of a zip's members is missing"),
    ]
    for (name, bytes, text) in damaged {
      let error = try #require(failure(try folder.write(bytes, to: name + ".zip")), "\(name)")
      #expect(error.code == .damaged && error.message.contains(text), "\(name): \(error)")
    }
    for (name, bytes) in [("plain", zip), ("commented", commented + Array("abc".utf8))] {
      #expect(failure(try folder.write(bytes, to: name + ".zip")) == nil, "\(name)")
    }
    // In a compressed file, and in archives, as well.
    func wrapped(_ bytes: [UInt8]) -> [(String, [UInt8])] {
      [
        ("zip.gz", ArchiveMaker.compress(bytes, .gzip)),
        ("zip.zst", ArchiveMaker.compress(bytes, .zstd)),
        ("tar", ArchiveMaker.tar([("in.zip", bytes)])),
        ("tar.gz", ArchiveMaker.tar([("in.zip.xz", ArchiveMaker.compress(bytes, .xz))], .gzip)),
        ("outer.zip", ArchiveMaker.zip([("in.zip", bytes)])),
      ]
    }
    for (name, bytes, text) in damaged {
      for (ending, whole) in wrapped(bytes) {
        let error = try #require(
          failure(try folder.write(whole, to: "\(name).\(ending)")), "\(name).\(ending)")
        #expect(
          error.code == .damaged && error.message.contains(text), "\(name).\(ending): \(error)")
      }
    }
    for (ending, whole) in wrapped(zip) {
      #expect(failure(try folder.write(whole, to: "whole.\(ending)")) == nil, "\(ending)")
    }
    let sevenZip = ArchiveMaker.sevenZip([("job_events.csv", table(60))])
    let packed = ArchiveMaker.compress(sevenZip, .gzip)
    #expect(failure(try folder.write(packed, to: "whole.7z.gz")) == nil)
  }

  @Test func aWrongChecksumCostsNoRow() throws {
    let folder = TemporaryFolder()
    var bytes = ArchiveMaker.compress(table(600), .gzip)
    bytes[bytes.count - 8] ^= 1
    let path = try folder.write(bytes, to: "job_events.csv.gz")
    #expect(failure(path)?.message.contains("wrong CRC or length") == true)
    let (jobs, rejects) = try lenient(path)
    #expect(jobs.count == 600)
    #expect(rejects == [reason: 1])
  }

  /// Wherever an archive ends too early, what is there of the entries before is read, and the loss
  /// is counted once.
  @Test func aTruncatedArchiveGivesTheEntriesBeforeTheDamage() throws {
    let folder = TemporaryFolder()
    let text = table(600)
    let parts = text.split(separator: 0x0a).map { Array($0) + [0x0a] }.chunked(200).map {
      $0.joined()
    }
    let entries = parts.enumerated().map {
      ("job_events/" + partName($0.offset, of: 3), ArchiveMaker.compress(Array($0.element), .gzip))
    }
    let whole = ArchiveMaker.tar(entries, .gzip)
    var seen: Set<Int> = []
    for lost in [1, 4, 8, 9, 60, whole.count / 3, whole.count / 2, 2 * whole.count / 3] {
      let path = try folder.write(Array(whole.dropLast(lost)), to: "cut\(lost).tar.gz")
      #expect(failure(path)?.message.contains("the file is truncated") == true, "\(lost)")
      let (jobs, rejects) = try lenient(path)
      #expect(jobs == (0..<jobs.count).map { Int64($0 + 1) }, "\(lost)")
      #expect(rejects == [reason: 1], "\(lost)")
      if lost < 9 { #expect(jobs.count == 600) }
      seen.insert(jobs.count)
    }
    #expect(seen.count >= 4)
    let none = try folder.write(Array(whole.prefix(24)), to: "none.tar.gz")
    #expect(failure(none)?.code == .damaged)
  }

  /// Damage in one table's entry is damage to the archive that the others are in, too.
  @Test func everyTableOfADamagedArchiveIsSuspect() throws {
    let folder = TemporaryFolder()
    let machines = Array((1...900).map { "0,\($0),0,p,0.5,0.5\n" }.joined().utf8)
    let whole = ArchiveMaker.tar(
      [
        ("t/job_events/part-00000-of-00001.csv", table(20)),
        ("t/machine_events/part-00000-of-00001.csv", machines),
      ])
    let path = try folder.write(Array(whole.prefix(5000)), to: "cut.tar")
    #expect(failure(path)?.code == .damaged)
    let (jobs, rejects) = try lenient(path)
    #expect(jobs.count == 20)
    #expect(rejects == [reason: 1])
  }

  @Test func aDamagedRecordFileGivesTheRecordsBefore() throws {
    let folder = TemporaryFolder()
    let text =
      "submit_us,run_us,cpu_cores\n" + (1...5000).map { "\($0),\($0 * 7919 % 1000),1\n" }.joined()
    let whole = ArchiveMaker.compress(Array(text.utf8), .gzip)
    let path = try folder.write(Array(whole.dropLast(4000)), to: "tasks.csv.gz")
    #expect(failure(path)?.code == .damaged)
    let log = try RejectLog { _ in }
    let records = try read(path) { $0.rejects = log }.records
    #expect(records.map(\.submit.rawValue) == (0..<records.count).map { Int64($0 + 1) })
    #expect(records.count > 100 && records.count < 5000)
    #expect(log.counts == [reason: 1])
  }
}

extension Array {
  fileprivate func chunked(_ size: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
  }
}
