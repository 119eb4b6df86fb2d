import MARL
import Tables

extension PolicyModel {
  /// Writes policies in files as one that changes between them: by load, or by the run times of late.
  ///
  /// - Throws: ``RunError`` for a file that is none, or policies that do not go together.
  package static func combine(
    _ paths: [String], loads: [Double], runTimes: [Double], to output: String
  ) throws {
    let parts = try paths.map { path in
      do { return try PolicyModel(path: path) } catch let error as CheckpointError {
        throw RunError(message: "\(path): \(error)")
      }
    }
    do {
      let gated = try PolicyModel.gated(parts, loads: loads, runTimes: runTimes)
      try OutputFile.write(gated.tensors.data(), to: output)
    } catch let error as TrainingError {
      throw RunError(error)
    } catch let error as CheckpointError {
      throw RunError(message: "\(output): \(error)")
    }
  }
}
