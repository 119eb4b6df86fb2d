extension Family {
  /// The families of this package, a line each, in the order in which tables show them.
  public static let builtIn: [Family] = [
    .pareto,
    .lognormal,
    .exponential,
    .weibull,
    .gamma,
    .truncatedPowerLaw,
    .logLogistic,
    .generalizedPareto,
    .burrXII,
    .uniform,
  ]
}
