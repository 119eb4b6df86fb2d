import CVectorMath
import Fitting

/// The Gaussian or t copula of a task's CPU, memory and run time: which normal variables to draw so that
/// the quantities have given rank correlations.
///
/// For continuous laws Spearman's correlation of two quantities is 6/π asin(r/2), r that of their
/// normals. Laws with atoms tie ranks and weaken it, so r is found from the laws: with g(z) the
/// mid-rank of a quantity whose normal is z, the covariance of two mid-ranks is Σ aₖ bₖ rᵏ over the
/// coefficients of g in normalised Hermite polynomials (Mehler), which grows with r.
///
/// For a t copula the three normals of a task are divided by one √(χ²/ν). Its r is the one that gives continuous laws the
/// Spearman's correlation that r of a Gaussian one gives them.
struct Copula: Sendable {
  /// Lower triangle of the Cholesky factor: rows CPU, memory, run time.
  let memoryCPU: Double
  let memoryOwn: Double
  let runTimeCPU: Double
  let runTimeMemory: Double
  let runTimeOwn: Double

  /// The normals' correlations: CPU with memory, run time with CPU, run time with memory.
  let normals: (cpuMemory: Double, runTimeCPU: Double, runTimeMemory: Double)

  /// Of a t copula: its degrees of freedom, and the law of χ² with as many.
  let mixing: (degrees: Int, law: MarginSampler)?

  /// What keeps a copula from being.
  enum Problem: Error, Hashable {
    /// The pair cannot be so far correlated, by reason of its ties: the greatest size there is.
    case unreachable(pair: String, most: Double)
    /// No three quantities can hang together like this.
    case notPositiveDefinite
  }

  /// The copula for the correlations of a class.
  init(_ wanted: TaskCorrelations, _ part: TaskClass) throws(Problem) {
    let cpu = RankScores(part.cpu)
    let memory = RankScores(part.memory)
    let runTime = RankScores(part.runTime)
    var a = try cpu.normalCorrelation(with: memory, spearman: wanted.cpuMemory, "cpuMemory")
    var b = try runTime.normalCorrelation(with: cpu, spearman: wanted.runTimeCPU, "runTimeCPU")
    var c = try runTime.normalCorrelation(
      with: memory, spearman: wanted.runTimeMemory, "runTimeMemory")
    mixing = wanted.degreesOfFreedom.flatMap { degrees in
      (try? Law(.gamma, [Double(degrees) / 2, 2])).map { (degrees, MarginSampler($0)) }
    }
    if let degrees = mixing?.degrees {
      let student = StudentCorrelation(degrees: degrees)
      (a, b, c) = (student.equivalent(of: a), student.equivalent(of: b), student.equivalent(of: c))
    }
    normals = (a, b, c)
    memoryCPU = a
    memoryOwn = (1 - a * a).squareRoot()
    runTimeCPU = b
    guard memoryOwn > 1e-9 else {
      // Memory goes with CPU altogether.
      guard abs(c - a * b) < 1e-6 else { throw .notPositiveDefinite }
      runTimeMemory = 0
      runTimeOwn = (1 - b * b).squareRoot()
      return
    }
    runTimeMemory = (c - a * b) / memoryOwn
    let rest = 1 - b * b - runTimeMemory * runTimeMemory
    guard rest > -1e-12 else { throw .notPositiveDefinite }
    runTimeOwn = max(0, rest).squareRoot()
  }

  /// Replaces independent probabilities by those of correlated quantities; `mixing`, of as many independent ones, is used
  /// up by a t copula.
  func couple(
    cpu: UnsafeMutableBufferPointer<Double>, memory: UnsafeMutableBufferPointer<Double>,
    runTime: UnsafeMutableBufferPointer<Double>, mixing column: UnsafeMutableBufferPointer<Double>
  ) {
    for column in [cpu, memory, runTime] {
      cvm_transform(
        CVMFunctionNormalQuantile, column.baseAddress, column.baseAddress, column.count)
    }
    for i in cpu.indices {
      let (x, y) = (cpu[i], memory[i])
      memory[i] = memoryCPU * x + memoryOwn * y
      runTime[i] = runTimeCPU * x + runTimeMemory * y + runTimeOwn * runTime[i]
    }
    if let mixing {
      mixing.law.transform(column)
      for values in [cpu, memory, runTime] {
        for i in values.indices {
          let t = values[i] / max(column[i] / Double(mixing.degrees), 1e-300).squareRoot()
          values[i] = min(
            max(StudentT.cdf(t, degrees: mixing.degrees), 0x1p-53), 1 - 0x1p-53)
        }
      }
      return
    }
    for column in [cpu, memory, runTime] {
      cvm_transform(
        CVMFunctionNormalProbability, column.baseAddress, column.baseAddress, column.count)
      for i in column.indices { column[i] = min(max(column[i], 0x1p-53), 1 - 0x1p-53) }
    }
  }
}

/// The mid-rank of a law's values as a function of a normal variable, in Hermite polynomials.
struct RankScores {
  /// Coefficients of the normalised polynomials of degree 1, 2, …
  private var coefficients: [Double]
  private let deviation: Double

  private static let degree = 300
  private static let cells = 4096

  init(_ law: Law) {
    // The mid-rank (F(x-) + F(x)) / 2 is constant on an atom and p elsewhere: 4,096 steps of it.
    let n = Self.cells
    var scores = [Double](repeating: 0, count: n)
    let values = (0..<n).map { law.quantile((Double($0) + 0.5) / Double(n)) }
    var from = 0
    while from < n {
      var to = from + 1
      while to < n, values[to] == values[from] { to += 1 }
      // A tie of cells may be a real atom; its true ends are the law's own.
      let upTo = to - from > 1 ? law.cdf(values[from]) : Double(to) / Double(n)
      let below = to - from > 1 ? upTo - law.mass(at: values[from]) : Double(from) / Double(n)
      for place in from..<to { scores[place] = (max(0, below) + min(1, upTo)) / 2 }
      from = to
    }
    let mean = scores.reduce(0, +) / Double(n)
    deviation = (scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)).squareRoot()
    // A step up by d at z adds d · ψₖ₋₁(z) φ(z) / √k to coefficient k.
    coefficients = [Double](repeating: 0, count: Self.degree)
    for place in 1..<n where scores[place] != scores[place - 1] {
      let table = Self.polynomials
      let step = (scores[place] - scores[place - 1]) * table.densities[place]
      for k in 0..<Self.degree {
        coefficients[k] += step * table.values[place * Self.degree + k] / table.roots[k]
      }
    }
  }

  /// The normalised polynomials at the ends of the cells, which do not depend on the law: 10 MB.
  private static let polynomials: (values: [Double], densities: [Double], roots: [Double]) = {
    let roots = (0..<degree).map { Double($0 + 1).squareRoot() }
    var values = [Double](repeating: 0, count: cells * degree)
    var densities = [Double](repeating: 0, count: cells)
    for place in 1..<cells {
      let z = cvm_normal_quantile(Double(place) / Double(cells))
      densities[place] = cvm_exp(-0.5 * z * z) * 0.3989422804014327
      var (last, this) = (0.0, 1.0)
      for k in 0..<degree {
        values[place * degree + k] = this
        let next = (z * this - Double(k).squareRoot() * last) / roots[k]
        (last, this) = (this, next)
      }
    }
    return (values, densities, roots)
  }()

  /// Spearman's correlation of quantities whose normals have correlation `r`; 0 if one is constant.
  func spearman(with other: RankScores, normals r: Double) -> Double {
    guard deviation > 0, other.deviation > 0 else { return 0 }
    var (sum, power) = (0.0, 1.0)
    for k in 0..<Self.degree {
      power *= r
      sum += power * coefficients[k] * other.coefficients[k]
    }
    return sum / (deviation * other.deviation)
  }

  /// The normals' correlation that gives a rank correlation of `spearman`.
  func normalCorrelation(
    with other: RankScores, spearman wanted: Double, _ pair: String
  ) throws(Copula.Problem) -> Double {
    if wanted == 0 { return 0 }
    let sign = wanted < 0 ? -1.0 : 1.0
    let most = spearman(with: other, normals: sign)
    guard abs(most) >= abs(wanted) - 1e-3 else { throw .unreachable(pair: pair, most: abs(most)) }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if abs(spearman(with: other, normals: sign * middle)) < abs(wanted) {
        low = middle
      } else {
        high = middle
      }
    }
    return sign * (low + high) / 2
  }
}
