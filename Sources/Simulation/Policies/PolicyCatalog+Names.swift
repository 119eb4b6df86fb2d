extension PolicyCatalog {
  /// The rules that can be sampled, by name.
  static func scoredRule(_ name: Substring) -> (any ScoredPolicy)? {
    make(String(name)) as? any ScoredPolicy
  }

  /// What `sampled:` takes.
  public static var sampledNames: [String] {
    entries.map(\.name).filter { scoredRule($0[...]) != nil }
  }

  /// `sampled:RULE,d=3` or `sampled:RULE,d=3,weighted`, d from 1 to 100,000; nil if it is not that.
  static func sampled(_ name: String) -> (any PlacementPolicy)? {
    guard name.hasPrefix("sampled:") else { return nil }
    let parts = name.dropFirst("sampled:".count).split(
      separator: ",", omittingEmptySubsequences: false)
    guard let first = parts.first, let rule = scoredRule(first) else { return nil }
    var choices = 2
    var weighting = CandidateSampler.Weighting.uniform
    for part in parts.dropFirst() {
      if part.hasPrefix("d="), let number = Int(part.dropFirst(2)), (1...100_000).contains(number) {
        choices = number
      } else if let named = CandidateSampler.Weighting(rawValue: String(part)) {
        weighting = named
      } else {
        return nil
      }
    }
    return Sampled(rule, choices: choices, weighting)
  }
}
