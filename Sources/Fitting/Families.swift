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
    .zeta,
    .geometric,
    .negativeBinomial,
    .logGamma,
    .lognormalMixture2,
    .lognormalMixture3,
    .lognormalMixture4,
    .lognormalMixture5,
    .hyperErlang2,
    .hyperErlang3,
  ]
}
