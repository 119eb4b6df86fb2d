import Synchronization

/// A law that belongs to a family: it is given by as many numbers as the family has parameters.
///
/// A new family is one file: a type that conforms to this, a ``LikelihoodModel`` to estimate it by, and the
/// ``Family`` that names both; and one line in ``Family/builtIn``, or, in another package, a call of
/// ``Family/register(_:)``. It is then fitted, stored, generated from and scaled like the others, and the tests
/// of all families run over it. `BurrXII.swift` is an example of three parameters.
public protocol ParametricDistribution: Distribution, Hashable {
  /// Its family.
  static var family: Family { get }
  /// The law with these parameters, as many as the family has. Throws where one is out of its range.
  init(parameters: [Double]) throws(FittingError)
  /// The parameters, in the order of the family's.
  var parameters: [Double] { get }
  /// Parameters of the law of `factor` (> 0) times a value of this one.
  func scaledParameters(by factor: Double) -> [Double]
  /// Parameters of this law with another tail index, so that P(X > x) falls as x^-index; nil of a family
  /// whose tail is no power. Nil unless said.
  func parameters(tailIndex index: Double) -> [Double]?
  /// How its quantiles are computed in blocks, if that can be done faster than one by one. Nil unless said.
  var blockQuantiles: BlockQuantiles? { get }
  /// Whether a quantile is found by a search, so that a table of them pays. False unless said.
  var isInvertedBySearch: Bool { get }
  /// Whether its laws take whole numbers from 1 on alone: ``Distribution/mass(at:)`` is all there is of them.
  /// False unless said.
  static var isDiscrete: Bool { get }
  /// Whether it is fitted where nobody says which families are. True unless said.
  static var isUsual: Bool { get }
}

extension ParametricDistribution {
  public func parameters(tailIndex index: Double) -> [Double]? { nil }
  public var blockQuantiles: BlockQuantiles? { nil }
  public var isInvertedBySearch: Bool { false }
  public static var isDiscrete: Bool { false }
  public static var isUsual: Bool { true }
}

/// Quantile functions that vectors are computed for, of a survival probability S and F = 1 - S.
public enum BlockQuantiles: Sendable {
  /// e^logScale · S^-power
  case pareto(logScale: Double, power: Double)
  /// e^(mu + sigma z), z the normal quantile of F
  case lognormal(mu: Double, sigma: Double)
  /// e^logScale · (-log S)^power
  case weibull(logScale: Double, power: Double)
  /// e^logScale · (F / S)^power
  case logLogistic(logScale: Double, power: Double)
  /// lower + width · F
  case linear(lower: Double, width: Double)
}

/// A family of laws: its name and parameters, and how one of its laws is made and estimated.
///
/// ```swift
/// let fit = try Sample(values).fit(.lognormal)
/// Family.allCases.map(\.rawValue)              // "pareto", "lognormal", …
/// ```
public struct Family: RawRepresentable, CaseIterable, Sendable {
  /// The name in files and on the command line: lower case, with hyphens.
  public let rawValue: String
  /// Names of the parameters, in the order of ``Law/parameters``.
  public let parameterNames: [String]
  /// Parameters of some of its laws, with shapes on both sides of where moments exist: the tests of all
  /// families run over them.
  public let examples: [[Double]]
  /// Whether its laws are of whole numbers, which are counted: see ``ParametricDistribution/isDiscrete``.
  public let isDiscrete: Bool
  /// Whether it is fitted where nobody says which are: see ``ParametricDistribution/isUsual``.
  public let isUsual: Bool

  /// How many observations an estimate needs.
  let needed: Int
  let make: @Sendable ([Double]) throws(FittingError) -> any ParametricDistribution
  let estimate: @Sendable (Sample, FitOptions) throws(FittingError) -> Fit
  /// The closed form from streamed statistics, where there is one.
  let fromStatistics: (@Sendable (SampleStatistics) throws(FittingError) -> Fit)?
  /// The likelihood that it is estimated by, as far as a test can ask it; nil of one with an estimator of its
  /// own.
  package let likelihood: (any LikelihoodModel.Type)?

  /// A family that is estimated by Newton's method on `likelihood`.
  ///
  /// - Parameters:
  ///   - name: lower case, with hyphens.
  ///   - parameters: names of the parameters: those of the likelihood's coordinates, then its anchor.
  ///   - examples: parameters of some of its laws; at least one.
  ///   - law: the type of its laws.
  ///   - likelihood: what it is estimated by.
  public init<Member: ParametricDistribution, Model: LikelihoodModel>(
    _ name: String, parameters: [String], examples: [[Double]], _ law: Member.Type,
    likelihood: Model.Type
  ) {
    let count = Model.coordinates.count
    var isAnchored = true
    if case .none = Model.anchor { isAnchored = false }
    precondition(
      count >= 1 && count <= Model.Point.scalarCount
        && parameters.count == count + (isAnchored ? 1 : 0),
      "\(name): the likelihood's coordinates and anchor are not the family's parameters")
    self.init(
      name, parameters: parameters, examples: examples, law, needed: count + 1,
      estimate: { (sample: Sample, options: FitOptions) throws(FittingError) in
        try sample.search(likelihood, law.family, options)
      }, likelihood: likelihood)
  }

  /// A family with an estimator of its own.
  init<Member: ParametricDistribution>(
    _ name: String, parameters: [String], examples: [[Double]], _ law: Member.Type, needed: Int,
    estimate: @escaping @Sendable (Sample, FitOptions) throws(FittingError) -> Fit,
    statistics: (@Sendable (SampleStatistics) throws(FittingError) -> Fit)? = nil,
    likelihood: (any LikelihoodModel.Type)? = nil
  ) {
    rawValue = name
    parameterNames = parameters
    self.examples = examples
    (isDiscrete, isUsual) = (Member.isDiscrete, Member.isUsual)
    self.needed = needed
    make = { (parameters: [Double]) throws(FittingError) in try Member(parameters: parameters) }
    self.estimate = estimate
    fromStatistics = statistics
    self.likelihood = likelihood
  }

  /// The family called `rawValue`; nil if none of ``allCases`` is.
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  /// Those that are fitted unless others are asked for: of counts with the discrete ones, of other quantities
  /// without.
  public static func usual(counts: Bool) -> [Family] {
    allCases.filter { $0.isUsual && (counts || !$0.isDiscrete) }
  }

  /// All families, in the order in which tables show them: those of this package, then those registered.
  public static var allCases: [Family] { builtIn + registered.withLock { $0 } }

  /// Makes a family of another package known to commands, files and profiles, which name families.
  /// Registering it again changes nothing.
  ///
  /// - Throws: where a family of this package has its name.
  public static func register(_ family: Family) throws(FittingError) {
    guard !builtIn.contains(family) else {
      throw .notApplicable("there is a family called '\(family.rawValue)' already")
    }
    registered.withLock { known in
      if !known.contains(family) { known.append(family) }
    }
  }

  private static let registered = Mutex<[Family]>([])
}

extension Family: Hashable {
  /// Whether they have one name.
  public static func == (a: Family, b: Family) -> Bool { a.rawValue == b.rawValue }
  /// The name alone counts.
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension Family: Codable {
  public init(from decoder: any Decoder) throws {
    let box = try decoder.singleValueContainer()
    let name = try box.decode(String.self)
    guard let known = Family(rawValue: name) else {
      throw DecodingError.dataCorruptedError(
        in: box, debugDescription: "no family is called '\(name)'")
    }
    self = known
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.singleValueContainer()
    try box.encode(rawValue)
  }
}
