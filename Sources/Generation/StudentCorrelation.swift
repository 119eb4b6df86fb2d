import Fitting

/// Which correlation the normals of a t copula must have for a Spearman's correlation.
///
/// For continuous laws Spearman's correlation of a copula whose normals are scaled by √W, W = ν/χ², is
/// 6/π E asin(r W₁ / √((W₁ + W₂)(W₁ + W₃))) with independent W (Heinen and Valdesogo 2020): a power series in r, asin's with the
/// moments of that ratio. A Gaussian copula's is 6/π asin(r/2).
struct StudentCorrelation {
  /// Coefficients of r, r³, r⁵, …
  private var student: [Double] = []
  /// Those of a Gaussian copula.
  private var gaussian: [Double] = []

  private static let terms = 60
  private static let steps = 64

  init(degrees: Int) {
    let nu = Double(degrees)
    guard let law = try? Law(.gamma, [nu / 2, 2]) else { return }
    let scales = (0..<Self.steps).map {
      nu / law.quantile((Double($0) + 0.5) / Double(Self.steps))
    }
    let n = Double(Self.steps)
    // a = √(W₁ / (W₁ + W)), and its square.
    var powers = scales.map { one in scales.map { (one / (one + $0)).squareRoot() } }
    let squares = powers.map { $0.map { $0 * $0 } }
    var (coefficient, half) = (1.0, 0.5)
    for k in 0..<Self.terms {
      var moment = 0.0
      for row in powers {
        let mean = row.reduce(0, +) / n
        moment += mean * mean / n
      }
      student.append(coefficient / Double(2 * k + 1) * moment)
      gaussian.append(coefficient / Double(2 * k + 1) * half)
      for i in powers.indices {
        for j in powers[i].indices { powers[i][j] *= squares[i][j] }
      }
      coefficient *= Double(2 * k + 1) / Double(2 * k + 2)
      half /= 4
    }
  }

  private static func sum(_ series: [Double], _ r: Double) -> Double {
    var (sum, power) = (0.0, r)
    for coefficient in series {
      sum += coefficient * power
      power *= r * r
    }
    return sum
  }

  /// The normals' correlation of the t copula that gives the same Spearman's correlation as `r` of a Gaussian one.
  func equivalent(of r: Double) -> Double {
    if r < 0 { return -equivalent(of: -r) }
    let wanted = Self.sum(gaussian, r)
    guard r > 0, Self.sum(student, 1) > wanted else { return r }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if Self.sum(student, middle) < wanted { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
