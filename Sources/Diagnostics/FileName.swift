import Foundation

/// File names as the system has them: bytes, which need not be UTF-8.
///
/// A name is carried as a `String` that gives the bytes back exactly. Each byte that is no UTF-8 (a
/// name in Latin-1 or GBK) stands as the private-use scalar U+EF00 plus its value, as in MirBSD's
/// OPTU-8; where a name has those scalars itself, their bytes stand so. Messages print such a byte as
/// `\xE9`.
public enum FileName {
  private static let stand: ClosedRange<UInt32> = 0xef80...0xefff

  /// The name that these bytes are. O(bytes).
  public static func text(_ bytes: some Collection<UInt8>) -> String {
    let bytes = Array(bytes)
    if !bytes.contains(0xee), let whole = String(validating: bytes, as: UTF8.self) { return whole }
    if let whole = String(validating: bytes, as: UTF8.self),
      !whole.unicodeScalars.contains(where: { stand.contains($0.value) })
    {
      return whole
    }
    var text = ""
    var place = 0
    while place < bytes.count {
      let length = min(scalarLength(bytes[place]), bytes.count - place)
      if let scalar = String(validating: bytes[place..<place + length], as: UTF8.self)?
        .unicodeScalars.first, !stand.contains(scalar.value)
      {
        text.unicodeScalars.append(scalar)
        place += length
      } else {
        text.unicodeScalars.append(standIn(bytes[place]))
        place += 1
      }
    }
    return text
  }

  /// The name that ends at the first NUL.
  public static func text(_ name: UnsafePointer<CChar>) -> String {
    text(
      UnsafeRawBufferPointer(start: name, count: strlen(name)))
  }

  /// The bytes of a name, with a NUL behind them.
  package static func bytes(_ text: String) -> [CChar] {
    guard text.unicodeScalars.contains(where: { stand.contains($0.value) }) else {
      return Array(text.utf8CString)
    }
    var bytes: [CChar] = []
    for scalar in text.unicodeScalars {
      if stand.contains(scalar.value) {
        bytes.append(CChar(bitPattern: UInt8(scalar.value - 0xef00)))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar)!.map { CChar(bitPattern: $0) })
      }
    }
    return bytes + [0]
  }

  /// `text` with each byte that is no UTF-8 as `\xE9`, for people.
  public static func printed(_ text: String) -> String {
    guard text.utf8.contains(0xee),
      text.unicodeScalars.contains(where: { stand.contains($0.value) })
    else { return text }
    return text.unicodeScalars.reduce(into: "") { printed, scalar in
      printed +=
        stand.contains(scalar.value)
        ? "\\x" + String(scalar.value - 0xef00, radix: 16, uppercase: true) : String(scalar)
    }
  }

  /// What stands behind the last slash.
  package static func last(_ path: String) -> String {
    String(path.unicodeScalars.suffix(while: { $0 != "/" }))
  }

  /// What stands before the last slash; empty where there is none.
  package static func parent(_ path: String) -> String {
    guard let slash = path.unicodeScalars.lastIndex(of: "/") else { return "" }
    return String(path.unicodeScalars[..<slash])
  }

  /// The names in a folder, in order; nil if it cannot be listed.
  package static func list(_ folder: String) -> [String]? {
    guard let handle = opendir(bytes(folder)) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
          text($0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func standIn(_ byte: UInt8) -> Unicode.Scalar {
    Unicode.Scalar(0xef00 + UInt32(byte)) ?? "\u{fffd}"
  }

  private static func scalarLength(_ first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  }
}

extension BidirectionalCollection {
  /// The longest suffix all of whose elements satisfy `predicate`.
  fileprivate func suffix(while predicate: (Element) -> Bool) -> SubSequence {
    var start = endIndex
    while start > startIndex {
      let before = index(before: start)
      guard predicate(self[before]) else { break }
      start = before
    }
    return self[start...]
  }
}

/// What the system says of a path, links followed.
package struct FileStatus {
  package enum Kind {
    case file, folder, special, dangling, absent
  }

  package let kind: Kind
  /// Which file it is, by whatever name.
  package let identity: Identity
  /// In bytes.
  package let size: Int

  package struct Identity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  package init(_ path: String) {
    let name = FileName.bytes(path)
    var status = stat()
    guard stat(name, &status) == 0 else {
      var link = stat()
      kind = lstat(name, &link) == 0 && link.st_mode & S_IFMT == S_IFLNK ? .dangling : .absent
      (identity, size) = (Identity(device: 0, number: 0), 0)
      return
    }
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      default: .special
      }
    identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    size = Int(status.st_size)
  }

  /// Where a link leads, by its own words.
  package static func target(_ link: String) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes {
      readlink(FileName.bytes(link), $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return count > 0 ? FileName.text(buffer[..<count]) : ""
  }
}
