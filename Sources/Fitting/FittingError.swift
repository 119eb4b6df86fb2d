/// Why a distribution cannot be made or a fit cannot be given.
public enum FittingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A parameter lies outside its range.
  case invalidParameter(law: String, parameter: String, value: Double, requirement: String)
  /// The sample holds values that the law cannot take, counted by kind.
  case unusableValues(Screening)
  /// A value lies outside the declared truncation or clamping limits.
  case outsideLimits(value: Double, limits: Limits)
  /// There are too few observations.
  case tooFew(count: Int, needed: Int, purpose: String)
  /// All observations are one value: a point mass, which no continuous law describes.
  case allEqual(value: Double, count: Int)
  /// The likelihood has no maximum inside the family; `reason` names the limit it runs to.
  case noMaximum(family: Family, reason: String)
  /// The search stopped before the gradient vanished. `gradientNorm` is the largest component of
  /// the gradient of the mean log-likelihood in the search's coordinates.
  case notConverged(family: Family, iterations: Int, gradientNorm: Double)
  /// The request does not apply to this sample or law.
  case notApplicable(String)

  /// What went wrong, in a sentence.
  public var description: String {
    switch self {
    case .invalidParameter(let law, let parameter, let value, let requirement):
      "\(law): \(parameter) is \(value), but must be \(requirement)"
    case .unusableValues(let screening):
      "the sample holds \(screening.description), which these laws cannot take"
    case .outsideLimits(let value, let limits):
      "value \(value) lies outside the declared limits (\(limits.description))"
    case .tooFew(let count, let needed, let purpose):
      "\(count) observation\(count == 1 ? " is" : "s are") too few for \(purpose); it needs at least \(needed)"
    case .allEqual(let value, let count):
      "all \(count) observations equal \(value): a point mass, which no continuous law describes"
    case .noMaximum(let family, let reason):
      "\(family.rawValue): the likelihood has no maximum inside the family: \(reason)"
    case .notConverged(let family, let iterations, let norm):
      "\(family.rawValue): not converged after \(iterations) iterations, gradient norm \(norm)"
    case .notApplicable(let reason): reason
    }
  }
}

/// Throws unless `value` is finite and positive.
func requirePositive(
  _ value: Double, _ parameter: String, of law: String
) throws(FittingError) {
  guard value > 0, value.isFinite else {
    throw .invalidParameter(
      law: law, parameter: parameter, value: value, requirement: "finite and > 0")
  }
}

/// Throws unless `value` is finite.
func requireFinite(
  _ value: Double, _ parameter: String, of law: String
) throws(FittingError) {
  guard value.isFinite else {
    throw .invalidParameter(law: law, parameter: parameter, value: value, requirement: "finite")
  }
}
