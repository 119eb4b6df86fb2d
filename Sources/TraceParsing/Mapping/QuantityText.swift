import Diagnostics
import Tables
import TraceInput

/// Amounts as schedulers and clusters write them: lengths of time, sizes, resource lists.
enum QuantityText {
  /// A length of time in seconds: `3:05`, `12:00:00`, `1-02:03:04`, `1-02`, `1 days 02:03:04.5`,
  /// `PT3H`, `P1DT2H`, `1h30m`; nil for anything else.
  static func duration(_ bytes: UnsafeRawBufferPointer) -> Double? {
    if let first = bytes.first, first == UInt8(ascii: "P") || first == UInt8(ascii: "p") {
      return iso(bytes)
    }
    if !bytes.contains(UInt8(ascii: ":")), !bytes.dropFirst().contains(UInt8(ascii: "-")) {
      return units(bytes)
    }
    var text = bytes[...]
    var days = 0.0
    if let dash = text.firstIndex(of: UInt8(ascii: "-")) {
      guard let value = number(text[..<dash]) else { return nil }
      days = value
      text = text[(dash + 1)...]
      // Behind days there are hours first: d-hh, d-hh:mm, d-hh:mm:ss.
      var parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        .map { number($0) }
      guard parts.count <= 3 else { return nil }
      while parts.count < 3 { parts.append(0) }
      guard let hours = parts[0], let minutes = parts[1], let seconds = parts[2] else { return nil }
      return days * 86400 + hours * 3600 + minutes * 60 + seconds
    }
    if let blank = text.firstIndex(of: 0x20) {
      let rest = text[(blank + 1)...]
      guard let value = number(text[..<blank]),
        let end = rest.firstIndex(of: 0x20),
        rest[..<end].elementsEqual("days".utf8) || rest[..<end].elementsEqual("day".utf8)
      else { return nil }
      days = value
      text = rest[(end + 1)...]
    }
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      .map { number($0) }
    guard (2...3).contains(parts.count) else { return nil }
    var seconds = 0.0
    for part in parts {
      guard let part else { return nil }
      seconds = seconds * 60 + part
    }
    return days * 86400 + seconds
  }

  /// What a slice spells without a sign.
  private static func number(_ slice: Slice<UnsafeRawBufferPointer>) -> Double? {
    guard let first = slice.first, first &- 0x30 < 10 else { return nil }
    return parseNumber(UnsafeRawBufferPointer(rebasing: slice))
  }

  /// `P1DT2H3M4.5S`.
  private static func iso(_ bytes: UnsafeRawBufferPointer) -> Double? {
    var (seconds, start, isTime, found) = (0.0, 1, false, false)
    for place in 1..<max(1, bytes.count) {
      let byte = bytes[place]
      if byte == UInt8(ascii: "T"), place == start {
        (isTime, start) = (true, place + 1)
        continue
      }
      guard (0x41...0x5a).contains(byte) else { continue }
      let scale: Double? =
        switch (byte, isTime) {
        case (UInt8(ascii: "W"), false): 604_800
        case (UInt8(ascii: "D"), false): 86400
        case (UInt8(ascii: "H"), true): 3600
        case (UInt8(ascii: "M"), true): 60
        case (UInt8(ascii: "S"), true): 1
        default: nil
        }
      guard let scale, let value = number(bytes[start..<place]) else { return nil }
      seconds += value * scale
      (start, found) = (place + 1, true)
    }
    return found && start == bytes.count ? seconds : nil
  }

  /// `1h30m`, `90s`, `250ms`.
  private static func units(_ bytes: UnsafeRawBufferPointer) -> Double? {
    var (seconds, place) = (0.0, 0)
    while place < bytes.count {
      let start = place
      while place < bytes.count, bytes[place] &- 0x30 < 10 || bytes[place] == 0x2e { place += 1 }
      let unit = place
      while place < bytes.count, (0x61...0x7a).contains(bytes[place]) { place += 1 }
      let scale: Double? =
        switch String(decoding: bytes[unit..<place], as: UTF8.self) {
        case "us": 1e-6
        case "ms": 1e-3
        case "s": 1
        case "m", "min": 60
        case "h": 3600
        case "d": 86400
        default: nil
        }
      guard let scale, let value = number(bytes[start..<unit]) else { return nil }
      seconds += value * scale
    }
    return bytes.isEmpty ? nil : seconds
  }

  // MARK: - Sizes

  /// How the letters of a size are meant.
  enum Letters: Sendable {
    /// `Ki`, `KiB` are powers of 1,024, `kB` and `MB` of 1,000; `K`, `M`, `G` alone say nothing.
    case stated
    /// Slurm's and PBS's: powers of 1,024, with and without a `B`.
    case binary
    /// Kubernetes': `Ki`, `Mi` powers of 1,024, `k`, `M`, `G` of 1,000, `m` thousandths.
    case kubernetes
  }

  /// An amount and what it is for, as in Slurm's `16Gn` and `4000Mc`.
  struct Size {
    var value: Double
    var isPerNode = false
    var isPerCore = false
  }

  /// A size in bytes or, of Kubernetes, any amount; nil for what is none.
  static func size(_ bytes: UnsafeRawBufferPointer, _ letters: Letters) -> Size? {
    var end = bytes.count
    var size = Size(value: 0)
    if letters == .binary, end > 0 {
      if bytes[end - 1] == UInt8(ascii: "n") { (size.isPerNode, end) = (true, end - 1) }
      if end > 0, bytes[end - 1] == UInt8(ascii: "c") { (size.isPerCore, end) = (true, end - 1) }
    }
    var unit = end
    while unit > 0, (0x61...0x7a).contains(bytes[unit - 1] | 0x20) { unit -= 1 }
    // 1e3 and 12E: the letter of an exponent has digits behind it.
    guard let number = parseNumber(UnsafeRawBufferPointer(rebasing: bytes[..<unit])),
      let scale = scale(String(decoding: bytes[unit..<end], as: UTF8.self), letters)
    else { return nil }
    size.value = number * scale
    return size
  }

  private static func scale(_ unit: String, _ letters: Letters) -> Double? {
    if unit.isEmpty { return 1 }
    if letters == .kubernetes, let small = ["m": 1e-3, "u": 1e-6, "n": 1e-9][unit] { return small }
    let prefixes = "kmgtpe"
    var word = unit.lowercased()
    let hadB = word.hasSuffix("b")
    if hadB { word.removeLast() }
    if word.isEmpty { return 1 }
    let isBinary = word.hasSuffix("i")
    if isBinary { word.removeLast() }
    guard word.count == 1, let letter = word.first, let place = prefixes.firstIndex(of: letter)
    else { return nil }
    let power = prefixes.distance(from: prefixes.startIndex, to: place) + 1
    let base: Double
    switch letters {
    case .binary: base = 1024
    case .kubernetes: base = isBinary ? 1024 : 1000
    case .stated:
      guard isBinary || hadB else { return nil }
      base = isBinary ? 1024 : 1000
    }
    return (0..<power).reduce(1) { product, _ in product * base }
  }

  // MARK: - Lists

  /// The value of `key` in `cpu=4,mem=8G,gres/gpu:a100=2`: of the key itself where it is there, else
  /// of all `key:…` together, each handed to `body`. Pairs are separated by commas, or by blanks
  /// where there are any; blanks around a comma and at the ends mean nothing.
  static func values(
    of key: [UInt8], in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    let comma = UInt8(ascii: ",")
    let pairs: [Slice<UnsafeRawBufferPointer>]
    let byCommas = bytes.split(separator: comma).map(trimmed)
    if byCommas.contains(where: { $0.contains(0x20) }) {
      pairs = bytes.split(separator: 0x20)
    } else {
      pairs = byCommas
    }
    var kinds: [Slice<UnsafeRawBufferPointer>] = []
    for pair in pairs {
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let (name, value) = (pair[..<equals], pair[(equals + 1)...])
      if name.elementsEqual(key) {
        return body(UnsafeRawBufferPointer(rebasing: value))
      }
      if name.count > key.count, name.starts(with: key),
        name[name.startIndex + key.count] == UInt8(ascii: ":")
      {
        kinds.append(value)
      }
    }
    for value in kinds { body(UnsafeRawBufferPointer(rebasing: value)) }
  }

  private static func trimmed(
    _ text: Slice<UnsafeRawBufferPointer>
  ) -> Slice<UnsafeRawBufferPointer> {
    var text = text
    while text.first == 0x20 { text = text.dropFirst() }
    while text.last == 0x20 { text = text.dropLast() }
    return text
  }

  /// The elements of a list: JSON's or Python's `['a', 'b']`, or what `separator` separates.
  static func elements(
    _ bytes: UnsafeRawBufferPointer, separator: UInt8
  ) -> [UnsafeRawBufferPointer] {
    var text = bytes[...]
    let isBracketed = text.first == UInt8(ascii: "[") && text.last == UInt8(ascii: "]")
    if isBracketed { text = text.dropFirst().dropLast() }
    return text.split(separator: isBracketed ? UInt8(ascii: ",") : separator).compactMap { part in
      var part = part
      while let byte = part.first, byte == 0x20 || byte == 0x22 || byte == 0x27 {
        part = part.dropFirst()
      }
      while let byte = part.last, byte == 0x20 || byte == 0x22 || byte == 0x27 {
        part = part.dropLast()
      }
      return part.isEmpty || part.elementsEqual("null".utf8)
        ? nil : UnsafeRawBufferPointer(rebasing: part)
    }
  }
}
