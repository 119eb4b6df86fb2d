import Foundation

/// A value in a cell of a table of SQLite.
package enum SQLValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob(Data)
}

/// What can be kept in SQLite.
package protocol SQLConvertible {
  var sqlValue: SQLValue { get }
  /// Nil where `value` is of another kind, or is a number that this cannot hold.
  init?(_ value: SQLValue)
}

extension SQLValue: SQLConvertible {
  package var sqlValue: SQLValue { self }
  package init?(_ value: SQLValue) { self = value }
}

extension SQLConvertible where Self: FixedWidthInteger {
  package var sqlValue: SQLValue { .integer(Int64(self)) }

  package init?(_ value: SQLValue) {
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
  package var sqlValue: SQLValue { .real(self) }

  package init?(_ value: SQLValue) {
    switch value {
    case .integer(let number): self.init(number)
    case .real(let number): self = number
    default: return nil
    }
  }
}

extension String: SQLConvertible {
  package var sqlValue: SQLValue { .text(self) }

  package init?(_ value: SQLValue) {
    guard case .text(let text) = value else { return nil }
    self = text
  }
}

extension Data: SQLConvertible {
  package var sqlValue: SQLValue { .blob(self) }

  package init?(_ value: SQLValue) {
    switch value {
    case .blob(let data): self = data
    case .text(let text): self.init(text.utf8)
    default: return nil
    }
  }
}
