import PortableMath

/// What a parameter may be.
public enum ParameterRestriction: Sendable, Equatable {
  /// This value, which is not estimated.
  case fixed(Double)
  /// A value of this interval.
  case within(ClosedRange<Double>)
}

extension Sample {
  /// A fit of a family some of whose parameters are restricted: those that are given are not searched for, and where
  /// the maximum lies beyond a bound it is searched for at the bound (active set: a bound is let go again where the
  /// likelihood rises inwards). A parameter at a bound has a standard error of 0, and a warning says so.
  func restrictedFit<Model: LikelihoodModel>(
    _ model: Model.Type, _ family: Family, _ options: FitOptions
  ) throws(FittingError) -> Fit {
    let names = family.parameterNames
    for (name, restriction) in options.restrictions {
      guard let place = names.firstIndex(of: name) else {
        throw .notApplicable(
          "\(family.rawValue) has no parameter '\(name)'; it has \(names.joined(separator: ", "))")
      }
      if case .within = restriction, place >= Model.dimension {
        throw .notApplicable("\(family.rawValue): \(name) is not searched for; it can be fixed")
      }
    }
    var free = options
    free.restrictions = [:]
    // Mixtures begin at what expectation and maximisation finds.
    if free.start == nil, names.count > 3 { free.start = (try? fit(family, free))?.coordinates }
    var fixed: [Int: Double] = [:]
    for (name, restriction) in options.restrictions {
      guard case .fixed(let value) = restriction, let place = names.firstIndex(of: name) else {
        continue
      }
      if place >= Model.dimension { free.lowerBound = value } else { fixed[place] = value }
    }
    var held: [Int: Double] = [:]
    for _ in 0..<4 * Model.dimension {
      free.fixed = fixed.merging(held) { own, _ in own }
      let found = try search(model, family, free)
      var next = held
      for (name, restriction) in options.restrictions {
        guard case .within(let range) = restriction, let place = names.firstIndex(of: name) else {
          continue
        }
        if held[place] == nil, !range.contains(found.parameters[place].value) {
          let value = found.parameters[place].value
          next[place] = value < range.lowerBound ? range.lowerBound : range.upperBound
        }
      }
      if next == held {
        guard let released = released(model, found, held, options.restrictions) else {
          return found.noting(
            held.keys.sorted().map { "\(names[$0]) is at its bound, \(short(held[$0] ?? 0))" })
        }
        next[released] = nil
      }
      held = next
    }
    throw .notConverged(family: family, iterations: 4 * Model.dimension, gradientNorm: .infinity)
  }

  /// A bound at which the likelihood rises inwards.
  private func released<Model: LikelihoodModel>(
    _: Model.Type, _ fit: Fit, _ held: [Int: Double],
    _ restrictions: [String: ParameterRestriction]
  ) -> Int? {
    guard !held.isEmpty else { return nil }
    var theta = Model.Point.zero
    for (place, coordinate) in Model.coordinates.enumerated() {
      let value = fit.parameters[place].value
      theta[place] = if case .direct = coordinate { value } else { log(value) }
    }
    let anchor = fit.parameters.count > Model.dimension ? fit.parameters[Model.dimension].value : 0
    let slope = Likelihood<Model>(self, anchor: anchor).evaluate(theta).gradient
    for (place, value) in held.sorted(by: { $0.key < $1.key }) {
      guard case .within(let range) = restrictions[fit.family.parameterNames[place]] else {
        continue
      }
      if value == range.lowerBound, slope[place] > 1e-6 { return place }
      if value == range.upperBound, slope[place] < -1e-6 { return place }
    }
    return nil
  }
}

extension Fit {
  /// The same with more warnings.
  func noting(_ more: [String]) -> Fit {
    Fit(
      family: family, law: law, parameters: parameters, logLikelihood: logLikelihood,
      freeParameters: freeParameters, count: count, censored: censored, iterations: iterations,
      gradientNorm: gradientNorm, warnings: warnings + more)
  }
}
