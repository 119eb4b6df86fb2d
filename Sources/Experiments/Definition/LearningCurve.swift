/// How a learned scheduler's training went.
public struct LearningCurve: Codable, Hashable, Sendable {
  /// A value at some number of decisions.
  public struct Point: Codable, Hashable, Sendable {
    /// Decisions of training before it.
    public var decisions: Double
    /// Mean reward of an episode.
    public var reward: Double
  }

  /// Of the agents that explore, iteration by iteration.
  public var exploring: [Point]
  /// On the validation seeds, where they were tried.
  public var validation: [Point]

  /// What is wrong with a file that should be a curve.
  public struct ReadingError: Error, CustomStringConvertible {
    /// Line, and what is wrong there.
    public let description: String
  }

  /// The curve that a file tells of: CSV with a header line, and in it the columns `decisions` and
  /// `reward`, and `validation` or not; others do not matter. An empty `validation` is none.
  ///
  /// - Throws: ``ReadingError``.
  public init(csv text: String) throws(ReadingError) {
    let lines = text.split(whereSeparator: \.isNewline)
    let header = lines.first?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    guard let x = header.firstIndex(of: "decisions"), let y = header.firstIndex(of: "reward") else {
      throw ReadingError(description: "1: no learning curve: expected columns decisions and reward")
    }
    let validated = header.firstIndex(of: "validation")
    (exploring, validation) = ([], [])
    for (index, line) in lines.enumerated().dropFirst() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      func number(_ column: Int) throws(ReadingError) -> Double {
        guard fields.indices.contains(column), let value = Double(fields[column]), value.isFinite
        else {
          let found = fields.indices.contains(column) ? "'\(fields[column])'" : "nothing"
          throw ReadingError(
            description: "\(index + 1): \(header[column]) is \(found); expected a number")
        }
        return value
      }
      let decisions = try number(x)
      exploring.append(Point(decisions: decisions, reward: try number(y)))
      if let validated, fields.indices.contains(validated), !fields[validated].isEmpty {
        validation.append(Point(decisions: decisions, reward: try number(validated)))
      }
    }
  }
}
