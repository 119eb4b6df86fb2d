import CCrypto
import Diagnostics
import Foundation
import TraceInput

/// Digests of files, as checksum manifests hold them; OpenSSL's libcrypto underneath.
public enum FileDigest: String, CaseIterable, Sendable {
  case sha256 = "SHA256"
  case sha1 = "SHA1"
  case md5 = "MD5"

  /// How many hexadecimal digits it has.
  public var digits: Int {
    switch self {
    case .sha256: 64
    case .sha1: 40
    case .md5: 32
    }
  }

  /// The digest of a file's stored bytes, in lower-case hexadecimal. O(size), constant memory.
  public func ofFile(_ path: String, meter: ReadMeter? = nil) throws(TraceError) -> String {
    let stream = try FileStream(path: path, meter: meter)
    let running = try RunningDigest(self, path)
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { block.deallocate() }
    while true {
      let count = try stream.read(into: block)
      if count == 0 { return try running.finish() }
      try running.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
  }

  /// The digest of bytes, in lower-case hexadecimal.
  ///
  /// - Parameters:
  ///   - bytes: What is digested.
  ///   - name: What they are, for errors.
  public func of(_ bytes: [UInt8], called name: String) throws(TraceError) -> String {
    let running = try RunningDigest(self, name)
    try running.update(bytes)
    return try running.finish()
  }

  /// The digest of a file, or of a folder's files: that of the lines "digest  name" in the order of
  /// their names, as `sha256sum` prints them. nil for what is neither, such as a pipe.
  public func ofTree(_ path: String) throws(TraceError) -> String? {
    switch Self.kind(path) {
    case .typeRegular: return try ofFile(path)
    case .typeDirectory:
      let running = try RunningDigest(self, path)
      let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
      for name in names.sorted() where Self.kind(path + "/" + name) == .typeRegular {
        let line = Array("\(try ofFile(path + "/" + name))  \(name)\n".utf8)
        try running.update(line)
      }
      return try running.finish()
    default: return nil
    }
  }

  private static func kind(_ path: String) -> FileAttributeType? {
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let attributes = try? FileManager.default.attributesOfItem(atPath: resolved)
    return attributes?[.type] as? FileAttributeType
  }
}

/// A digest in the making.
final class RunningDigest {
  private let context: OpaquePointer
  private let path: String

  /// - Parameters:
  ///   - kind: Which digest.
  ///   - path: What is digested, for errors.
  init(_ kind: FileDigest, _ path: String) throws(TraceError) {
    guard let context = EVP_MD_CTX_new() else { throw Self.failure(path) }
    self.context = context
    self.path = path
    let algorithm =
      switch kind {
      case .sha256: EVP_sha256()
      case .sha1: EVP_sha1()
      case .md5: EVP_md5()
      }
    guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else { throw Self.failure(path) }
  }

  deinit { EVP_MD_CTX_free(context) }

  func update(_ bytes: UnsafeRawBufferPointer) throws(TraceError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      throw Self.failure(path)
    }
  }

  func update(_ bytes: [UInt8]) throws(TraceError) {
    guard EVP_DigestUpdate(context, bytes, bytes.count) == 1 else { throw Self.failure(path) }
  }

  /// Lower-case hexadecimal.
  func finish() throws(TraceError) -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    guard EVP_DigestFinal_ex(context, &digest, &length) == 1 else { throw Self.failure(path) }
    let digits = Array("0123456789abcdef".utf8)
    let text = digest[..<Int(length)].flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  private static func failure(_ path: String) -> TraceError {
    TraceError(.inputOutput, "libcrypto cannot compute this digest here", file: path)
  }
}
