/// Tasks or jobs by class: columns of them are transformed class by class, each with its own law. The values of a
/// column do not depend on how they are grouped.
struct ClassGroups {
  typealias Column = UnsafeMutableBufferPointer<Double>

  /// Places, those of class 0 first; empty where all are of one class.
  private var order: [Int] = []
  /// Where each class begins in ``order``, and the last one ends.
  private var starts: [Int]

  /// Groups of `kinds`, each a number below `classes`. O(count + classes).
  init(_ kinds: some RandomAccessCollection<UInt8>, classes: Int) {
    starts = [Int](repeating: 0, count: classes + 1)
    guard classes > 1 else {
      starts[classes] = kinds.count
      return
    }
    for kind in kinds { starts[Int(kind) + 1] += 1 }
    for place in 1...classes { starts[place] += starts[place - 1] }
    var next = starts
    order = [Int](repeating: 0, count: kinds.count)
    for (place, kind) in kinds.enumerated() {
      order[next[Int(kind)]] = place
      next[Int(kind)] += 1
    }
  }

  /// Hands each class its part of the columns.
  func forEach(_ columns: [Column], _ body: (_ class: Int, _ parts: [Column]) -> Void) {
    guard starts.count > 2 else { return body(0, columns) }
    let count = order.count
    withUnsafeTemporaryAllocation(of: Double.self, capacity: columns.count * count) { scratch in
      for (column, values) in columns.enumerated() {
        for place in 0..<count { scratch[column * count + place] = values[order[place]] }
      }
      for place in 0..<starts.count - 1 where starts[place] < starts[place + 1] {
        body(
          place,
          columns.indices.map { column in
            Column(
              rebasing: scratch[
                column * count + starts[place]..<column * count + starts[place + 1]])
          })
      }
      for (column, values) in columns.enumerated() {
        for place in 0..<count { values[order[place]] = scratch[column * count + place] }
      }
    }
  }

  /// Replaces the probabilities of each class that has a sampler by its values.
  func transform(_ column: Column, _ sampler: (_ class: Int) -> MarginSampler?) {
    forEach([column]) { place, parts in sampler(place)?.transform(parts[0]) }
  }

}
