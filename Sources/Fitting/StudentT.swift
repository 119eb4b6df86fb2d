import PortableMath

/// Student's law with an even number of degrees of freedom ν: with s = t / √(ν + t²) the distribution function is
/// ½ + ½ s Σ aⱼ (1 - s²)ʲ over j below ν/2, where a₀ = 1 and aⱼ = aⱼ₋₁ (2j - 1) / 2j (Abramowitz and Stegun 26.7.4). The four
/// operations and a root: the same bits everywhere.
public enum StudentT {
  /// P(T ≤ t); `degrees` is even and at least 2. O(degrees).
  public static func cdf(_ t: Double, degrees: Int) -> Double {
    let nu = Double(degrees)
    let s = t / (nu + t * t).squareRoot()
    let cosine = nu / (nu + t * t)
    var (sum, term) = (0.0, 1.0)
    for j in 0..<degrees / 2 {
      if j > 0 { term *= cosine * (2 * Double(j) - 1) / (2 * Double(j)) }
      sum += term
    }
    return 0.5 + 0.5 * s * sum
  }

  /// The t with P(T ≤ t) = p, 0 < p < 1, by halving.
  public static func quantile(_ p: Double, degrees: Int) -> Double {
    if p == 0.5 { return 0 }
    if p < 0.5 { return -quantile(1 - p, degrees: degrees) }
    var (low, high) = (0.0, 1.0)
    while cdf(high, degrees: degrees) < p, high < 1e150 { (low, high) = (high, 2 * high) }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if cdf(middle, degrees: degrees) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
