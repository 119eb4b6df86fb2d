import Diagnostics
import TestSupport
import Testing
import TraceInput

@testable import TraceParsing

/// Hands out at most `step` bytes a read, as pipes do.
final class DribblingStream: ByteStream {
  let name = "dribble"
  private let bytes: [UInt8]
  private let step: Int
  private var position = 0

  init(_ bytes: [UInt8], step: Int) {
    self.bytes = bytes
    self.step = step
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let count = min(step, buffer.count, bytes.count - position)
    bytes[position..<position + count].withUnsafeBytes { buffer.copyMemory(from: $0) }
    position += count
    return count
  }
}

/// All bytes of a stream.
func drain(_ stream: any ByteStream, block: Int = 1 << 12) throws(TraceError) -> [UInt8] {
  var all: [UInt8] = []
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block, alignment: 8)
  defer { buffer.deallocate() }
  while true {
    let count = try stream.read(into: buffer)
    if count == 0 { return all }
    all += buffer[..<count]
  }
}

@Suite struct GzipStreamTests {
  let text = (0..<3000).map { "line \($0 * 7919 % 1000)\n" }.joined()

  @Test(arguments: [1, 2, 3, 7, 17, 100, 1 << 18])
  func membersOfAnySizeInStepsOfAnySize(step: Int) throws {
    var bytes: [UInt8] = []
    var expected: [UInt8] = []
    for length in [0, 1, 2, 5, 100, 1000, 20_000, 0, 3] {
      let member = Array(text.utf8.prefix(length))
      bytes += ArchiveMaker.compress(member, .gzip)
      expected += member
    }
    for block in [1, 5, 4096] {
      #expect(try drain(GzipStream(DribblingStream(bytes, step: step)), block: block) == expected)
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let bytes = ArchiveMaker.compress(Array(text.utf8.prefix(600)), .gzip)
    for length in 0..<bytes.count {
      let error = #expect(throws: TraceError.self) {
        try drain(GzipStream(MemoryStream(Array(bytes.prefix(length)), name: "cut.gz")))
      }
      #expect(error?.code == .damaged && error?.file == "cut.gz", "length \(length)")
    }
  }

  /// CRC and length are the last eight bytes. libarchive lets these pass.
  @Test func everyFlippedBitOfTheTrailerIsAnError() throws {
    let bytes = ArchiveMaker.compress(Array(text.utf8), .gzip)
    for bit in 0..<64 {
      var damaged = bytes
      damaged[bytes.count - 8 + bit / 8] ^= 1 << UInt8(bit % 8)
      let error = #expect(throws: TraceError.self) {
        try drain(GzipStream(MemoryStream(damaged, name: "x.gz")))
      }
      #expect(error?.message.contains("wrong CRC or length in gzip member 1") == true)
    }
  }

  @Test func anotherMembersDamageNamesThatMember() throws {
    var second = ArchiveMaker.compress(Array(text.utf8), .gzip)
    second[second.count - 5] ^= 0x10
    let bytes = ArchiveMaker.compress([1, 2, 3], .gzip) + second
    let error = #expect(throws: TraceError.self) {
      try drain(GzipStream(MemoryStream(bytes, name: "x.gz")))
    }
    #expect(error?.message.contains("member 2") == true)
  }

  @Test func zerosMayPadTheEndAndNothingElse() throws {
    let bytes = ArchiveMaker.compress(Array(text.utf8), .gzip)
    let padded = bytes + [UInt8](repeating: 0, count: 1000)
    #expect(try drain(GzipStream(MemoryStream(padded, name: "x"))) == Array(text.utf8))
    let error = #expect(throws: TraceError.self) {
      try drain(GzipStream(MemoryStream(bytes + Array("junk".utf8), name: "x")))
    }
    #expect(error?.message.contains("what follows gzip member 1 is not gzip") == true)
  }

  @Test func randomDamageNeverPassesAsTheOriginal() throws {
    var random = TestRandom(1)
    let bytes = ArchiveMaker.compress(Array(text.utf8), .gzip)
    for _ in 0..<300 {
      var damaged = bytes
      // Not the header's time, flags and system bytes, which carry no data.
      damaged[Int.random(in: 10..<bytes.count, using: &random)] ^= UInt8.random(
        in: 1...255, using: &random)
      #expect(throws: TraceError.self) { try drain(GzipStream(MemoryStream(damaged, name: "x"))) }
    }
  }
}
