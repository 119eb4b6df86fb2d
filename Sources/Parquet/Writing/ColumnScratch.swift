/// Where a column's values arrive: the present ones end to end, and for each row whether it is one.
@usableFromInline final class ColumnScratch {
  private(set) var capacity = 0
  /// Room for the values; 8 bytes a row.
  @usableFromInline private(set) var values = UnsafeMutableRawPointer.allocate(
    byteCount: 8, alignment: 16)
  /// Whether each row has a value.
  @usableFromInline private(set) var validity = UnsafeMutablePointer<Bool>.allocate(capacity: 1)

  init() {}

  deinit {
    values.deallocate()
    validity.deallocate()
  }

  func reserve(rows: Int) {
    guard rows > capacity else { return }
    values.deallocate()
    validity.deallocate()
    values = .allocate(byteCount: rows * 8, alignment: 16)
    validity = .allocate(capacity: rows)
    capacity = rows
  }

  /// The present values.
  func present<Value: BitwiseCopyable>(
    _ count: Int, as type: Value.Type = Value.self
  ) -> UnsafeBufferPointer<Value> {
    UnsafeBufferPointer(start: values.assumingMemoryBound(to: Value.self), count: count)
  }
}
