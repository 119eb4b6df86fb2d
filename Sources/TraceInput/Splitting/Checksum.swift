import CISAL
import Diagnostics

/// A CRC-64 (ECMA-182, reflected) in the making: tells damage, at some ten gigabytes a second.
package struct Checksum {
  private var value: UInt64 = 0

  package init() {}

  /// That of `bytes`.
  package init(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { add($0) }
  }

  /// That of a file's stored bytes. O(size), constant memory.
  package init(ofFile path: String) throws(TraceError) {
    let stream = try FileStream(path: path, meter: nil)
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { block.deallocate() }
    while true {
      let count = try stream.read(into: block)
      if count == 0 { return }
      add(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
  }

  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    value = crc64_ecma_refl(value, base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
  }

  /// Sixteen hexadecimal digits.
  package var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
