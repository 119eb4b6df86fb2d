/// The delta encodings of strings: lengths, and if need be shared prefixes, packed as integers
/// before the bytes of all strings.
/// https://parquet.apache.org/docs/file-format/data-pages/encodings/
enum DeltaStrings {
  /// Decodes DELTA_LENGTH_BYTE_ARRAY: replaces the content of `table` by the page's strings, of
  /// which there are at most `rows`. Empty ones cost nothing in a page: past `limit` bytes for all of
  /// them it is refused.
  static func decodeLengths(
    _ page: UnsafeRawBufferPointer, _ rows: Int, limit: Int, to table: inout ParquetStringTable
  ) throws(ParquetError) {
    var cursor = ByteCursor(page)
    let lengths = try integers(&cursor, rows, limit)
    table.removeAll()
    for length in lengths { table.append(bytes: try cursor.take(Int(length))) }
  }

  /// Decodes DELTA_BYTE_ARRAY likewise. Prefixes let a small page stand for many bytes: past
  /// `limit` it is refused.
  static func decodePrefixes(
    _ page: UnsafeRawBufferPointer, _ rows: Int, limit: Int, to table: inout ParquetStringTable
  ) throws(ParquetError) {
    var cursor = ByteCursor(page)
    let prefixes = try integers(&cursor, rows, limit)
    let lengths = try integers(&cursor, rows, limit)
    guard prefixes.count == lengths.count else {
      throw ParquetError(.corrupt, "\(prefixes.count) prefixes for \(lengths.count) strings")
    }
    table.removeAll()
    var last: [UInt8] = []
    var size = 0
    for (prefix, length) in zip(prefixes, lengths) {
      guard prefix >= 0, prefix <= last.count else {
        throw ParquetError(.corrupt, "a prefix of \(prefix) bytes of a string of \(last.count)")
      }
      last.removeSubrange(Int(prefix)...)
      last.append(contentsOf: try cursor.take(Int(length)))
      size += last.count
      guard size <= limit else {
        throw ParquetError(.limitExceeded, "a page's strings are above the limit of \(limit) bytes")
      }
      last.withUnsafeBytes { _ = table.append(bytes: $0) }
    }
  }

  /// What a string takes that has no bytes of its own: its length and where it ends.
  private static let bytesPerString = 16

  /// The delta-packed integers at the cursor, which then stands behind them. Their number is
  /// bounded by the page's rows, not only by what they claim, since zero bits hold any number.
  private static func integers(
    _ cursor: inout ByteCursor, _ rows: Int, _ limit: Int
  ) throws(ParquetError) -> [Int32] {
    let rest = UnsafeRawBufferPointer(rebasing: cursor.bytes[cursor.position...])
    var decoder = try DeltaDecoder(rest)
    let count = decoder.remaining
    guard count <= rows else {
      throw ParquetError(.corrupt, "\(count) strings in a page of \(rows) rows")
    }
    guard count <= limit / bytesPerString else {
      throw ParquetError(
        .limitExceeded, "a page of \(count) strings is above the limit of \(limit) bytes")
    }
    var values: [Int32] = []
    while values.count < count {
      let start = values.count
      let batch = min(4096, count - start)
      values.append(contentsOf: repeatElement(0, count: batch))
      var failure: ParquetError?
      values.withUnsafeMutableBufferPointer { out in
        do throws(ParquetError) {
          try decoder.decode(batch, to: out.baseAddress! + start)
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
    }
    _ = try cursor.take(decoder.end)
    return values
  }
}

/// BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on.
enum ByteStreamSplit {
  /// Replaces the content of `out` by the values of `page` as PLAIN; bytes that make no whole value
  /// are dropped, so that too few values are noticed where they are read.
  static func decode(_ page: UnsafeRawBufferPointer, width: Int, to out: inout ByteBuffer) {
    let count = page.count / width
    out.count = 0
    out.reserve(count * width)
    out.count = count * width
    for byte in 0..<width {
      for index in 0..<count {
        out.base.storeBytes(
          of: page[byte * count + index], toByteOffset: index * width + byte, as: UInt8.self)
      }
    }
  }
}
