import Diagnostics
import Tables
import TraceInput
import Workload

/// Where the values of one of our columns come from, ready to be read.
final class MappedSource {
  let quantity: MappedQuantity
  /// What messages call it.
  let label: String
  let alive: TableMapping.Alive?
  let above: Double?
  private let slots: [Int]
  private let constant: UnsafeRawBufferPointer?
  private let factor: Double?
  private let unitIsUsual: Bool
  private let letters: QuantityText.Letters
  private let words: [Word]
  private let other: UnsafeRawBufferPointer?
  private let missing: MissingWords?
  private let keys: [[UInt8]]
  private let match: Regex<AnyRegexOutput>?
  private let order: DateText.Order?
  private let sum: [MappedSource]
  private let times: [MappedSource]
  private let perNode: Int?
  private let perCore: Int?
  private let spans: [Int]
  /// The first that has a value counts, in place of a column.
  private let alternatives: [MappedSource]
  private let conditions: [MappedCondition]
  /// Whether its values stand in the columns as they are: nothing is put together.
  let isPlain: Bool
  /// The only slot, where a number of it is one of our quantity but for a factor; nil elsewhere.
  let plainSlot: Int?
  /// The factor of that slot's numbers.
  let plainFactor: Double
  /// Whether a date-time in the usual form will do in that slot.
  let takesDates: Bool
  /// Whether the value follows from the text of one slot, whatever its words mean.
  let isLabel: Bool

  /// One of their words and what it is called here.
  private struct Word {
    let pattern: TextPattern
    let meaning: UnsafeRawBufferPointer
  }

  /// - Parameters:
  ///   - column: ours.
  ///   - words: keeps the mapping's own words.
  ///   - slot: the slot of one of their columns.
  init(
    _ source: TableMapping.Source, of column: String, words arena: TextArena,
    _ slot: (String) -> Int
  ) {
    quantity = MappedQuantity(of: column)
    isJob = column == "job_id"
    slots = source.from.map(slot)
    label = source.from.first ?? (source.value == nil ? column : "value")
    constant = source.value.map { arena.copy($0.utf8) }
    let letters = source.unit.flatMap { UnitName.letters[$0] }
    self.letters = letters ?? .stated
    unitIsUsual = source.unitIsUsual
    factor =
      source.factor
      ?? source.unit.flatMap { unit in
        guard letters != nil else { return UnitName.factors(of: column)[unit] }
        // Slurm counts memory in MiB where no letter stands.
        if column.hasSuffix("_bytes") { return unit == "slurm" ? 1_048_576 : 1 }
        return column == "gpu_milli" ? 1000 : 1
      }
    // Whole words first, then those with a star, the longest first.
    words = source.values.sorted {
      let stars = ($0.key.contains("*"), $1.key.contains("*"))
      if stars.0 != stars.1 { return stars.1 }
      return ($1.key.utf8.count, $0.key) < ($0.key.utf8.count, $1.key)
    }.map { Word(pattern: TextPattern($0.key), meaning: arena.copy($0.value.utf8)) }
    other = source.other.map { arena.copy($0.utf8) }
    missing = source.missing.isEmpty ? nil : MissingWords(source.missing)
    keys = source.key.map { Array($0.utf8) }
    match = source.match.flatMap { try? Regex($0) }
    order = source.form.flatMap(DateText.Order.init)
    sum = source.sum.map { MappedSource($0, of: column, words: arena, slot) }
    times = source.times.map { MappedSource($0, of: "factor", words: arena, slot) }
    perNode = source.perNode.map(slot)
    perCore = source.perCore.map(slot)
    spans = source.spans.map(slot)
    alternatives = source.any.map { MappedSource($0, of: column, words: arena, slot) }
    conditions = source.conditions.map { MappedCondition($0, slot) }
    alive = source.alive
    above = source.above
    isPlain =
      source.sum.isEmpty && source.any.isEmpty && source.times.isEmpty && source.spans.isEmpty
      && source.key.isEmpty && source.match == nil
    isLabel =
      isPlain && source.from.count == 1 && source.value == nil && source.conditions.isEmpty
      && source.missing.isEmpty
    // Words that no number is do not matter to numbers.
    let leavesNumbers =
      source.other == nil
      && source.values.keys.allSatisfy { !$0.contains("*") && Double($0) == nil }
    var hasWord = false
    if case .word = quantity { hasWord = !source.values.isEmpty }
    plainSlot = isLabel && leavesNumbers && !hasWord ? slots[0] : nil
    plainFactor = factor ?? 1
    var isInstant = false
    if case .instant = quantity { isInstant = true }
    takesDates = isInstant && factor == nil && order == nil && source.values.isEmpty
  }

  /// The slot of the only column.
  var slot: Int { slots.first ?? 0 }

  /// What a number is multiplied with, where the file may declare a unit.
  private func scale(_ declared: DeclaredUnit?) -> Double {
    (unitIsUsual ? declared?.factor ?? factor : factor ?? declared?.factor) ?? 1
  }

  /// Whether it names jobs.
  private let isJob: Bool
  private var isName: Bool { if case .name = quantity { true } else { false } }

  /// Whether the entry of a list is taken as it stands, not added up.
  private var isWord: Bool {
    switch quantity {
    case .instant, .name, .word: true
    default: false
    }
  }

  // MARK: - Values

  /// The value as it stands in the row, with words replaced; nil where there is none.
  func value(_ row: MappedRow, _ context: MappedContext) -> CellValue? {
    raw(row, context)?.value
  }

  private func raw(
    _ row: MappedRow, _ context: MappedContext
  ) -> (value: CellValue, declared: DeclaredUnit?)? {
    for condition in conditions where !condition.holds(row) { return nil }
    if let constant { return (.text(constant), nil) }
    for alternative in alternatives {
      if let found = alternative.raw(row, context) { return found }
    }
    for slot in slots {
      guard var value = row.values[slot], !(missing?.contains(value) ?? false) else { continue }
      if isWord, !keys.isEmpty, case .text(let bytes) = value {
        var found: UnsafeRawBufferPointer?
        for key in keys { QuantityText.values(of: key, in: bytes) { found = found ?? $0 } }
        guard let found else { continue }
        value = .text(found)
      }
      if let match {
        let text = value.description
        guard let found = text.firstMatch(of: match) else { continue }
        let part = found.output.count > 1 ? found.output[1].substring : found.output[0].substring
        guard let part, !part.isEmpty else { continue }
        value = .text(context.arena.copy(part.utf8))
      }
      if !words.isEmpty || other != nil { value = meaning(of: value, context) }
      return (value, row.declared[slot])
    }
    return nil
  }

  private func meaning(of value: CellValue, _ context: MappedContext) -> CellValue {
    let bytes: UnsafeRawBufferPointer
    if case .text(let text) = value {
      bytes = text
    } else {
      bytes = context.arena.copy(value.description.utf8)
    }
    for word in words where word.pattern.matches(bytes) { return .text(word.meaning) }
    return other.map { .text($0) } ?? value
  }

  /// A quantity in our unit; nil where there is none.
  func number(_ row: MappedRow, _ context: MappedContext) throws(RowError) -> Double? {
    guard var number = try measured(row, context) else { return nil }
    for factor in times {
      guard let value = try factor.number(row, context) else { return nil }
      number *= value
    }
    return number
  }

  private func measured(_ row: MappedRow, _ context: MappedContext) throws(RowError) -> Double? {
    for alternative in alternatives {
      if let number = try alternative.number(row, context) { return number }
    }
    // Where none of them has a number, there is none: their texts are no numbers of this.
    if !alternatives.isEmpty { return nil }
    if !sum.isEmpty {
      var total: Double?
      for part in sum {
        if let value = try part.number(row, context) { total = (total ?? 0) + value }
      }
      return total
    }
    if spans.count == 2 { return try spanned(row, context) }
    guard let (value, declared) = raw(row, context) else { return nil }
    guard case .text(let bytes) = value else { return try scalar(value, declared, row, context) }
    if !keys.isEmpty {
      var parts: [UnsafeRawBufferPointer] = []
      for key in keys { QuantityText.values(of: key, in: bytes) { parts.append($0) } }
      return try total(parts, declared, row, context)
    }
    if bytes.first == UInt8(ascii: "[") {
      let parts = QuantityText.elements(bytes, separator: UInt8(ascii: ","))
      return try total(parts, declared, row, context)
    }
    return try scalar(value, declared, row, context)
  }

  /// The parts together; nil if there are none.
  private func total(
    _ parts: [UnsafeRawBufferPointer], _ declared: DeclaredUnit?, _ row: MappedRow,
    _ context: MappedContext
  ) throws(RowError) -> Double? {
    if parts.isEmpty { return nil }
    var total = 0.0
    for part in parts { total += try scalar(.text(part), declared, row, context) }
    return total
  }

  /// The time between starts and ends, where both are known; nil if that is nowhere.
  private func spanned(_ row: MappedRow, _ context: MappedContext) throws(RowError) -> Double? {
    func times(_ slot: Int) throws(RowError) -> [Int64?] {
      guard case .text(let bytes)? = row.values[slot] else { return [] }
      var times: [Int64?] = []
      for part in QuantityText.elements(bytes, separator: UInt8(ascii: ",")) {
        let isMissing = missing?.contains(.text(part)) ?? false
        times.append(isMissing ? nil : try instant(.text(part), nil, context))
      }
      return times
    }
    let (starts, ends) = (try times(spans[0]), try times(spans[1]))
    var total: Double?
    for (start, end) in zip(starts, ends) {
      guard let start, let end, end >= start else { continue }
      total = (total ?? 0) + Double(end - start)
    }
    return total
  }

  private func scalar(
    _ value: CellValue, _ declared: DeclaredUnit?, _ row: MappedRow, _ context: MappedContext
  ) throws(RowError) -> Double {
    let factor = scale(declared)
    switch value {
    case .integer(let integer): return Double(integer) * factor
    case .number(let number) where number.isFinite: return number * factor
    case .text(let bytes):
      if let number = plainNumber(bytes, context) { return number * factor }
      switch quantity {
      case .span:
        if let seconds = QuantityText.duration(bytes) { return seconds * 1e6 }
      case .size:
        if let size = QuantityText.size(bytes, letters) {
          return try size.value * count(size, row, context)
        }
        if letters == .stated, QuantityText.size(bytes, .binary) != nil {
          throw problem(
            "'\(shown(value))' may be of 1000 or 1024: unit: slurm, pbs or kubernetes says")
        }
      case .cores, .gpus:
        if letters == .kubernetes, let size = QuantityText.size(bytes, .kubernetes) {
          return size.value * factor
        }
      default: break
      }
      if bytes.first == UInt8(ascii: ">") || bytes.first == UInt8(ascii: "<") {
        throw problem(
          "'\(shown(value))' is a bound: values: {\"\(shown(value))\": …} says a number")
      }
    case .number, .flag: break
    }
    throw problem("'\(shown(value))' is not \(expected)")
  }

  private var expected: String {
    switch quantity {
    case .span: factor == nil ? "a number or a length of time" : "a number"
    case .size: "a number or a size"
    default: "a number"
    }
  }

  private func count(
    _ size: QuantityText.Size, _ row: MappedRow, _ context: MappedContext
  ) throws(RowError) -> Double {
    guard size.isPerNode || size.isPerCore else { return 1 }
    let (slot, key) = size.isPerNode ? (perNode, "per_node") : (perCore, "per_core")
    guard let slot else {
      throw problem("is an amount \(key): \(key): names the column that counts")
    }
    guard let value = row.values[slot] else { return 1 }
    switch value {
    case .integer(let integer): return Double(integer)
    case .number(let number): return number
    case .text(let bytes):
      if let number = plainNumber(bytes, context) { return number }
    case .flag: break
    }
    throw problem("is an amount \(key), and '\(shown(value))' is not a number")
  }

  private func plainNumber(
    _ bytes: UnsafeRawBufferPointer, _ context: MappedContext
  ) -> Double? {
    guard context.hasDecimalCommas, bytes.contains(UInt8(ascii: ",")) else {
      return parseNumber(bytes)
    }
    return parseNumber(
      context.arena.copy(bytes.map { $0 == UInt8(ascii: ",") ? UInt8(ascii: ".") : $0 }))
  }

  // MARK: - Integers

  /// A whole number in our unit, a name's number where that is what is asked for.
  func integer(_ row: MappedRow, _ context: MappedContext) throws(RowError) -> Int64? {
    if let plainSlot, case .text(let bytes)? = row.values[plainSlot], !isName {
      if takesDates, let time = context.fixedTime(bytes) { return time }
      if let whole = Int64(exactly: plainFactor), let integer = parseInteger(bytes) {
        return try product(integer, whole)
      }
    }
    for alternative in alternatives {
      if let integer = try alternative.integer(row, context) { return integer }
    }
    if !alternatives.isEmpty { return nil }
    if sum.isEmpty, times.isEmpty, spans.isEmpty, keys.isEmpty || isWord {
      guard let (value, declared) = raw(row, context) else { return nil }
      switch quantity {
      case .instant(let takesLatest):
        // What a file declares to be a point in time is one, as a text would be.
        if declared != nil { context.noteDates() }
        if case .text(let bytes) = value, bytes.first == UInt8(ascii: "[") {
          return try extreme(bytes, takesLatest, declared, context)
        }
        return try instant(value, declared, context)
      case .name: return try identifier(value, context)
      default: break
      }
      let factor = scale(declared)
      if let whole = Int64(exactly: factor), let integer = wholeNumber(value) {
        return try product(integer, whole)
      }
    }
    guard let number = try number(row, context) else { return nil }
    if case .plain = quantity, number != number.rounded() {
      throw problem("\(decimal(number)) is no whole number")
    }
    guard let integer = Int64(exactly: number.rounded()) else {
      throw problem("\(decimal(number)) is out of range")
    }
    return integer
  }

  /// A name's number: its own where it is one, written as numbers are; never by way of floating point.
  private func identifier(
    _ value: CellValue, _ context: MappedContext
  ) throws(RowError) -> Int64 {
    switch value {
    case .integer(let integer): return integer
    case .number(let number):
      guard let whole = RecordColumn.integer(number) else {
        throw problem("\(decimal(number)) is no whole number, or its last digits are lost")
      }
      return whole
    case .text(let bytes):
      if isJob { return context.job(bytes) }
      if let number = context.names.identifier(bytes) { return number }
      throw problem("'\(shown(value))' has the number of another name")
    case .flag: throw problem("'\(shown(value))' is no integer")
    }
  }

  private func wholeNumber(_ value: CellValue) -> Int64? {
    switch value {
    case .integer(let integer): integer
    case .text(let bytes): parseInteger(bytes)
    default: nil
    }
  }

  private func product(_ integer: Int64, _ factor: Int64) throws(RowError) -> Int64 {
    let (product, overflow) = integer.multipliedReportingOverflow(by: factor)
    if overflow { throw problem("\(integer) is out of range") }
    return product
  }

  private func extreme(
    _ bytes: UnsafeRawBufferPointer, _ takesLatest: Bool, _ declared: DeclaredUnit?,
    _ context: MappedContext
  ) throws(RowError) -> Int64? {
    var extreme: Int64?
    for part in QuantityText.elements(bytes, separator: UInt8(ascii: ",")) {
      guard !(missing?.contains(.text(part)) ?? false) else { continue }
      let time = try instant(.text(part), declared, context)
      extreme = extreme.map { takesLatest ? max($0, time) : min($0, time) } ?? time
    }
    return extreme
  }

  /// A point in time in µs: a number, or a date-time; what a clock somewhere showed is of the mapping's zone.
  private func instant(
    _ value: CellValue, _ declared: DeclaredUnit?, _ context: MappedContext
  ) throws(RowError) -> Int64 {
    let time = try counted(value, declared, context)
    return declared?.isLocal == true ? context.time(local: time) : time
  }

  private func counted(
    _ value: CellValue, _ declared: DeclaredUnit?, _ context: MappedContext
  ) throws(RowError) -> Int64 {
    let scale = scale(declared)
    if let whole = Int64(exactly: scale), let integer = wholeNumber(value) {
      return try product(integer, whole)
    }
    var number: Double?
    switch value {
    case .integer(let integer): number = Double(integer)
    case .number(let value) where value.isFinite: number = value
    case .text(let bytes):
      number = plainNumber(bytes, context)
      if number == nil {
        guard factor == nil else {
          let isDate = (try? DateText(bytes, order)) != nil
          throw problem(
            "'\(shown(value))' is not a number"
              + (isDate ? " but a date-time, which has no unit" : ""))
        }
        do throws(DateText.Failure) {
          return context.time(of: try DateText(bytes, order))
        } catch {
          throw problem("'\(shown(value))' is no date-time: \(error.reason)")
        }
      }
    default: break
    }
    guard let number else { throw problem("'\(shown(value))' is not a time") }
    guard let time = Int64(exactly: (number * scale).rounded()) else {
      throw problem("\(shown(value)) is out of range")
    }
    return time
  }

  // MARK: - Words

  /// Whether a flag is set.
  func truth(_ row: MappedRow, _ context: MappedContext) throws(RowError) -> Bool? {
    if let above { return try number(row, context).map { $0 > above } }
    guard let value = value(row, context) else { return nil }
    switch value {
    case .flag(let flag): return flag
    case .integer(let integer): return integer != 0
    default: break
    }
    switch value.description.lowercased() {
    case "true", "1", "yes": return true
    case "false", "0", "no": return false
    default: throw problem("'\(shown(value))' is neither true nor false")
    }
  }

  private func shown(_ value: CellValue) -> String { String(value.description.prefix(40)) }

  /// What a value that cannot be read throws.
  func problem(_ what: String) -> RowError {
    RowError(column: slots.first, message: "\(label) \(what)", reason: "bad \(label)")
  }
}

extension TableMapping.Alive {
  /// Whether a time lies outside the trace; `value` is in our unit, as the limits are made to be.
  func holds(_ value: Int64?, factor: Double) -> Bool {
    guard let value else { return empty }
    let number = Double(value)
    if let atMost, number <= atMost * factor { return true }
    if let below, number < below * factor { return true }
    if let atLeast, number >= atLeast * factor { return true }
    return false
  }
}
