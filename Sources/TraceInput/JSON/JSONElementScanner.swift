import Diagnostics

/// Finds the objects of a JSON text, one after another, without parsing them: brackets and strings
/// are all that is looked at.
///
/// A text may be several lists or documents, one behind the other: their objects are read as if they were one's.
/// Anything else behind a list's end is an error.
final class JSONElementScanner {
  /// An object's text, the line where it begins, and its key where it is a member.
  struct Element {
    let text: UnsafeRawBufferPointer
    let line: Int
    let key: UnsafeRawBufferPointer
  }

  private enum State {
    /// Nothing was read.
    case start
    /// Objects one behind the other, mostly a line each.
    case sequence
    /// In the list; whether an element must follow, as behind a comma.
    case list(isFirst: Bool)
    /// In the object whose members are the rows.
    case members(isFirst: Bool)
    case ended
  }

  private let stream: any ByteStream
  private let steps: [[UInt8]]
  private let takesMembers: Bool
  private let padding: Int
  private let isBeginning: Bool
  private var state = State.start
  /// Whether the way to the objects was found.
  private(set) var isInList = false
  private var buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  private var line = 1
  private var key: [UInt8] = []
  private var keyMemory = TextArena()
  /// The first line of what could not be read.
  private var rejected = ""

  /// A longer object is no trace's row.
  private static let maximumBytes = 1 << 26

  init(_ stream: any ByteStream, path: String, padding: Int, isBeginning: Bool) {
    self.stream = stream
    self.padding = padding
    self.isBeginning = isBeginning
    var steps = path.split(separator: ".").map { Array($0.utf8) }
    takesMembers = steps.last == [UInt8(ascii: "*")]
    if takesMembers { steps.removeLast() }
    self.steps = steps
    buffer = .allocate(byteCount: 1 << 18, alignment: 64)
  }

  deinit { buffer.deallocate() }

  /// The next object; nil at the end. Its text is valid until the next call.
  func next() throws(TraceError) -> Element? {
    if case .start = state { try begin() }
    switch state {
    case .sequence:
      guard try skipBlanks() != nil else {
        state = .ended
        return nil
      }
      return try element()
    case .list(let isFirst):
      guard try separator(isFirst, closing: UInt8(ascii: "]")) else { return try afterList() }
      state = .list(isFirst: false)
      return try element()
    case .members(let isFirst):
      guard try separator(isFirst, closing: UInt8(ascii: "}")) else { return try afterList() }
      state = .members(isFirst: false)
      key = try string()
      keyMemory.reset()
      try expect(UInt8(ascii: ":"))
      _ = try skipBlanks()
      return try element()
    case .start, .ended: return nil
    }
  }

  /// After an error: goes on behind the line; returns what could not be read.
  func recover() -> String {
    guard case .sequence = state else { return rejected }
    var rest: [UInt8] = []
    while let byte = try? peek(), byte != 0x0a {
      if rest.count < 1 << 16 { rest.append(byte) }
      advance(1)
    }
    return rejected + String(decoding: rest, as: UTF8.self)
  }

  // MARK: - The way to the list

  /// What comes behind the end of the list: the rest of its document, and perhaps another document.
  private func afterList() throws(TraceError) -> Element? {
    state = .ended
    // Where only the beginning of a text is there, it may end anywhere.
    if isBeginning { return nil }
    for step in steps.reversed() {
      while try separator(false, closing: UInt8(ascii: "}")) {
        let key = try string()
        try expect(UInt8(ascii: ":"))
        guard key != step else {
          throw malformed("the document has '\(String(decoding: step, as: UTF8.self))' twice")
        }
        try skipValue()
      }
    }
    guard let next = try skipBlanks() else { return nil }
    let opening = UInt8(ascii: steps.isEmpty && !takesMembers ? "[" : "{")
    guard next == opening else {
      let what = opening == UInt8(ascii: "[") ? "list" : "document"
      throw malformed("behind the end of the \(what) stands what is no other \(what)")
    }
    try begin()
    return try self.next()
  }

  private func begin() throws(TraceError) {
    guard let first = try skipBlanks() else {
      state = .ended
      return
    }
    if steps.isEmpty, !takesMembers {
      if first == UInt8(ascii: "[") {
        advance(1)
        state = .list(isFirst: true)
      } else {
        state = .sequence
      }
      isInList = true
      return
    }
    for step in steps { try enter(step) }
    let opening = takesMembers ? UInt8(ascii: "{") : UInt8(ascii: "[")
    guard try skipBlanks() == opening else {
      throw malformed(
        "expected \(takesMembers ? "an object" : "a list") under "
          + "'\(String(decoding: Array(steps.joined(separator: [0x2e])), as: UTF8.self))'")
    }
    advance(1)
    isInList = true
    state = takesMembers ? .members(isFirst: true) : .list(isFirst: true)
  }

  /// Goes into the member `name` of the object that comes next.
  private func enter(_ name: [UInt8]) throws(TraceError) {
    guard try skipBlanks() == UInt8(ascii: "{") else {
      throw malformed("expected an object with '\(String(decoding: name, as: UTF8.self))'")
    }
    advance(1)
    var isFirst = true
    while try separator(isFirst, closing: UInt8(ascii: "}"), ends: false) {
      isFirst = false
      let key = try string()
      try expect(UInt8(ascii: ":"))
      if key == name { return }
      try skipValue()
    }
    throw malformed("the document has no '\(String(decoding: name, as: UTF8.self))'")
  }

  /// Whether another element comes; false behind the closing bracket.
  private func separator(
    _ isFirst: Bool, closing: UInt8, ends: Bool = true
  ) throws(TraceError) -> Bool {
    guard let byte = try skipBlanks() else {
      if isBeginning {
        state = .ended
        return false
      }
      throw malformed(
        "the text ends within the \(closing == UInt8(ascii: "]") ? "list" : "object")")
    }
    if byte == closing {
      advance(1)
      if ends { state = .ended }
      return false
    }
    if isFirst { return true }
    guard byte == UInt8(ascii: ",") else { throw malformed("expected a comma between elements") }
    advance(1)
    _ = try skipBlanks()
    return true
  }

  // MARK: - Values

  /// The text of the value that comes next.
  private func element() throws(TraceError) -> Element? {
    let first = line
    rejected = ""
    var depth = 0
    var isString = false
    var isEscaped = false
    var place = start
    while true {
      while place < end {
        let byte = buffer[place]
        place += 1
        if isEscaped {
          isEscaped = false
        } else if isString {
          if byte == UInt8(ascii: "\\") { isEscaped = true }
          if byte == UInt8(ascii: "\"") { isString = false }
        } else {
          switch byte {
          case UInt8(ascii: "\""): isString = true
          case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
          case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
          case 0x0a:
            // In a sequence a line that is no whole object must not take the next ones with it.
            if case .sequence = state, depth == 0 { return finish(place - 1, first) }
          case UInt8(ascii: ","):
            if depth == 0 { return finish(place - 1, first) }
          default: break
          }
          if depth < 0 { return finish(place - 1, first) }
          if depth == 0, byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
            return finish(place, first)
          }
        }
      }
      let offset = place - start
      guard offset <= Self.maximumBytes else {
        throw malformed("the object is longer than 64 MiB: this is no trace table")
      }
      if try !fill() {
        if isBeginning {
          state = .ended
          return nil
        }
        guard depth == 0, !isString else {
          let text = malformed("the text ends within an object")
          rejected = String(decoding: buffer[start..<end].prefix(1 << 16), as: UTF8.self)
          start = end
          state = .ended
          throw text
        }
        return finish(end, first)
      }
      place = start + offset
    }
  }

  private func finish(_ place: Int, _ first: Int) -> Element {
    let text = UnsafeRawBufferPointer(rebasing: buffer[start..<place])
    rejected = String(decoding: text.prefix(200), as: UTF8.self)
    for byte in text where byte == 0x0a { line += 1 }
    start = place
    return Element(text: text, line: first, key: keyMemory.copy(key))
  }

  /// Passes over a value of any length.
  private func skipValue() throws(TraceError) {
    guard let first = try skipBlanks() else { throw malformed("the text ends within an object") }
    if first == UInt8(ascii: "\"") {
      _ = try string()
      return
    }
    var depth = 0
    while let byte = try peek() {
      switch byte {
      case UInt8(ascii: "\""):
        _ = try string()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return }
        depth -= 1
        if depth == 0 {
          advance(1)
          return
        }
      case UInt8(ascii: ","):
        if depth == 0 { return }
      default: break
      }
      advance(1)
    }
    throw malformed("the text ends within an object")
  }

  /// A string's bytes between the quotes, as they are.
  private func string() throws(TraceError) -> [UInt8] {
    guard try skipBlanks() == UInt8(ascii: "\"") else {
      throw malformed("expected a key in quotes")
    }
    advance(1)
    var bytes: [UInt8] = []
    while let byte = try peek() {
      advance(1)
      if byte == UInt8(ascii: "\"") { return bytes }
      bytes.append(byte)
      if byte == UInt8(ascii: "\\"), let escaped = try peek() {
        bytes.append(escaped)
        advance(1)
      }
      guard bytes.count <= Self.maximumBytes else { break }
    }
    throw malformed("the text ends within a string")
  }

  // MARK: - Bytes

  private func expect(_ byte: UInt8) throws(TraceError) {
    guard try skipBlanks() == byte else {
      throw malformed("expected '\(Character(Unicode.Scalar(byte)))'")
    }
    advance(1)
  }

  private func advance(_ count: Int) {
    for place in start..<start + count where buffer[place] == 0x0a { line += 1 }
    start += count
  }

  private func peek() throws(TraceError) -> UInt8? {
    if start == end, try !fill() { return nil }
    return buffer[start]
  }

  /// The next byte that is no blank; nil at the end.
  private func skipBlanks() throws(TraceError) -> UInt8? {
    while let byte = try peek() {
      guard [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].contains(byte) else { return byte }
      advance(1)
    }
    return nil
  }

  /// Adds bytes behind those that were not taken; false at the end.
  private func fill() throws(TraceError) -> Bool {
    if isAtEnd { return false }
    let left = end - start
    var target = buffer
    if left + padding >= buffer.count / 2 {
      target = .allocate(byteCount: buffer.count * 2, alignment: 64)
    }
    if left > 0 {
      target.baseAddress?.copyMemory(from: buffer.baseAddress! + start, byteCount: left)
    }
    if target.baseAddress != buffer.baseAddress {
      buffer.deallocate()
      buffer = target
    }
    (start, end) = (0, left)
    let count = try stream.read(
      into: UnsafeMutableRawBufferPointer(rebasing: buffer[left..<(buffer.count - padding)]))
    if count == 0 {
      isAtEnd = true
      return false
    }
    end += count
    return true
  }

  /// Where lines do not part objects, nothing behind an error can be told apart.
  private func malformed(_ what: String) -> TraceError {
    if case .sequence = state {} else { state = .ended }
    return TraceError(.malformedRow, what, file: stream.name, line: line)
  }
}
