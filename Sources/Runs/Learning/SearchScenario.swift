import Configuration
import Foundation
import MARL
import Workload

/// What is learned by a search: an order of the queue, or a choice of devices or stages.
public protocol SearchScenario: Sendable {
  associatedtype Settings: SearchSettings
  /// What it is called.
  var name: String { get }
  /// How is trained.
  var training: Settings { get }
  /// What its losses and results are called.
  var words: SearchWords { get }
  /// A trainer at its beginning.
  func trainer() -> any SearchTrainer
  /// What was left out or assumed of the workloads.
  ///
  /// - Throws: where one cannot be read.
  func notes() throws -> [Note]
  /// What is to be said of inputs that are the same for all tasks.
  var constantInputs: [String] { get }
}

extension SearchScenario {
  public var constantInputs: [String] { [] }
}

/// What the losses and results of a search are called.
public struct SearchWords: Sendable {
  /// What decides: the prefix of the scheduler that runs the file.
  var decision: LearnedDecision
  /// What a loss is.
  var loss: String
  /// What the policies are validated on, in a line of progress.
  var validation: String
  /// Digits of a loss.
  var digits: Int
  /// What a run is of, with the space before it.
  var runs: String
  /// What the result is, of the losses of it and of the policy that the search began with.
  var result: @Sendable (_ best: String, _ start: String) -> String
  /// What the search began with.
  var start: String
}

extension LearnedDecision {
  /// The option that takes what was learned.
  var option: String { self == .stage ? "stages --policy" : "--scheduler" }
}

extension SearchSettings {
  /// Reads what every search has; what is not there stays.
  mutating func read(_ node: ConfigurationNode) {
    generations = node.integer("generations", in: 1...1_000_000) ?? generations
    population = node.integer("population", in: 2...100_000)
    validationEvery = node.integer("validationEvery", in: 1...1_000_000) ?? validationEvery
    step = node.number("step", in: .positive) ?? step
    seed = node.integer("seed", in: 0...Int(UInt32.max)).map { UInt64($0) } ?? seed
  }
}

/// A file that says what is learned, and where the files are that it names.
struct LearningFile {
  let path: String

  /// Reads it.
  ///
  /// - Throws: ``RunError`` with every mistake in it.
  func read<Value>(_ body: (ConfigurationNode) -> Value?) throws -> Value {
    do {
      return try ConfigurationFile(path: path).read(body)
    } catch {
      throw RunError(error)
    }
  }

  /// A source or cluster that it names: a `file:` is beside it.
  func place(_ text: String) -> String {
    Self.place(text, in: URL(fileURLWithPath: path).deletingLastPathComponent().path)
  }

  /// The same for a file in `folder`.
  static func place(_ text: String, in folder: String) -> String {
    guard text.hasPrefix("file:") else { return text }
    let file = String(text.dropFirst("file:".count))
    return file.hasPrefix("/") ? file : "\(folder)/\(file)"
  }
}
