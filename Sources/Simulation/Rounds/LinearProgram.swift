/// A small linear program: the greatest objective · x with rows · x ≤ limits and x ≥ 0, where all limits are at least 0.
///
/// Dense simplex (Dantzig's rule, Bland's after many steps, which ends always). O(rows × (rows + variables)) a step:
/// for some hundreds of each.
struct LinearProgram {
  /// What is to be greatest.
  var objective: [Double]
  private var rows: [[Double]] = []
  private var limits: [Double] = []

  init(variables: Int) { objective = Array(repeating: 0, count: variables) }

  /// Adds a constraint; `limit` is at least 0.
  mutating func add(_ row: [Double], atMost limit: Double) {
    precondition(row.count == objective.count && limit >= 0, "the start is feasible")
    rows.append(row)
    limits.append(limit)
  }

  /// The best x; where there is no bound, the last one that was reached.
  func solve() -> [Double] {
    let (variables, count) = (objective.count, rows.count)
    let width = variables + count + 1
    var table = [Double](repeating: 0, count: (count + 1) * width)
    var basis = Array(variables..<variables + count)
    for (place, row) in rows.enumerated() {
      for (column, value) in row.enumerated() { table[place * width + column] = value }
      table[place * width + variables + place] = 1
      table[place * width + width - 1] = limits[place]
    }
    let last = count * width
    for (column, value) in objective.enumerated() { table[last + column] = -value }
    let patience = 20 * (variables + count)
    var steps = 0
    while true {
      steps += 1
      // Who comes in.
      var entering = -1
      for column in 0..<width - 1 where table[last + column] < -1e-10 {
        if entering < 0 || steps <= patience && table[last + column] < table[last + entering] {
          entering = column
        }
      }
      guard entering >= 0 else { break }
      // Who goes out: the least ratio, the first variable of equal ones.
      var (leaving, least) = (-1, Double.infinity)
      for place in 0..<count where table[place * width + entering] > 1e-10 {
        let ratio = table[place * width + width - 1] / table[place * width + entering]
        if ratio < least - 1e-12 || ratio <= least + 1e-12 && basis[place] < basis[leaving] {
          (leaving, least) = (place, min(ratio, least))
        }
      }
      guard leaving >= 0 else { break }
      let pivot = table[leaving * width + entering]
      for column in 0..<width { table[leaving * width + column] /= pivot }
      for place in 0...count where place != leaving {
        let factor = table[place * width + entering]
        guard factor != 0 else { continue }
        for column in 0..<width {
          table[place * width + column] -= factor * table[leaving * width + column]
        }
      }
      basis[leaving] = entering
    }
    var solution = Array(repeating: 0.0, count: variables)
    for (place, variable) in basis.enumerated() where variable < variables {
      solution[variable] = table[place * width + width - 1]
    }
    return solution
  }
}
