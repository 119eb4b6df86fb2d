import Foundation

/// A value in a cell of a table of SQLite.
enum SQLValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob(Data)
}

/// What can be kept in SQLite.
protocol SQLConvertible {
  var sqlValue: SQLValue { get }
  /// Nil where `value` is of another kind, or is a number that this cannot hold.
  init?(_ value: SQLValue)
}

extension SQLValue: SQLConvertible {
  var sqlValue: SQLValue { self }
  init?(_ value: SQLValue) { self = value }
}

extension SQLConvertible where Self: FixedWidthInteger {
  var sqlValue: SQLValue { .integer(Int64(self)) }

  init?(_ value: SQLValue) {
    switch value {
    case .integer(let number): self.init(exactly: number)
    case .real(let number): self.init(exactly: number)
    default: return nil
    }
  }
}

extension Int: SQLConvertible {}
extension Int64: SQLConvertible {}
extension Int32: SQLConvertible {}

extension Double: SQLConvertible {
  var sqlValue: SQLValue { .real(self) }

  init?(_ value: SQLValue) {
    switch value {
    case .integer(let number): self.init(number)
    case .real(let number): self = number
    default: return nil
    }
  }
}

extension String: SQLConvertible {
  var sqlValue: SQLValue { .text(self) }

  init?(_ value: SQLValue) {
    guard case .text(let text) = value else { return nil }
    self = text
  }
}

extension Data: SQLConvertible {
  var sqlValue: SQLValue { .blob(self) }

  init?(_ value: SQLValue) {
    switch value {
    case .blob(let data): self = data
    case .text(let text): self.init(text.utf8)
    default: return nil
    }
  }
}
