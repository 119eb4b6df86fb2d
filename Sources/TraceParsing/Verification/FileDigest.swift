import CCrypto

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
    guard let context = EVP_MD_CTX_new() else { throw Self.failure(path) }
    defer { EVP_MD_CTX_free(context) }
    let algorithm =
      switch self {
      case .sha256: EVP_sha256()
      case .sha1: EVP_sha1()
      case .md5: EVP_md5()
      }
    guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else { throw Self.failure(path) }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { block.deallocate() }
    while true {
      let count = try stream.read(into: block)
      if count == 0 { break }
      guard EVP_DigestUpdate(context, block.baseAddress, count) == 1 else {
        throw Self.failure(path)
      }
    }
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
